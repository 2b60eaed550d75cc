// Whole columns to a payload, for chunks that do not grow sample by sample.

/// Encodes whole columns; `GorillaDecoder` is the way back.
public enum GorillaPayload {
    /// The payload of the points, which must be as many times as values; empty for none.
    public static func encode(times: Span<Int64>, values: Span<Double>) -> [UInt8] {
        precondition(times.count == values.count, "BUG: columns of different lengths")
        guard !times.isEmpty else { return [] }
        let room =
            GorillaLayout.headerWords + GorillaLayout.maximumWordsPerPoint * (times.count - 1) + 1
        // SAFETY: the memory holds the header, the most words that the points can take, and the
        // unfinished word; the bytes up to payloadByteCount are all written.
        return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: room) { memory in
            guard let words = memory.baseAddress else {
                preconditionFailure("BUG: an allocation of \(room) words has no address")
            }
            var encoder = unsafe GorillaEncoder(
                time: times[0],
                value: values[0].bitPattern,
                into: words
            )
            for index in 1..<times.count {
                unsafe encoder.append(
                    time: times[index],
                    value: values[index].bitPattern,
                    into: words
                )
            }
            unsafe encoder.finish(into: words)
            return unsafe [UInt8](
                UnsafeRawBufferPointer(start: words, count: encoder.payloadByteCount)
            )
        }
    }
}
