// From a chunk's header to the compressor that reads it, and the second stage around both.
import Codec
public import Model

/// Decodes chunks whoever coded them, and checks what came out.
public struct ChunkCoders: Sendable {
    /// Those of a store that nothing else was bound in.
    static let standard = ChunkCoders(StoreEngines())

    // Users' own, and those that stand in for the format's own.
    private let bound: [any Compressor]

    /// Takes what is bound in `engines`.
    public init(_ engines: StoreEngines) {
        bound = ([engines.sealed, engines.cold] + engines.others).filter {
            !($0 is GorillaCompressor || $0 is ColumnarCompressor)
        }
    }

    /// Reads a whole chunk as it lies in a file, checksum included, and adds its samples to `samples`,
    /// which stays as it was on an error.
    ///
    /// - Parameters:
    ///   - chunk: header and payload, and nothing more; they may be anything.
    ///   - samples: grows by as many samples as the header says, in strictly ascending time.
    /// - Returns: the header.
    /// - Throws: `ChunkError`.
    @discardableResult
    public func read(
        _ chunk: Span<UInt8>,
        into samples: inout SampleColumns
    ) throws(ChunkError) -> ChunkHeader {
        let header = try ChunkHeader(chunk)
        guard Int(header.compressedSize) == chunk.count - ChunkHeader.byteCount else {
            throw .truncated(
                wanted: ChunkHeader.byteCount + Int(header.compressedSize),
                available: chunk.count
            )
        }
        let payload = try header.verify(chunk)
        try decode(chunk.extracting(payload), header, into: &samples)
        return header
    }

    /// Decodes a chunk's samples and adds them to `samples`, which stays as it was on an error.
    ///
    /// - Parameters:
    ///   - payload: the payload's bytes, whose checksum was verified.
    ///   - header: the chunk's.
    ///   - samples: grows by the header's `pointCount`.
    /// - Throws: `.payload`, `.unknownFeature` for a compression that nothing is bound for, `.times`
    ///   when the samples are not those that the header announces.
    func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        if let firstStage = header.compression.firstStage {
            let plain: [UInt8]
            do throws(CodecError) {
                plain = try SnappyBlock.decompress(payload, limit: Int(header.uncompressedSize))
            } catch { throw .payload(error) }
            try decode(plain.span, firstStage, header, into: &samples)
        } else {
            try decode(payload, header.compression, header, into: &samples)
        }
    }

    private func decode(
        _ payload: Span<UInt8>,
        _ compression: ChunkCompression,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        let start = samples.count
        var ascends = false
        if !bound.isEmpty, let own = bound.first(where: { $0.compression == compression }) {
            try own.decode(payload, header, into: &samples)
        } else if compression == .columnar {
            try ColumnarCompressor().decode(payload, header, into: &samples)
            // Its decoder gives no other times, whatever the payload is.
            ascends = true
        } else if compression == .gorilla {
            ascends = try GorillaCompressor().decodeAscending(payload, header, into: &samples)
        } else {
            throw .unknownFeature(
                compression: header.compression.rawValue,
                flags: header.flags.rawValue
            )
        }
        let count = Int(header.pointCount)
        guard samples.times.count == start + count, samples.values.count == start + count else {
            let found = samples.times.count - start
            samples.cut(to: start)
            throw .payload(
                .malformed(atByte: payload.count, what: "\(found) samples instead of \(count)")
            )
        }
        let first = samples.times[start]
        let last = samples.times[start + count - 1]
        guard first == header.startMs, last == header.endMs,
            ascends || samples.isAscending(from: start)
        else {
            samples.cut(to: start)
            throw .times(first: first, last: last, start: header.startMs, end: header.endMs)
        }
    }
}

extension SampleColumns {
    /// Forgets what is behind the first `count` samples.
    mutating func cut(to count: Int) {
        if times.count > count { times.removeLast(times.count - count) }
        if values.count > count { values.removeLast(values.count - count) }
    }

    // One compare a sample: readers merge chunks and rely on it. No way out of the loop before its
    // end: so it is done for several samples at once.
    fileprivate func isAscending(from start: Int) -> Bool {
        let times = self.times.span.extracting(start...)
        var wrong = 0
        for index in 1..<times.count {
            wrong |= times[index] <= times[index &- 1] ? 1 : 0
        }
        return wrong == 0
    }
}
