// The bytes of a segment that is being written: collected, aligned, handed to the storage engine.
import Codec
import Platform

/// Appends to a segment on its way.
struct SegmentOutput {
    /// Where the next byte goes.
    private(set) var position = 0

    private let sink: any SegmentSink
    private var waiting: [UInt8] = []
    private static let bufferBytes = 256 << 10

    /// Writes into `sink`, which is empty.
    init(_ sink: any SegmentSink) {
        self.sink = sink
    }

    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(SegmentError) {
        waiting.append(contentsOf: bytes)
        position += bytes.count
        if waiting.count >= SegmentOutput.bufferBytes { try flush() }
    }

    /// Appends zeros up to the next aligned offset.
    mutating func align() throws(SegmentError) {
        let rest = position % SegmentFormat.alignment
        if rest != 0 {
            try write([UInt8](repeating: 0, count: SegmentFormat.alignment - rest))
        }
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
        let bytes = waiting
        waiting.removeAll(keepingCapacity: true)
        try sink.append(bytes.span)
    }
}
