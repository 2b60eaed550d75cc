// Segments in memory: what the tests of segments share.
import Codec
import Model
import Platform
import Synchronization

@testable import Store

/// Bytes where a mapping would be.
final class MemoryBytes: MappedBytes {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    func withBytes<R, E: Error>(
        in range: Range<Int>,
        failing: (Errno) -> E,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let part = Array(bytes[range])
        return try body(part.span)
    }

    func advise(_ advice: ReadAdvice, in range: Range<Int>) {}
}

/// One series as a test states it.
struct TestSeries {
    var labels: Labels
    var chunks: [(samples: SampleColumns, isLate: Bool)]
}

enum TestSegment {
    static let storeID = StoreID(bytes: Array(1...16))
    static let range = SequenceRange(
        after: SequenceNumber(start: 1_700_000_000, count: 3),
        through: SequenceNumber(start: 1_700_000_001, count: 9)
    )

    static func open(_ bytes: [UInt8]) throws(SegmentError) -> SegmentReader {
        try SegmentReader(
            MemoryBytes(bytes),
            path: "/s/x.gor",
            cache: BlockCache(limitBytes: 1 << 20)
        )
    }

    /// Writes the series, in any order, into the file at `path`.
    @discardableResult
    static func write(
        _ series: [TestSeries],
        _ fileSystem: any FileSystem,
        _ path: String,
        ledger: [UInt8] = [],
        replaced: [String] = [],
        with compressor: any Compressor = ColumnarCompressor(),
        isPacked: Bool = false
    ) throws(SegmentError) -> SegmentSummary {
        var writer = try SegmentWriter(
            fileSystem,
            path: path,
            storeID: storeID,
            range: range,
            reserveBytes: 1 << 16
        )
        let sorted = series.map { (SeriesIdentity.id(of: $0.labels), $0) }
            .sorted { $0.0 < $1.0 }
        for (id, one) in sorted {
            try writer.add(
                id,
                one.labels,
                one.chunks.map {
                    SealedChunk(
                        $0.samples,
                        flags: $0.isLate ? .late : [],
                        with: compressor,
                        isPacked: isPacked
                    )
                }
            )
        }
        return try writer.finish(ledger: ledger, replaced: replaced)
    }

    /// Puts right checksums over whatever the index and the footer say.
    static func seal(_ bytes: inout [UInt8], _ layout: SegmentLayout) {
        let trailer = bytes.count - SegmentFormat.trailerBytes
        for part in 0..<layout.blockCount {
            let place = layout.directoryOffset + part * SegmentFormat.blockEntryBytes
            let entry = BlockEntry(
                bytes.span.extracting(place..<place + SegmentFormat.blockEntryBytes)
            )
            guard entry.offset < bytes.count, entry.storedBytes <= bytes.count - entry.offset else {
                continue
            }
            let hash = XXH64.hash(
                bytes.span.extracting(entry.offset..<entry.offset + entry.storedBytes)
            )
            var sink = ByteSink(bytes)
            sink.patch(u64: hash, at: place + 24)
            bytes = sink.bytes
        }
        var sink = ByteSink(bytes)
        let index = XXH64.hash(bytes.span.extracting(layout.directoryOffset..<layout.footerOffset))
        sink.patch(u64: index, at: layout.footerOffset + 40)
        let footer = XXH64.hash(sink.bytes.span.extracting(layout.footerOffset..<trailer + 16))
        sink.patch(u64: footer, at: trailer + 16)
        bytes = sink.bytes
    }

    static func samples(_ times: [Int64], _ values: [Double]) -> SampleColumns {
        var samples = SampleColumns()
        samples.times = times
        samples.values = values
        return samples
    }

    static func labels(_ pairs: [String: String]) -> Labels {
        Labels(pairs.map { Label($0.key, $0.value) })
    }

    /// Three small series with everything in them: late chunks, stale markers, two chunks.
    static let small = [
        TestSeries(
            labels: labels(["__name__": "up", "job": "node", "instance": "a:9100"]),
            chunks: [
                (samples([1000, 2000, 3000], [1, 1, StaleMarker.value]), false),
                (samples([4000, 5000], [1, 0]), false),
                (samples([1500], [7]), true),
            ]
        ),
        TestSeries(
            labels: labels(["__name__": "up", "job": "node", "instance": "b:9100"]),
            chunks: [(samples([1000, 2000, 3000], [0, 1, 0]), false)]
        ),
        TestSeries(
            labels: labels(["__name__": "load1"]),
            chunks: [(samples([9000], [0.5]), true)]
        ),
    ]

    /// The small ones, two more that share what a series block says once of them, and one that Snappy
    /// shrinks.
    static let golden =
        small
        + ["c", "d"].map { name in
            TestSeries(
                labels: labels(["__name__": "up", "job": "node", "instance": "\(name):9100"]),
                chunks: [(samples([2000, 3000, 4000, 6000], [1, 2, 4, 3]), false)]
            )
        } + [
            TestSeries(
                labels: labels(["__name__": "ratio"]),
                chunks: [
                    (
                        samples(
                            (1...96).map { $0 * 100 },
                            (1...96).map { 1 / Double(3 + $0 % 4) }
                        ),
                        false
                    )
                ]
            )
        ]
}

extension SegmentReader {
    /// All samples, late ones marked, as text by labels: what a test compares.
    func contents() throws(SegmentError) -> [String] {
        var lines: [String] = []
        for series in 0..<seriesCount {
            for chunk in try chunks(of: series) {
                var samples = SampleColumns()
                try decode(chunk, into: &samples)
                let text = zip(samples.times, samples.values).map { "\($0)=\($1.bitPattern)" }
                lines.append("\(try labels(of: series)) \(chunk.isLate) \(text)")
            }
        }
        return lines.sorted()
    }
}
