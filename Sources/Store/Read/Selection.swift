// What a query reads: series from the head and from segments at one moment, put together.
internal import Codec
public import Model
internal import Platform
internal import Synchronization

/// The series that matchers select, with everything needed to read their samples later.
///
/// It holds the segments it reads open and the head's chunks in memory until it is let go.
public final class Selection: Sendable {
    private struct Entry {
        let labels: Labels
        var head: HeadView?
        var sealed: [(segment: Int, series: Int)] = []
    }

    private let entries: [Entry]
    private let segments: [SegmentReader]
    private let database: Database
    private let pin: UInt64

    fileprivate init(
        _ database: Database,
        pin: UInt64,
        segments: [SegmentReader],
        heads: [(id: SeriesID, view: HeadView)],
        matchers: [LabelMatcher],
        range: TimeRange
    ) {
        self.database = database
        self.pin = pin
        self.segments = segments
        var entries: [SeriesID: Entry] = [:]
        for (id, view) in heads { entries[id] = Entry(labels: view.labels, head: view) }
        for (place, segment) in segments.enumerated() {
            do throws(SegmentError) {
                for series in try segment.select(matchers, in: range) {
                    let id = try segment.id(of: series)
                    if entries[id] == nil {
                        entries[id] = Entry(labels: try segment.labels(of: series))
                    }
                    entries[id]?.sealed.append((place, series))
                }
            } catch {
                database.note(damage: error, in: segment)
            }
        }
        self.entries = entries.values.sorted { $0.labels < $1.labels }
    }

    deinit {
        let pin = pin
        database.head.withLock { $0.memory.unpin(pin) }
    }

    /// The number of series, in order of their labels.
    public var count: Int { entries.count }

    /// The labels of a series.
    public func labels(at index: Int) -> Labels { entries[index].labels }

    /// Adds the samples of a series inside `range` to `columns`, in ascending time, one a time.
    ///
    /// Where chunks overlap in time, the one of the lower sequence wins (architecture section 5).
    /// A chunk that turns out to be damaged is left out, counted and logged: the rest is served.
    public func read(at index: Int, in range: TimeRange, into columns: inout SampleColumns) {
        var merge = ColumnMerge(range)
        for (place, series) in entries[index].sealed {
            do throws(SegmentError) {
                for chunk in try segments[place].chunks(of: series)
                where TimeRange(chunk.start, chunk.end).overlaps(range) {
                    var decoded = SampleColumns()
                    try segments[place].decode(chunk, into: &decoded)
                    merge.add(decoded)
                }
            } catch {
                database.note(damage: error, in: segments[place])
            }
        }
        if let view = entries[index].head {
            for chunk in view.chunks {
                var decoded = SampleColumns()
                do throws(CodecError) {
                    try chunk.decode(times: &decoded.times, values: &decoded.values)
                } catch {
                    preconditionFailure("BUG: a chunk in memory does not decode: \(error)")
                }
                merge.add(decoded)
            }
            for run in view.late {
                var late = SampleColumns()
                late.times = run.times
                late.values = run.values.map { Double(bitPattern: $0) }
                merge.add(late)
            }
        }
        merge.finish(into: &columns)
    }
}

extension Database {
    /// The series that all `matchers` accept and that may have samples inside `range`.
    ///
    /// A segment whose index turns out to be damaged is left out, counted, logged and moved aside: the
    /// rest is served.
    ///
    /// Complexity: O(matching series) under the head's lock, then the index of each segment.
    /// - Throws: nothing today; a store on another medium may have to say that it cannot be read.
    public func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange
    ) throws(SegmentError) -> Selection {
        let (pin, heads, segments) = head.withLock { head in
            // Taken together under the head's lock: sealing moves samples from one to the other.
            (head.memory.pin(), head.views(matchers, range), sealed.withLock { $0 })
        }
        let overlapping = segments.filter { $0.timeRange.overlaps(range) }
        return Selection(
            self,
            pin: pin,
            segments: overlapping,
            heads: heads,
            matchers: matchers,
            range: range
        )
    }

    /// The names of all labels of series with samples inside `range`, sorted.
    /// - Throws: as `select`.
    public func labelNames(
        _ matchers: [LabelMatcher] = [],
        in range: TimeRange = .all
    ) throws(SegmentError) -> [String] {
        guard matchers.isEmpty else {
            let selection = try select(matchers, in: range)
            var names: Set<String> = []
            for index in 0..<selection.count {
                for label in selection.labels(at: index).array { names.insert(label.name) }
            }
            return names.sorted(by: bytewise)
        }
        let (inHead, segments) = head.withLock { ($0.index.names, sealed.withLock { $0 }) }
        var names = Set(inHead)
        for segment in segments where segment.timeRange.overlaps(range) {
            do throws(SegmentError) {
                names.formUnion(try segment.labelNames())
            } catch {
                note(damage: error, in: segment)
            }
        }
        return names.sorted(by: bytewise)
    }

    /// All values of a label of series with samples inside `range`, sorted.
    /// - Throws: as `select`.
    public func labelValues(
        of name: String,
        _ matchers: [LabelMatcher] = [],
        in range: TimeRange = .all
    ) throws(SegmentError) -> [String] {
        guard matchers.isEmpty else {
            let selection = try select(matchers, in: range)
            let values = (0..<selection.count).compactMap { selection.labels(at: $0)[name] }
            return Set(values).sorted(by: bytewise)
        }
        let (inHead, segments) = head.withLock {
            ($0.index.values(of: name), sealed.withLock { $0 })
        }
        var values = Set(inHead)
        for segment in segments where segment.timeRange.overlaps(range) {
            do throws(SegmentError) {
                values.formUnion(try segment.labelValues(of: name))
            } catch {
                note(damage: error, in: segment)
            }
        }
        return values.sorted(by: bytewise)
    }

    // Damage that a read came upon. Without its index a segment is no use: it goes to quarantine, and
    // its batches come back from the buffer at the next start where they are still there. A damaged
    // block or chunk costs what is in it.
    func note(damage error: SegmentError, in segment: SegmentReader) {
        let isFirst = sealing.withLock { counters in
            counters.damagedReads += 1
            return counters.damagedPaths.insert(segment.path).inserted
        }
        guard isFirst else { return }
        log.error(
            "a part of a segment cannot be read",
            ("path", segment.path),
            ("cause", "\(error)")
        )
        guard case .checksum(_, .directory, _, _, _) = error else { return }
        sealed.withLock { segments in segments.removeAll { $0 === segment } }
        storage.setAside(segment.name, reason: "\(error)")
    }
}

private func bytewise(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
}
