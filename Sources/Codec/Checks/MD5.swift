// MD5 for the `hashmod` action of relabelling, which shards by it. RFC 1321, section 3.

/// MD5 of one span.
///
/// Only where another program's result has to be met: it withstands no attack.
public struct MD5: Sendable {
    static let blockBytes = 64

    private var state: [4 of UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]

    /// The 16-byte digest of `bytes`.
    public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        let hash = MD5(bytes)
        var digest: [UInt8] = []
        digest.reserveCapacity(16)
        for index in 0..<4 {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                digest.append(UInt8(truncatingIfNeeded: hash.state[index] &>> shift))
            }
        }
        return digest
    }

    /// The last 8 bytes of the digest as a big-endian number.
    ///
    /// Allocates nothing.
    public static func lastWord(_ bytes: Span<UInt8>) -> UInt64 {
        let hash = MD5(bytes)
        return UInt64(hash.state[2].byteSwapped) &<< 32 | UInt64(hash.state[3].byteSwapped)
    }

    private init(_ bytes: Span<UInt8>) {
        var offset = 0
        while bytes.count - offset >= MD5.blockBytes {
            compress(bytes, offset)
            offset &+= MD5.blockBytes
        }
        // A one bit, zeros, and the length in bits as a little-endian 64-bit number at a block's end.
        var last = [64 of UInt8](repeating: 0)
        let held = bytes.count - offset
        for index in 0..<held { last[index] = bytes[offset + index] }
        last[held] = 0x80
        if held >= 56 {
            compress(last.span, 0)
            last = [64 of UInt8](repeating: 0)
        }
        let bitCount = UInt64(bytes.count) &* 8
        for index in 0..<8 {
            last[56 + index] = UInt8(truncatingIfNeeded: bitCount &>> UInt64(8 * index))
        }
        compress(last.span, 0)
    }

    private mutating func compress(_ bytes: Span<UInt8>, _ offset: Int) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        for index in 0..<64 {
            let mixed: UInt32
            let word: Int
            switch index &>> 4 {
            case 0: (mixed, word) = (b & c | ~b & d, index)
            case 1: (mixed, word) = (d & b | ~d & c, (5 &* index &+ 1) & 15)
            case 2: (mixed, word) = (b ^ c ^ d, (3 &* index &+ 5) & 15)
            default: (mixed, word) = (c ^ (b | ~d), (7 &* index) & 15)
            }
            let sum =
                a &+ mixed &+ MD5.sines[index] &+ ByteLoads.u32(bytes, offset &+ 4 &* word)
            let count = MD5.rotations[4 &* (index &>> 4) &+ index & 3]
            (a, d, c, b) = (d, c, b, b &+ (sum &<< count | sum &>> (32 &- count)))
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
    }

    // Four a round.
    private static let rotations: [16 of UInt32] = [
        7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21,
    ]

    // floor(2^32 × |sin(index + 1)|).
    private static let sines: [64 of UInt32] = [
        0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613,
        0xfd46_9501, 0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193,
        0xa679_438e, 0x49b4_0821, 0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d,
        0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8, 0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed,
        0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a, 0xfffa_3942, 0x8771_f681, 0x6d9d_6122,
        0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70, 0x289b_7ec6, 0xeaa1_27fa,
        0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665, 0xf429_2244,
        0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
        0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb,
        0xeb86_d391,
    ]
}
