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

    /// The checksum of `bytes`, without a copy of any of them.
    public static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        let state: XXH64Lanes = (prime1 &+ prime2, prime2, 0, 0 &- prime1)
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe rest(of: bytes, after: state, 0)
        }
    }

    /// The checksum of a header of 64 bytes, as eight little-endian words, and of what follows it.
    ///
    /// - Returns: the same as `hash` of both in one.
    public static func hash(
        header: [8 of UInt64],
        followedBy bytes: Span<UInt8>
    ) -> UInt64 {
        var state: XXH64Lanes = (prime1 &+ prime2, prime2, 0, 0 &- prime1)
        state.0 = round(round(state.0, header[0]), header[4])
        state.1 = round(round(state.1, header[1]), header[5])
        state.2 = round(round(state.2, header[2]), header[6])
        state.3 = round(round(state.3, header[3]), header[7])
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe rest(of: bytes, after: state, 64)
        }
    }

    // The checksum of `bytes` after `before` bytes, whole stripes, that made `start`.
    @inline(__always)
    private static func rest(
        of bytes: UnsafeRawBufferPointer,
        after start: XXH64Lanes,
        _ before: Int
    ) -> UInt64 {
        let count = bytes.count
        var lanes = start
        var offset = 0
        // SAFETY: every load lies before `count`; without an address `count` is 0.
        while count &- offset >= stripe {
            lanes.0 = round(lanes.0, unsafe load(bytes, offset))
            lanes.1 = round(lanes.1, unsafe load(bytes, offset &+ 8))
            lanes.2 = round(lanes.2, unsafe load(bytes, offset &+ 16))
            lanes.3 = round(lanes.3, unsafe load(bytes, offset &+ 24))
            offset &+= stripe
        }
        var hash = before &+ count >= stripe ? combine(lanes) : prime5
        hash &+= UInt64(before &+ count)
        while count &- offset >= 8 {
            hash ^= round(0, unsafe load(bytes, offset))
            hash = rotate(hash, 27) &* prime1 &+ prime4
            offset &+= 8
        }
        if count &- offset >= 4 {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            hash ^= UInt64(UInt32(littleEndian: word)) &* prime1
            hash = rotate(hash, 23) &* prime2 &+ prime3
            offset &+= 4
        }
        while offset < count {
            hash ^= UInt64(unsafe bytes[offset]) &* prime5
            hash = rotate(hash, 11) &* prime1
            offset &+= 1
        }
        return avalanche(hash)
    }

    @inline(__always)
    private static func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        // SAFETY: the caller has compared with the end.
        let start = unsafe bytes.baseAddress.unsafelyUnwrapped
        return UInt64(
            littleEndian: unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        )
    }

    @inline(__always)
    private static func combine(_ lanes: XXH64Lanes) -> UInt64 {
        var hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7)
        hash &+= rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
        hash = merge(hash, lanes.0)
        hash = merge(hash, lanes.1)
        hash = merge(hash, lanes.2)
        return merge(hash, lanes.3)
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
            hash = XXH64.combine((lane1, lane2, lane3, lane4))
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

// The state of the four lanes.
private typealias XXH64Lanes = (UInt64, UInt64, UInt64, UInt64)
