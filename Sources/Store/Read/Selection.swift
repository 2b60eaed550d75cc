// What a query reads: series from the head and from segments at one moment, put together.
internal import Codec
public import Model
internal import Platform

/// The series that matchers select, with everything needed to read their samples later.
///
/// It holds the segments it reads open and the head's chunks in memory until it is let go.
public final class Selection: Sendable {
    private struct Entry {
        let labels: Labels
        var head: HeadView?
        // Its places in segments: a list through `places`, in the order of the sequence.
        var firstPlace = -1
        var lastPlace = -1
    }

    // One series in one segment.
    private struct Place {
        var segment: Int32
        var series: Int32
        var next = -1
    }

    private static let partialWarning =
        "the write buffer of the last start is still being replayed: samples of its time may be missing"
    // So many warnings at most: one damaged file may concern every series.
    private static let warningLimit = 16

    private let entries: [Entry]
    private let places: [Place]
    private let segments: [SegmentReader]
    private let database: Database
    private let pin: UInt64
    private let notes = Lock<[String]>([])

    fileprivate init(
        _ database: Database,
        pin: UInt64,
        segments: [SegmentReader],
        heads: [(id: SeriesID, view: HeadView)],
        matchers: [LabelMatcher],
        range: TimeRange,
        isPartial: Bool
    ) {
        self.database = database
        self.pin = pin
        self.segments = segments
        var numbers: [SeriesID: Int] = [:]
        var entries: [Entry] = []
        var places: [Place] = []
        for (id, view) in heads {
            numbers[id] = entries.count
            entries.append(Entry(labels: view.labels, head: view))
        }
        var warnings: [String] = []
        if isPartial { warnings.append(Selection.partialWarning) }
        for (number, segment) in segments.enumerated() {
            do throws(SegmentError) {
                var texts = PairTexts(segment)
                let found = try segment.select(matchers, in: range)
                // Most pages will be read, a dozen series lie in each: better in few pieces.
                if found.count > segment.seriesCount / 16, found.count > 16 {
                    segment.advise(.willNeed)
                }
                for series in found {
                    let id: SeriesID
                    do throws(SegmentError) {
                        id = try segment.id(of: series)
                    } catch {
                        // All of its chunks are damaged: their readers will say so.
                        guard case .chunk = error else { throw error }
                        id = SeriesIdentity.id(of: try texts.labels(of: series))
                    }
                    let entry: Int
                    if let known = numbers[id] {
                        entry = known
                    } else {
                        let labels = try texts.labels(of: series)
                        entry = entries.count
                        numbers[id] = entry
                        entries.append(Entry(labels: labels))
                    }
                    let place = places.count
                    places.append(Place(segment: Int32(number), series: Int32(series)))
                    if entries[entry].firstPlace < 0 {
                        entries[entry].firstPlace = place
                    } else {
                        places[entries[entry].lastPlace].next = place
                    }
                    entries[entry].lastPlace = place
                }
            } catch {
                database.note(damage: error, in: segment)
                Selection.add(error, to: &warnings)
            }
        }
        self.places = places
        self.entries = entries.count > 1 ? entries.sorted { $0.labels < $1.labels } : entries
        if !warnings.isEmpty { notes.withLock { $0 = warnings } }
    }

    deinit {
        let pin = pin
        database.head.withLock { $0.memory.unpin(pin) }
    }

    /// The number of series, in order of their labels.
    public var count: Int { entries.count }

    /// What could not be read so far and is missing from the answer, in words for people, each once.
    ///
    /// To be asked after the reading. At most sixteen.
    public var warnings: [String] { notes.withLock { $0 } }

    /// The labels of a series.
    public func labels(at index: Int) -> Labels { entries[index].labels }

    /// Adds the samples of a series inside `range` to `columns`, in ascending time, one a time.
    ///
    /// Where chunks overlap in time, the one of the lower sequence wins (architecture section 5).
    /// A chunk that turns out to be damaged is left out, counted, copied to quarantine and among the
    /// `warnings`: the rest is served.
    public func read(at index: Int, in range: TimeRange, into columns: inout SampleColumns) {
        let merge = ColumnMerge(range, behind: columns)
        var place = entries[index].firstPlace
        while place >= 0 {
            let (segment, series) = (segments[Int(places[place].segment)], places[place].series)
            do throws(SegmentError) {
                try segment.forEachChunk(of: Int(series)) { chunk in
                    guard chunk.overlaps(range) else { return }
                    let start = columns.count
                    do throws(SegmentError) {
                        try segment.decode(chunk, into: &columns)
                        merge.settle(from: start, in: &columns)
                    } catch {
                        note(error, segment, chunk)
                    }
                }
            } catch {
                note(error, segment, nil)
            }
            place = places[place].next
        }
        guard let view = entries[index].head else { return }
        for chunk in view.chunks {
            let start = columns.count
            do throws(CodecError) {
                try chunk.decode(times: &columns.times, values: &columns.values)
            } catch {
                preconditionFailure("BUG: a chunk in memory does not decode: \(error)")
            }
            merge.settle(from: start, in: &columns)
        }
        for run in view.late {
            let start = columns.count
            columns.times.append(contentsOf: run.times)
            columns.values.append(contentsOf: run.values.lazy.map { Double(bitPattern: $0) })
            merge.settle(from: start, in: &columns)
        }
    }

    private func note(_ error: SegmentError, _ segment: SegmentReader, _ chunk: ChunkRef?) {
        database.note(damage: error, in: segment, chunk)
        notes.withLock { notes in Selection.add(error, to: &notes) }
    }

    fileprivate static func add(_ error: SegmentError, to warnings: inout [String]) {
        let text = "samples are missing, a part of a segment cannot be read: \(error)"
        guard warnings.count < warningLimit, !warnings.contains(text) else { return }
        warnings.append(text)
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
        // Asked first: it may be over in a moment.
        let isPartial = isReplaying
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
            range: range,
            isPartial: isPartial
        )
    }

    /// The names of all labels of series with samples inside `range`.
    /// - Throws: as `select`.
    public func labelNames(
        _ matchers: [LabelMatcher] = [],
        in range: TimeRange = .all
    ) throws(SegmentError) -> LabelTexts {
        guard matchers.isEmpty else {
            let selection = try select(matchers, in: range)
            var names: Set<String> = []
            for index in 0..<selection.count {
                for label in selection.labels(at: index).array { names.insert(label.name) }
            }
            return LabelTexts(names.sorted(by: bytewise), warnings: selection.warnings)
        }
        let (inHead, segments) = head.withLock { ($0.index.labelNames, sealed.withLock { $0 }) }
        return texts(inHead, segments, range) { segment throws(SegmentError) in
            try segment.labelNames()
        }
    }

    /// All values of a label of series with samples inside `range`.
    /// - Throws: as `select`.
    public func labelValues(
        of name: String,
        _ matchers: [LabelMatcher] = [],
        in range: TimeRange = .all
    ) throws(SegmentError) -> LabelTexts {
        guard matchers.isEmpty else {
            let selection = try select(matchers, in: range)
            let values = (0..<selection.count).compactMap { selection.labels(at: $0)[name] }
            return LabelTexts(Set(values).sorted(by: bytewise), warnings: selection.warnings)
        }
        let (inHead, segments) = head.withLock {
            ($0.index.values(of: name), sealed.withLock { $0 })
        }
        return texts(inHead, segments, range) { segment throws(SegmentError) in
            try segment.labelValues(of: name)
        }
    }

    // The head's texts and those of the segments that overlap `range`.
    private func texts(
        _ inHead: [String],
        _ segments: [SegmentReader],
        _ range: TimeRange,
        _ read: (SegmentReader) throws(SegmentError) -> [String]
    ) -> LabelTexts {
        var texts = Set(inHead)
        var warnings: [String] = []
        for segment in segments where segment.timeRange.overlaps(range) {
            do throws(SegmentError) {
                texts.formUnion(try read(segment))
            } catch {
                note(damage: error, in: segment)
                Selection.add(error, to: &warnings)
            }
        }
        return LabelTexts(texts.sorted(by: bytewise), warnings: warnings)
    }

    // Damage that a read came upon. Without its directory a segment is no use: it goes to quarantine,
    // and its batches come back from the buffer at the next start where they are still there. A
    // damaged block or chunk costs what is in it; the bytes of a chunk are set aside as they are.
    func note(damage error: SegmentError, in segment: SegmentReader, _ chunk: ChunkRef? = nil) {
        let (isFirst, isNew) = sealing.withLock { counters in
            counters.damagedReads += 1
            return (
                counters.damagedPaths.insert(segment.path).inserted,
                chunk.map { chunk in
                    counters.damagedPaths.count < Database.damageLimit
                        && counters.damagedPaths.insert("\(segment.path) \(chunk.offset)").inserted
                } ?? false
            )
        }
        if isFirst {
            log.error(
                "a part of a segment cannot be read",
                ("path", segment.path),
                ("cause", "\(error)")
            )
        }
        if let chunk, isNew, error.isDamage, !options.isReadOnly {
            keepAside(chunk, of: segment, reason: "\(error)")
        }
        guard isFirst, case .checksum(_, .directory, _, _, _) = error else { return }
        sealed.withLock { segments in segments.removeAll { $0 === segment } }
        book.withLock { $0.note(gone: segment.range, .damage) }
        storage.setAside(segment.name, reason: "\(error)")
    }

    // So many damaged places are told apart; beyond that they are only counted.
    private static var damageLimit: Int { 10_000 }

    private func keepAside(_ chunk: ChunkRef, of segment: SegmentReader, reason: String) {
        do throws(SegmentError) {
            let bytes = try segment.content(of: chunk)
            quarantine.keep(bytes, of: segment.path, at: Int64(chunk.offset), reason: reason)
        } catch {
            log.error(
                "damaged bytes cannot be copied aside",
                ("path", segment.path),
                ("cause", "\(error)")
            )
        }
    }
}

private func bytewise(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
}
