// Whole columns to a payload, for chunks that do not grow sample by sample.

/// Encodes whole columns; `GorillaDecoder` is the way back.
public enum GorillaPayload {
    /// The payload of the points, which must be as many times as values; empty for none.
    public static func encode(times: Span<Int64>, values: Span<Double>) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(times: times, values: values, to: &bytes)
        return bytes
    }

    /// Appends the payload of the points, which must be as many times as values; nothing for none.
    public static func encode(
        times: Span<Int64>,
        values: Span<Double>,
        to bytes: inout [UInt8]
    ) {
        precondition(times.count == values.count, "BUG: columns of different lengths")
        guard !times.isEmpty else { return }
        // 145 bits a point at most, and the last store may reach 8 bytes further.
        let room = GorillaLayout.headerBytes + times.count * 19 + 16
        // SAFETY: the memory holds the header, the most bits that the points can take and the last
        // store; what is appended was written.
        unsafe withUnsafeTemporaryAllocation(byteCount: room, alignment: 8) { memory in
            unsafe times.withUnsafeBufferPointer { times in
                unsafe values.withUnsafeBufferPointer { values in
                    guard let start = memory.baseAddress, let times = times.baseAddress,
                        let last = values.baseAddress
                    else { preconditionFailure("BUG: columns without an address") }
                    let length = unsafe write(times, last, values.count, start)
                    unsafe bytes.append(
                        contentsOf: UnsafeRawBufferPointer(start: start, count: length)
                    )
                }
            }
        }
    }

    // Returns the number of bytes written.
    private static func write(
        _ times: UnsafePointer<Int64>,
        _ values: UnsafePointer<Double>,
        _ count: Int,
        _ start: UnsafeMutableRawPointer
    ) -> Int {
        var bits = unsafe GorillaStores(start)
        // SAFETY: the columns hold `count` points, at least 1.
        var point = unsafe GorillaPoint(time: times[0], value: values[0].bitPattern)
        bits.put(UInt64(bitPattern: point.last), 64)
        bits.put(point.base, 64)
        var index = 1
        while index < count {
            // Points that are on schedule and unchanged are counted, then written at once.
            var run = index
            var expected = point.last &+ point.delta
            while run < count, unsafe times[run] == expected,
                unsafe values[run].bitPattern == point.base
            {
                expected &+= point.delta
                run &+= 1
            }
            if run > index {
                bits.skip(run &- index)
                point.last = expected &- point.delta
                index = run
                if index == count { break }
            }
            unsafe point.append(times[index], values[index].bitPattern, to: &bits)
            index &+= 1
        }
        return unsafe bits.finish() - start
    }
}

// Bits that go to memory at once: one store of eight bytes for each code, no branch.
@safe
private struct GorillaStores: GorillaBits {
    // SAFETY: GorillaPayload makes room for the most bits that the points can take.
    private var target: UnsafeMutableRawPointer
    private var pending: UInt64 = 0  // bits that are not a whole byte yet, from the top
    private var used: UInt64 = 0  // their number, 0 to 7

    @inline(__always)
    init(_ start: UnsafeMutableRawPointer) {
        unsafe target = unsafe start
    }

    @inline(__always)
    mutating func put(_ bits: UInt64, _ width: UInt64) {
        if width <= 57 {
            putShort(bits, width)
        } else {
            putShort(bits &>> 32, width &- 32)
            putShort(bits & 0xffff_ffff, 32)
        }
    }

    // At most 57 bits.
    @inline(__always)
    private mutating func putShort(_ bits: UInt64, _ width: UInt64) {
        pending |= bits &<< (64 &- used &- width)
        unsafe target.storeBytes(of: pending.bigEndian, as: UInt64.self)
        used &+= width
        unsafe target += Int(truncatingIfNeeded: used &>> 3)
        // All 64 bits may have gone; two shifts, because one by 64 would be one by 0.
        let half = (used &>> 3) &* 4
        pending = (pending &<< half) &<< half
        used &= 7
    }

    /// Adds `count` zero bits.
    @inline(__always)
    mutating func skip(_ count: Int) {
        var rest = count
        while rest > 56 {
            putShort(0, 56)
            rest &-= 56
        }
        putShort(0, UInt64(truncatingIfNeeded: rest))
    }

    /// Where the stream ends, after zero bits up to a whole byte.
    mutating func finish() -> UnsafeMutableRawPointer {
        unsafe target + (used > 0 ? 1 : 0)
    }
}
