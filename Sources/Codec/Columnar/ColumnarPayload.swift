// Whole columns to a dense payload and back. Layout: Codec.docc/columnar-payload.md

/// The dense codec, for chunks that do not grow any more.
///
/// Times are a grid with missed places and deviations, values a constant, decimal integers in mini
/// blocks or bit patterns. Count, first and last time are known from the chunk's header and are not stored again.
/// Every bit pattern of a value and every time comes back as it was.
public enum ColumnarPayload {
    /// Appends the payload of the points.
    ///
    /// - Parameters:
    ///   - times: strictly ascending, at most `ColumnarLayout.maximumCount`.
    ///   - values: as many.
    ///   - bytes: grows by at most 8 bytes a value, by what the times take and by a few bytes; by
    ///     nothing for no points.
    public static func encode(
        times: Span<Int64>,
        values: Span<Double>,
        to bytes: inout [UInt8]
    ) {
        let count = times.count
        precondition(count == values.count, "BUG: columns of different lengths")
        precondition(count <= ColumnarLayout.maximumCount, "BUG: a chunk of \(count) points")
        if count == 0 { return }
        let words = ColumnarScratch.words(for: count)
        // SAFETY: the columns hold `count` elements each and are only read; the scratch memory is
        // as long as ColumnarScratch asks for, and what is appended was written.
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { memory in
            unsafe times.withUnsafeBufferPointer { times in
                unsafe values.withUnsafeBufferPointer { values in
                    guard let memory = memory.baseAddress, let times = times.baseAddress,
                        let values = values.baseAddress
                    else { preconditionFailure("BUG: columns without an address") }
                    let scratch = unsafe ColumnarScratch(memory, count: count)
                    var writer = unsafe ColumnWriter(scratch.output)
                    writer.u8(0)
                    var head = unsafe ColumnarTimes.write(times, count, scratch, to: &writer)
                    head |= unsafe ColumnarValues.write(values, count, scratch, to: &writer)
                    writer.patch(head, at: 0)
                    unsafe bytes.append(
                        contentsOf: UnsafeRawBufferPointer(
                            start: scratch.output,
                            count: writer.count
                        )
                    )
                }
            }
        }
    }

    /// Adds the points of `payload` at the end of both columns.
    ///
    /// The times that come out ascend strictly from `start` to `end`. Any bytes give either exactly
    /// that or an error: nothing traps, nothing is read outside. What is allocated is bounded by
    /// `ColumnarLayout.maximumCount`; columns that already have the capacity are only filled.
    ///
    /// - Parameters:
    ///   - payload: one payload, to its last byte and no further.
    ///   - count: the number of points, from the chunk's header.
    ///   - start: the first time, from the chunk's header.
    ///   - end: the last time, from the chunk's header.
    ///   - times: grows by `count`, or not at all on an error.
    ///   - values: grows by `count`, or not at all on an error.
    /// - Throws: `CodecError`, with the byte offset.
    public static func decode(
        _ payload: Span<UInt8>,
        count: Int,
        start: Int64,
        end: Int64,
        times: inout [Int64],
        values: inout [Double]
    ) throws(CodecError) {
        guard 0...ColumnarLayout.maximumCount ~= count else {
            throw .tooManyPoints(count: count, limit: ColumnarLayout.maximumCount)
        }
        if count == 0, payload.isEmpty { return }
        guard count > 0, !payload.isEmpty else {
            throw .truncated(atByte: 0, wanted: 1, available: payload.count)
        }
        try times.append(addingCapacity: count) { times throws(CodecError) in
            try values.append(addingCapacity: count) { values throws(CodecError) in
                try unsafe times.withUnsafeMutableBufferPointer {
                    times,
                    timeCount throws(CodecError) in
                    try unsafe values.withUnsafeMutableBufferPointer {
                        values,
                        valueCount throws(CodecError) in
                        guard let times = times.baseAddress, let values = values.baseAddress else {
                            preconditionFailure("BUG: columns without an address")
                        }
                        try unsafe read(payload, count, start, end, times, values)
                        timeCount = count
                        valueCount = count
                    }
                }
            }
        }
    }

    // SAFETY: both targets have room for `count` elements, which are trivial, so that writing over
    // uninitialised ones is writing; the caller counts them only when all were written.
    @inline(__always)
    private static func read(
        _ payload: Span<UInt8>,
        _ count: Int,
        _ start: Int64,
        _ end: Int64,
        _ times: UnsafeMutablePointer<Int64>,
        _ values: UnsafeMutablePointer<Double>
    ) throws(CodecError) {
        try unsafe payload.withUnsafeBytes { bytes throws(CodecError) in
            guard let first = bytes.baseAddress else { return }
            var cursor = unsafe ColumnCursor(bytes, first)
            let head = try cursor.u8()
            guard head < 0x40 else { throw cursor.malformed("a payload of layout \(head)") }
            try unsafe ColumnarTimes.read(&cursor, head & 3, times, count, start, end)
            try unsafe ColumnarValues.read(&cursor, payload, head, values, count)
            guard cursor.remaining == 0 else {
                throw cursor.malformed("\(cursor.remaining) bytes are left over")
            }
        }
    }
}
