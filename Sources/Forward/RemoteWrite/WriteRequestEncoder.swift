// Slices of the feed as bodies of remote write 1.0: prometheus.io/docs/specs/prw/remote_write_spec
internal import Codec
public import Formats
public import Model
public import Store
internal import Synchronization

/// Encodes for one destination; the labels of a series are encoded once as long as the feed speaks
/// of the same table.
///
/// The labels of a series that is not to be sent are empty.
public final class WriteRequestEncoder: RequestEncoder {
    private struct Cache {
        var table: (any FeedSeriesTable)?
        var encoded: [UInt64: [UInt8]] = [:]
        var scratch = RelabelScratch()
        var byteCount = 0
        var missesWhenFull = 0
    }

    private let labelling: SeriesLabelling
    private let cacheLimitBytes: Int
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - externalLabels: added to each series that has no label of that name.
    ///   - rules: applied to the labels then; a series that they drop is not sent.
    ///   - cacheLimitBytes: of encoded labels; what is over it is encoded anew each time.
    public init(
        externalLabels: Labels,
        rules: RelabelRules = RelabelRules(),
        cacheLimitBytes: Int = 4 * 1024 * 1024
    ) {
        labelling = SeriesLabelling(externalLabels, rules)
        self.cacheLimitBytes = cacheLimitBytes
    }

    public func kept(of slice: FeedSlice) -> FeedSlice {
        if labelling.keepsAll { return slice }
        return cache.withLock { cache in
            begin(slice, &cache)
            return slice.keeping { !encoded(slice.series[$0], slice, &cache).isEmpty }
        }
    }

    /// The compressed body with the samples `part` of `slice`: the same bytes each time.
    public func body(of slice: FeedSlice, part: Range<Int>) -> [UInt8] {
        SnappyBlock.compress(message(of: slice, part: part).span)
    }

    /// The `prometheus.WriteRequest` before compression.
    func message(of slice: FeedSlice, part: Range<Int>) -> [UInt8] {
        cache.withLock { cache in
            begin(slice, &cache)
            var message: [UInt8] = []
            message.reserveCapacity(part.count * 160)
            for index in part {
                let labels = encoded(slice.series[index], slice, &cache)
                if labels.isEmpty { continue }
                RemoteWriteV1.appendSeries(
                    encodedLabels: labels,
                    timeMs: slice.times[index],
                    value: slice.values[index],
                    to: &message
                )
            }
            return message
        }
    }

    private func begin(_ slice: FeedSlice, _ cache: inout Cache) {
        if cache.table !== slice.table {
            cache = Cache()
            cache.table = slice.table
        }
    }

    private func encoded(
        _ number: UInt64,
        _ slice: FeedSlice,
        _ cache: inout Cache
    ) -> [UInt8] {
        if let known = cache.encoded[number] { return known }
        let labels = labelling.labels(of: slice.table.labels(of: number), &cache.scratch)
        let encoded = labels.map { RemoteWriteV1.encodedLabels($0) } ?? []
        keep(encoded, number, &cache)
        return encoded
    }

    // What fits stays: of a working set that is read round and round that is hit each time, while
    // replacing would miss each time. When misses outnumber what is kept, the set has changed.
    private func keep(_ labels: [UInt8], _ number: UInt64, _ cache: inout Cache) {
        let cost = labels.count + 64  // the array's header and the place in the dictionary
        if cache.byteCount + cost > cacheLimitBytes {
            cache.missesWhenFull += 1
            guard cache.missesWhenFull > cache.encoded.count else { return }
            let table = cache.table
            cache = Cache()
            cache.table = table
            guard cost <= cacheLimitBytes else { return }
        }
        cache.encoded[number] = labels
        cache.byteCount += cost
    }
}
