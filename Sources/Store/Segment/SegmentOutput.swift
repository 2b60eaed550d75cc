// The bytes of a segment that is being written: collected, handed to the storage engine in large pieces.
import Codec
import Platform

/// Appends to a segment on its way.
struct SegmentOutput {
    /// Where the next byte goes.
    var position: Int { flushed + waiting.count }

    private let sink: any SegmentSink
    private var flushed = 0
    private var waiting: [UInt8] = []
    private static let bufferBytes = 256 << 10

    /// Writes into `sink`, which is empty.
    init(_ sink: any SegmentSink) {
        self.sink = sink
        waiting.reserveCapacity(SegmentOutput.bufferBytes + SegmentOutput.bufferBytes / 4)
    }

    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(SegmentError) {
        waiting.append(contentsOf: bytes)
        if waiting.count >= SegmentOutput.bufferBytes { try flush() }
    }

    /// Appends a chunk: `body` adds its payload to the end of what it is given, which holds other
    /// things already, and makes the header that goes before it.
    ///
    /// - Returns: the header.
    mutating func writeChunk(
        _ body: (inout [UInt8]) -> ChunkHeader
    ) throws(SegmentError) -> ChunkHeader {
        let start = waiting.count
        waiting.append(contentsOf: repeatElement(0, count: ChunkHeader.byteCount))
        let header = body(&waiting)
        let payload = start + ChunkHeader.byteCount
        let words = header.words(before: waiting.span.extracting(payload...))
        var sink = ByteSink(waiting)
        waiting = []  // one owner: nothing is copied
        for index in words.indices { sink.patch(u64: words[index], at: start + 8 * index) }
        waiting = sink.bytes
        if waiting.count >= SegmentOutput.bufferBytes { try flush() }
        return header
    }

    /// Writes the header over the start, makes the segment durable and gives it its name.
    mutating func publish(header: [UInt8]) throws(SegmentError) {
        try flush()
        try sink.publish(header: header.span)
    }

    /// Removes what was written.
    func discard() {
        sink.discard()
    }

    private mutating func flush() throws(SegmentError) {
        try sink.append(waiting.span)
        flushed += waiting.count
        waiting.removeAll(keepingCapacity: true)
    }
}
