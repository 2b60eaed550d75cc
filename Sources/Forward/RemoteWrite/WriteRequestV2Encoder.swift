// Slices of the feed as bodies of remote write 2.0: prometheus.io/docs/specs/prw/remote_write_spec_2_0
internal import Formats
internal import Model
internal import Store
internal import Synchronization

/// Encodes for one destination; the labels of a series are made and their texts looked up once as long
/// as the feed speaks of the same table.
final class WriteRequestV2Encoder: RequestEncoder {
    // The labels of a series as numbers of the pool: a stretch of `numbers`; empty when filtered.
    private struct Row {
        var from: Int
        var count: Int
        var name: UInt32
    }

    private struct Cache {
        var table: (any FeedSeriesTable)?
        var writer = RemoteWriteV2Writer()
        var numbers: [UInt32] = []
        var keptNumbers = 0  // those behind belong to rows that are not kept
        var rows: [UInt64: Row] = [:]
        var descriptions: [UInt32: RemoteWriteV2Writer.Metadata] = [:]  // by the metric's name
        var version: UInt64 = 0
        var scratch = RelabelScratch()
        var missesWhenFull = 0

        // The dictionaries' places are about twice what is in them.
        var byteCount: Int {
            writer.pool.byteCount + 4 * numbers.count + 72 * rows.count + 40 * descriptions.count
        }
    }

    private let labelling: SeriesLabelling
    private let descriptions: any MetricDescriptions
    private let cacheLimitBytes: Int
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - externalLabels: added to each series that has no label of that name.
    ///   - rules: applied to the labels then; a series that they drop is not sent.
    ///   - descriptions: type, help and unit of the metrics.
    ///   - cacheLimitBytes: at which no more series are kept, but made anew each time; at twice of it
    ///     everything is forgotten.
    init(
        externalLabels: Labels,
        rules: RelabelRules = RelabelRules(),
        descriptions: any MetricDescriptions,
        cacheLimitBytes: Int = 4 * 1024 * 1024
    ) {
        labelling = SeriesLabelling(externalLabels, rules)
        self.descriptions = descriptions
        self.cacheLimitBytes = cacheLimitBytes
    }

    func encode(_ slice: FeedSlice, leavingOutUnknown: Bool) -> EncodedSlice? {
        cache.withLock { cache in
            begin(slice, &cache)
            cache.writer.begin()
            var leftOut: [Int] = []
            for index in 0..<slice.count {
                guard let row = row(slice.series[index], slice, &cache) else {
                    guard leavingOutUnknown else { return nil }
                    leftOut.append(index)
                    continue
                }
                if row.count == 0 {
                    leftOut.append(index)
                    continue
                }
                let metadata = description(row.name, &cache)
                cache.writer.appendSeries(
                    cache.numbers[row.from..<row.from + row.count],
                    metadata,
                    timeMs: slice.times[index],
                    value: slice.values[index]
                )
            }
            let kept = slice.without(leftOut)
            var message: [UInt8] = []
            if kept.count > 0 { cache.writer.write(to: &message) }
            return EncodedSlice(slice: kept, body: WriteBody(.version2, message: message))
        }
    }

    // Starts anew for another table, and when the cache holds too much, or not what is asked for.
    private func begin(_ slice: FeedSlice, _ cache: inout Cache) {
        if cache.table !== slice.table || cache.byteCount > 2 * cacheLimitBytes
            || cache.missesWhenFull > max(cache.rows.count, slice.count)
        {
            cache = Cache()
            cache.table = slice.table
        }
        let version = descriptions.version
        if cache.version != version {
            cache.version = version
            cache.descriptions.removeAll(keepingCapacity: true)
        }
        cache.numbers.removeSubrange(cache.keptNumbers...)
    }

    // Nil when the labels are no longer known.
    private func row(_ number: UInt64, _ slice: FeedSlice, _ cache: inout Cache) -> Row? {
        if let known = cache.rows[number] { return known }
        let stored = slice.table.labels(of: number)
        if stored.isEmpty { return nil }
        var row = Row(from: cache.numbers.count, count: 0, name: 0)
        if let labels = labelling.labels(of: stored, &cache.scratch) {
            let bytes = labels.bytes
            let metricName = labels.range(of: Label.metricName)
            labels.forEachRange { name, value in
                cache.numbers.append(cache.writer.pool.number(bytes.span.extracting(name)))
                let text = cache.writer.pool.number(bytes.span.extracting(value))
                cache.numbers.append(text)
                if value == metricName { row.name = text }
            }
            row.count = cache.numbers.count - row.from
        }
        // What fits stays, as in the encoder of 1.0; what does not goes with the request.
        if cache.byteCount <= cacheLimitBytes {
            cache.rows[number] = row
            cache.keptNumbers = cache.numbers.count
        } else {
            cache.missesWhenFull += 1
        }
        return row
    }

    private func description(
        _ name: UInt32,
        _ cache: inout Cache
    ) -> RemoteWriteV2Writer.Metadata {
        if name == 0 { return RemoteWriteV2Writer.Metadata() }
        if let known = cache.descriptions[name] { return known }
        var metadata = RemoteWriteV2Writer.Metadata()
        if let known = descriptions.description(ofSeries: cache.writer.pool.text(name)) {
            metadata = RemoteWriteV2Writer.Metadata(
                kind: known.kind,
                help: cache.writer.pool.number(known.help.utf8.span),
                unit: cache.writer.pool.number(known.unit.utf8.span)
            )
        }
        cache.descriptions[name] = metadata
        return metadata
    }
}
