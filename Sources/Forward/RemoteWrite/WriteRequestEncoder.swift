// Slices of the feed as bodies of remote write 1.0: prometheus.io/docs/specs/prw/remote_write_spec
internal import Formats
internal import Model
internal import Store
internal import Synchronization

/// Encodes for one destination; the labels of a series are encoded once as long as the feed speaks
/// of the same table.
///
/// The labels of a series that is not to be sent are empty.
final class WriteRequestEncoder: RequestEncoder {
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
    init(
        externalLabels: Labels,
        rules: RelabelRules = RelabelRules(),
        cacheLimitBytes: Int = 4 * 1024 * 1024
    ) {
        labelling = SeriesLabelling(externalLabels, rules)
        self.cacheLimitBytes = cacheLimitBytes
    }

    func encode(_ slice: FeedSlice, leavingOutUnknown: Bool) -> EncodedSlice? {
        cache.withLock { cache in
            begin(slice, &cache)
            var message: [UInt8] = []
            message.reserveCapacity(slice.count * 192)
            var leftOut: [Int] = []
            for index in 0..<slice.count {
                guard let labels = encoded(slice.series[index], slice, &cache) else {
                    guard leavingOutUnknown else { return nil }
                    leftOut.append(index)
                    continue
                }
                if labels.isEmpty {
                    leftOut.append(index)
                    continue
                }
                RemoteWriteV1.appendSeries(
                    encodedLabels: labels,
                    timeMs: slice.times[index],
                    value: slice.values[index],
                    to: &message
                )
            }
            return EncodedSlice(
                slice: slice.without(leftOut),
                body: WriteBody(.version1, message: message)
            )
        }
    }

    private func begin(_ slice: FeedSlice, _ cache: inout Cache) {
        if cache.table !== slice.table {
            cache = Cache()
            cache.table = slice.table
        }
    }

    // Nil when the labels are no longer known, empty when the series is not to be sent.
    private func encoded(
        _ number: UInt64,
        _ slice: FeedSlice,
        _ cache: inout Cache
    ) -> [UInt8]? {
        if let known = cache.encoded[number] { return known }
        let stored = slice.table.labels(of: number)
        if stored.isEmpty { return nil }
        let labels = labelling.labels(of: stored, &cache.scratch)
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
