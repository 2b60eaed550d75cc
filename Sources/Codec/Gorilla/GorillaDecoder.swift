// Reads a Gorilla payload that may be anything. Layout: Codec.docc/gorilla-bitstream.md

/// Decodes Gorilla payloads into columns.
///
/// Any bytes give either exactly `count` points or an error: nothing traps, nothing is read outside,
/// and no more memory is taken than 16 bytes for each bit of the payload.
public enum GorillaDecoder {
    /// Adds the points of `payload` at the end of both columns.
    ///
    /// - Parameters:
    ///   - payload: the bytes of one stream, to its last byte and no further.
    ///   - count: the number of points, from the chunk's header.
    ///   - times: grows by `count`, or not at all on an error.
    ///   - values: grows by `count`, or not at all on an error.
    /// - Returns: whether the times are sure to ascend strictly, if the first is before the last or
    ///   the only one. Where it is false they may ascend all the same: intervals of a century are not
    ///   added up.
    /// - Throws: `CodecError`, with the bit offset.
    @discardableResult
    public static func decode(
        _ payload: Span<UInt8>,
        count: Int,
        times: inout [Int64],
        values: inout [Double]
    ) throws(CodecError) -> Bool {
        guard count > 0, payload.count >= GorillaLayout.headerBytes,
            count - 1 <= (payload.count - GorillaLayout.headerBytes) * 8
        else {
            if count == 0, payload.isEmpty { return true }
            throw .impossibleCount(count: count, byteCount: payload.count)
        }
        // SAFETY: the source is read only inside the closure, and only below its length.
        return try unsafe payload.withUnsafeBytes { bytes throws(CodecError) in
            guard let source = bytes.baseAddress else { return false }
            return try unsafe append(source, bytes.count, count, &times, &values)
        }
    }

    /// Adds the points of a stream that is still growing, from what a reader noted about it.
    ///
    /// - Parameters:
    ///   - words: the whole words, as the encoder left them in memory (big-endian).
    ///   - unfinishedWord: the encoder's `unfinishedWord` of the same moment.
    ///   - bitCount: the encoder's `bitCount` of the same moment.
    ///   - count: the encoder's `pointCount` of the same moment.
    ///   - times: grows by `count`, or not at all on an error.
    ///   - values: grows by `count`, or not at all on an error.
    /// - Throws: `CodecError`, with the bit offset.
    public static func decode(
        words: Span<UInt64>,
        unfinishedWord: UInt64,
        bitCount: Int,
        count: Int,
        times: inout [Int64],
        values: inout [Double]
    ) throws(CodecError) {
        guard bitCount >= 0, bitCount / 64 == words.count else {
            throw .truncated(
                atByte: words.count * 8,
                wanted: bitCount / 8,
                available: words.count * 8
            )
        }
        let tailBytes = (bitCount & 63 + 7) / 8
        let byteCount = words.count * 8 + tailBytes
        guard count > 0, byteCount >= GorillaLayout.headerBytes, count - 1 <= bitCount - 128 else {
            if count == 0, byteCount == 0 { return }
            throw .impossibleCount(count: count, byteCount: byteCount)
        }
        // SAFETY: the memory holds all words and one more; a big-endian word is eight bytes of the
        // stream as they stand.
        try unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words.count + 1) {
            memory throws(CodecError) in
            guard let copy = memory.baseAddress else { return }
            unsafe words.withUnsafeBufferPointer { words in
                if let source = words.baseAddress {
                    unsafe copy.update(from: source, count: words.count)
                }
            }
            unsafe copy[words.count] = unfinishedWord.bigEndian
            _ = try unsafe append(UnsafeRawPointer(copy), byteCount, count, &times, &values)
        }
    }

    // Decodes straight into what the columns have reserved.
    @inline(__always)
    private static func append(
        _ source: UnsafeRawPointer,
        _ byteCount: Int,
        _ count: Int,
        _ times: inout [Int64],
        _ values: inout [Double]
    ) throws(CodecError) -> Bool {
        var ascends = false
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
                        ascends = try unsafe GorillaStage.fill(
                            source,
                            byteCount,
                            count,
                            times,
                            values
                        )
                        timeCount = count
                        valueCount = count
                    }
                }
            }
        }
        return ascends
    }
}
