// The project's one 64-bit checksum: XXH64 with seed 0.
// Algorithm: github.com/Cyan4973/xxHash, doc/xxhash_spec.md, "XXH64 Algorithm Description".

/// XXH64 with seed 0, of one span or of bytes that come in pieces.
///
/// For damage, not for attackers.
public struct XXH64: Sendable {
    private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
    private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
    private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
    private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5
    private static let stripe = 32

    private var lane1 = prime1 &+ prime2
    private var lane2 = prime2
    private var lane3: UInt64 = 0
    private var lane4 = 0 &- prime1
    private var total = 0
    private var pending = [32 of UInt8](repeating: 0)  // the first total % 32 bytes are used

    /// Starts with no bytes.
    public init() {}

    /// The checksum of `bytes`.
    public static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var state = XXH64()
        state.update(bytes)
        return state.finish()
    }

    /// Adds `bytes` to what is hashed.
    public mutating func update(_ bytes: Span<UInt8>) {
        var offset = 0
        let held = total % XXH64.stripe
        total &+= bytes.count
        if held > 0 {
            let taken = min(XXH64.stripe - held, bytes.count)
            for index in 0..<taken { pending[held + index] = bytes[index] }
            offset = taken
            if held + taken < XXH64.stripe { return }
            let stripe = pending
            consume(stripe.span, 0)
        }
        while bytes.count - offset >= XXH64.stripe {
            consume(bytes, offset)
            offset &+= XXH64.stripe
        }
        var index = 0
        while offset < bytes.count {
            pending[index] = bytes[offset]
            offset &+= 1
            index &+= 1
        }
    }

    /// The checksum of all bytes so far; more may follow.
    public func finish() -> UInt64 {
        var hash: UInt64
        if total >= XXH64.stripe {
            hash = XXH64.rotate(lane1, 1) &+ XXH64.rotate(lane2, 7)
            hash &+= XXH64.rotate(lane3, 12) &+ XXH64.rotate(lane4, 18)
            hash = XXH64.merge(hash, lane1)
            hash = XXH64.merge(hash, lane2)
            hash = XXH64.merge(hash, lane3)
            hash = XXH64.merge(hash, lane4)
        } else {
            hash = XXH64.prime5
        }
        hash &+= UInt64(total)
        return XXH64.avalanche(tail(hash))
    }

    // The bytes after the last whole stripe.
    private func tail(_ start: UInt64) -> UInt64 {
        var hash = start
        let rest = pending.span
        let count = total % XXH64.stripe
        var offset = 0
        while count - offset >= 8 {
            hash ^= XXH64.round(0, ByteLoads.u64(rest, offset))
            hash = XXH64.rotate(hash, 27) &* XXH64.prime1 &+ XXH64.prime4
            offset += 8
        }
        if count - offset >= 4 {
            hash ^= UInt64(ByteLoads.u32(rest, offset)) &* XXH64.prime1
            hash = XXH64.rotate(hash, 23) &* XXH64.prime2 &+ XXH64.prime3
            offset += 4
        }
        while offset < count {
            hash ^= UInt64(rest[offset]) &* XXH64.prime5
            hash = XXH64.rotate(hash, 11) &* XXH64.prime1
            offset += 1
        }
        return hash
    }

    @inline(__always)
    private mutating func consume(_ bytes: Span<UInt8>, _ offset: Int) {
        lane1 = XXH64.round(lane1, ByteLoads.u64(bytes, offset))
        lane2 = XXH64.round(lane2, ByteLoads.u64(bytes, offset &+ 8))
        lane3 = XXH64.round(lane3, ByteLoads.u64(bytes, offset &+ 16))
        lane4 = XXH64.round(lane4, ByteLoads.u64(bytes, offset &+ 24))
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }

    @inline(__always)
    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
        word &<< count | word &>> (64 &- count)
    }

    private static func avalanche(_ start: UInt64) -> UInt64 {
        var hash = start
        hash = (hash ^ hash &>> 33) &* prime2
        hash = (hash ^ hash &>> 29) &* prime3
        return hash ^ hash &>> 32
    }
}
