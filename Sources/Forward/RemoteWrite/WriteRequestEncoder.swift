// Slices of the feed as bodies of remote write 1.0: prometheus.io/docs/specs/prw/remote_write_spec
internal import Codec
internal import Formats
public import Model
public import Store
internal import Synchronization

/// Encodes for one destination; the labels of a series are encoded once as long as the feed speaks
/// of the same table.
///
/// Takes a millisecond or two for a full request: not on the loop.
public final class WriteRequestEncoder: Sendable {
    private struct Cache {
        var table: (any FeedSeriesTable)?
        var encoded: [UInt64: [UInt8]] = [:]
        var byteCount = 0
        var missesWhenFull = 0
    }

    private let externalLabels: [Label]
    private let cacheLimitBytes: Int
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - externalLabels: added to each series that has no label of that name.
    ///   - cacheLimitBytes: of encoded labels; what is over it is encoded anew each time.
    public init(externalLabels: Labels, cacheLimitBytes: Int = 4 * 1024 * 1024) {
        self.externalLabels = externalLabels.array
        self.cacheLimitBytes = cacheLimitBytes
    }

    /// The compressed body with the samples `part` of `slice`: the same bytes each time.
    public func body(of slice: FeedSlice, part: Range<Int>) -> [UInt8] {
        SnappyBlock.compress(message(of: slice, part: part).span)
    }

    /// The `prometheus.WriteRequest` before compression.
    func message(of slice: FeedSlice, part: Range<Int>) -> [UInt8] {
        cache.withLock { cache in
            if cache.table !== slice.table {
                cache = Cache()
                cache.table = slice.table
            }
            var message: [UInt8] = []
            message.reserveCapacity(part.count * 160)
            for index in part {
                let number = slice.series[index]
                let labels: [UInt8]
                if let known = cache.encoded[number] {
                    labels = known
                } else {
                    labels = RemoteWriteV1.encodedLabels(complete(slice.table.labels(of: number)))
                    keep(labels, number, &cache)
                }
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

    private func complete(_ labels: Labels) -> Labels {
        if externalLabels.isEmpty { return labels }
        var builder = LabelsBuilder(labels)
        for label in externalLabels where builder[label.name] == nil {
            builder.set(label.name, label.value)
        }
        return builder.labels(reserving: labels.bytes.count + 64)
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
