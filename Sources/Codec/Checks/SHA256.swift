// SHA-256 for series ids and request signatures. FIPS 180-4, sections 4.1.2, 5.1.1, 6.2.

/// SHA-256 of one span or of bytes that come in pieces.
public struct SHA256: Sendable {
    /// The length of a digest.
    public static let digestBytes = 32
    static let blockBytes = 64

    private var state: [8 of UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var total = 0
    private var pending = [64 of UInt8](repeating: 0)  // the first total % 64 bytes are used

    /// Starts with no bytes.
    public init() {}

    /// The 32-byte digest of `bytes`.
    public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// Adds `bytes` to what is hashed.
    public mutating func update(_ bytes: Span<UInt8>) {
        var offset = 0
        let held = total % SHA256.blockBytes
        total &+= bytes.count
        if held > 0 {
            let taken = min(SHA256.blockBytes - held, bytes.count)
            for index in 0..<taken { pending[held + index] = bytes[index] }
            offset = taken
            if held + taken < SHA256.blockBytes { return }
            let block = pending
            compress(block.span, 0)
        }
        while bytes.count - offset >= SHA256.blockBytes {
            compress(bytes, offset)
            offset &+= SHA256.blockBytes
        }
        var index = 0
        while offset < bytes.count {
            pending[index] = bytes[offset]
            offset &+= 1
            index &+= 1
        }
    }

    /// The 32-byte digest of all bytes so far; more may follow.
    public func finish() -> [UInt8] {
        let held = total % SHA256.blockBytes
        // A one bit, zeros, and the length in bits as a big-endian 64-bit number at a block's end.
        let padded = held < 56 ? SHA256.blockBytes : 2 * SHA256.blockBytes
        var last = [UInt8](repeating: 0, count: padded)
        for index in 0..<held { last[index] = pending[index] }
        last[held] = 0x80
        let bitCount = UInt64(total) &* 8
        for index in 0..<8 {
            last[padded - 1 - index] = UInt8(truncatingIfNeeded: bitCount &>> UInt64(8 * index))
        }
        var closed = self
        closed.compress(last.span, 0)
        if padded > SHA256.blockBytes { closed.compress(last.span, SHA256.blockBytes) }
        var digest: [UInt8] = []
        digest.reserveCapacity(SHA256.digestBytes)
        for index in 0..<8 {
            let word = closed.state[index]
            digest.append(UInt8(truncatingIfNeeded: word &>> 24))
            digest.append(UInt8(truncatingIfNeeded: word &>> 16))
            digest.append(UInt8(truncatingIfNeeded: word &>> 8))
            digest.append(UInt8(truncatingIfNeeded: word))
        }
        return digest
    }

    private mutating func compress(_ bytes: Span<UInt8>, _ offset: Int) {
        var schedule = [64 of UInt32](repeating: 0)
        for index in 0..<16 {
            schedule[index] = ByteLoads.u32BigEndian(bytes, offset &+ 4 &* index)
        }
        for index in 16..<64 {
            let early = schedule[index &- 15]
            let late = schedule[index &- 2]
            let sigma0 = SHA256.rotate(early, 7) ^ SHA256.rotate(early, 18) ^ early &>> 3
            let sigma1 = SHA256.rotate(late, 17) ^ SHA256.rotate(late, 19) ^ late &>> 10
            schedule[index] =
                schedule[index &- 16] &+ sigma0 &+ schedule[index &- 7] &+ sigma1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let sum1 = SHA256.rotate(e, 6) ^ SHA256.rotate(e, 11) ^ SHA256.rotate(e, 25)
            let choice = e & f ^ ~e & g
            let one = h &+ sum1 &+ choice &+ SHA256.constants[index] &+ schedule[index]
            let sum0 = SHA256.rotate(a, 2) ^ SHA256.rotate(a, 13) ^ SHA256.rotate(a, 22)
            let majority = a & b ^ a & c ^ b & c
            (h, g, f, e) = (g, f, e, d &+ one)
            (d, c, b, a) = (c, b, a, one &+ sum0 &+ majority)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &>> count | word &<< (32 &- count)
    }

    // FIPS 180-4, section 4.2.2.
    private static let constants: [64 of UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
        0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
        0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
        0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
        0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
        0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
        0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
        0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
        0xc671_78f2,
    ]
}
