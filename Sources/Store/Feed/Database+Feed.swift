// The feed: from the memory ring, else from the buffer, else from the segment that begins there.
// Architecture section 5, "Feed".
internal import Codec
internal import Model
internal import Platform
internal import Synchronization

/// The series of the head, by their handles.
final class HeadFeedTable: FeedSeriesTable {
    private struct Reference {
        weak var database: Database?
    }

    private let reference = Lock(Reference())

    /// Binds the table to its database, once it exists.
    func bind(_ database: Database) {
        reference.withLock { $0.database = database }
    }

    func labels(of series: UInt64) -> Labels {
        let database = reference.withLock { $0.database }
        return database?.head.withLock { $0.labels(of: SeriesHandle(raw: series)) } ?? Labels()
    }
}

/// Readers of the disk, kept between two slices so that none starts over.
struct FeedReaders {
    // One a destination that is behind; more destinations than this take turns at starting over.
    private static let capacity = 8

    private var buffers: [BufferFeed] = []
    private var segments: [SegmentFeed] = []

    /// Takes out a reader of the part that has not passed `number` yet.
    mutating func takeBuffer(_ part: BufferPart, _ number: SequenceNumber) -> BufferFeed? {
        let place = buffers.firstIndex { $0.part == part && $0.passed <= number }
        return place.map { buffers.remove(at: $0) }
    }

    mutating func takeSegment(_ path: String) -> SegmentFeed? {
        let place = segments.firstIndex { $0.segment.path == path }
        return place.map { segments.remove(at: $0) }
    }

    /// Lets go of readers of segments that are no more.
    mutating func forget(_ paths: [String]) {
        segments.removeAll { paths.contains($0.segment.path) }
    }

    mutating func put(_ feed: BufferFeed) {
        buffers.append(feed)
        if buffers.count > FeedReaders.capacity { buffers.removeFirst() }
    }

    mutating func put(_ feed: SegmentFeed) {
        segments.append(feed)
        if segments.count > FeedReaders.capacity { segments.removeFirst() }
    }
}

extension Database: BatchFeed {
    /// While the buffer is replayed, a position behind all that it may hold.
    public var end: FeedPosition {
        let number = writer.withLock { writer in
            writer.isReplaying ? max(writer.lastNumber, firstOfStart) : writer.lastNumber
        }
        return FeedPosition(number: number)
    }

    public func nextInMemory(after position: FeedPosition, limit: Int) -> FeedStep {
        guard position.time == nil else { return .onDisk }
        return ring.withLock { ring -> FeedStep in
            var from = position
            while let rest = ring.batches(after: from.number) {
                let next = FeedSlicing.next(after: from, rest, limit: limit, headTable)
                guard let slice = next else { return .caughtUp }
                if slice.count > 0 { return .slice(slice.starting(at: position)) }
                from = slice.to
            }
            return .onDisk
        }
    }

    public func next(
        after position: FeedPosition,
        limit: Int
    ) throws(StoreError) -> FeedSlice? {
        var place = position
        var jump: FeedJump?
        while true {
            if case .slice(let slice) = nextInMemory(after: place, limit: limit) {
                return slice.starting(at: position, jump)
            }
            switch source(after: place) {
            case .nothing: return nothing(from: position, to: place, jump)
            case .skipTo(let next):
                place = next
                jump = jump ?? FeedJump()
                jump?.goneTo = next
            case .buffer(let info):
                let (slice, hasHoles) = try nextInBuffer(info, place, limit)
                // Asks again: the epoch's segment has what the part has lost.
                if hasHoles, !info.hasHoles, noteHoles(in: info, at: place) { continue }
                guard let slice else {
                    // The part's last batches are passed: what follows is in the next one.
                    guard info.last > place.number else {
                        return nothing(from: position, to: place, jump)
                    }
                    place = FeedPosition(number: info.last)
                    continue
                }
                if slice.count > 0 { return slice.starting(at: position, jump) }
                place = slice.to
            case .segment(let segment, let isResend):
                let begin =
                    isResend ? FeedPosition(number: segment.range.after) : place
                guard let slice = try nextInSegment(segment, begin, nil, limit) else { continue }
                if isResend {
                    jump = jump ?? FeedJump()
                    jump?.restart = begin.number
                }
                if slice.count > 0 {
                    return slice.starting(at: position, jump, mayBeResend: isResend)
                }
                place = slice.to
            }
        }
    }

    // What cannot be read any more is passed, also where nothing comes after it.
    private func nothing(
        from position: FeedPosition,
        to place: FeedPosition,
        _ jump: FeedJump?
    ) -> FeedSlice? {
        guard position < place else { return nil }
        return FeedSlice(
            from: position,
            to: place,
            isLate: false,
            mayBeResend: false,
            series: [],
            times: [],
            values: [],
            table: headTable,
            jump: jump
        )
    }

    /// - Throws: `.replaying` where it may turn up when the replay is over.
    public func slice(
        from: FeedPosition,
        to: FeedPosition
    ) throws(StoreError) -> FeedSlice? {
        // Asked first: it may be over in a moment.
        let isReplaying = isReplaying
        let slice = try sliceNow(from: from, to: to)
        if slice == nil, isReplaying { throw .replaying }
        return slice
    }

    private func sliceNow(
        from: FeedPosition,
        to: FeedPosition
    ) throws(StoreError) -> FeedSlice? {
        if from.time == nil, to.time == nil {
            let inMemory = ring.withLock { ring -> FeedSlice? in
                guard let batches = ring.batches(after: from.number) else {
                    return nil
                }
                return FeedSlicing.exactly(from: from, to: to, batches, headTable)
            }
            if let inMemory { return inMemory }
        }
        if case .segment(let segment, false) = source(after: from) {
            // A place among the batches cannot be found in a segment, which is in order of time.
            guard to.time != nil || to.number >= segment.range.through else { return nil }
            guard let slice = try nextInSegment(segment, from, to, .max) else {
                return try sliceNow(from: from, to: to)
            }
            // What came from memory may reach over a border that lies between its batches since: the
            // beginning of it alone is not that slice.
            if slice.count > 0 { return slice.to < to ? nil : slice.ending(at: to) }
            // Nothing more in that segment: the slice began behind it.
            guard slice.to < to else { return nil }
            return try sliceNow(from: slice.to, to: to)?.starting(at: from)
        }
        guard from.time == nil, to.time == nil else { return nil }
        return try sliceInBuffers(from: from, to: to)
    }

    // A slice that came from memory may reach over the border between two parts.
    private func sliceInBuffers(
        from: FeedPosition,
        to: FeedPosition
    ) throws(StoreError) -> FeedSlice? {
        guard case .buffer(let first) = source(after: from) else { return nil }
        let parts = writer.withLock { $0.parts }
        var batches: [FeedBatch] = []
        var tables: [BufferFeedTable] = []
        for info in parts where info.last >= first.last && info.after <= to.number {
            var feed = BufferFeed(info, try buffer.read(info.part))
            let found = try feed.batches(after: from.number, samples: .max, limit: info.bytes)
            let wanted = found.prefix { $0.number <= to.number || to.offset > 0 }
            batches += wanted.map { $0.renumbered(table: tables.count) }
            tables.append(feed.table)
        }
        guard let last = batches.last, to.number <= last.number else { return nil }
        return FeedSlicing.exactly(from: from, to: to, batches[...], JoinedFeedTable(tables))
    }

    public func pin(_ destination: String, at position: FeedPosition) {
        pins.withLock { $0.pin(destination, at: position) }
    }

    public func offer(_ destination: String, through position: FeedPosition) {
        pins.withLock { $0.offer(destination, through: position) }
    }

    public func unpin(_ destination: String) {
        pins.withLock { $0.unpin(destination) }
    }

    public func subscribe(_ wake: @escaping @Sendable () -> Void) -> Int {
        subscribers.withLock { subscribers in
            hasSubscribers.store(true, ordering: .relaxed)
            return subscribers.add(wake)
        }
    }

    public func unsubscribe(_ token: Int) {
        subscribers.withLock { subscribers in
            subscribers.remove(token)
            hasSubscribers.store(!subscribers.all.isEmpty, ordering: .relaxed)
        }
    }

    private enum Source {
        case nothing
        case skipTo(FeedPosition)
        case buffer(KeptPart)
        case segment(SegmentReader, isResend: Bool)
    }

    // Where the batches behind `position` are.
    private func source(after position: FeedPosition) -> Source {
        let isReplaying = writer.withLock { $0.isReplaying }
        let segments = sealed.withLock { $0 }
        if isReplaying {
            // What is not in a segment from its beginning on may be in a part yet to come.
            let segment = segments.first { $0.range.after == position.number }
            guard let segment, position.time != nil || position.offset == 0 else { return .nothing }
            return .segment(segment, isResend: false)
        }
        // What was deleted is gone also where the buffer still has it.
        if let gone = book.withLock({ $0.gone(after: position.number) }), gone.fate != .damage {
            return .skipTo(FeedPosition(number: gone.range.through))
        }
        if position.time != nil {
            if let segment = segments.first(where: { $0.range.after == position.number }) {
                return .segment(segment, isResend: false)
            }
            // The segment is gone: what follows it is next.
            guard let next = segments.first(where: { $0.range.after > position.number }) else {
                let newest = writer.withLock { $0.epochAfter }
                return newest > position.number ? .skipTo(FeedPosition(number: newest)) : .nothing
            }
            return .skipTo(FeedPosition(number: next.range.after))
        }
        let parts = writer.withLock { $0.parts }
        let part = parts.first { $0.last > position.number }
        let segment = segments.first { $0.range.contains(after: position.number) }
        if let part, part.after <= position.number, !part.hasHoles || segment == nil {
            return .buffer(part)
        }
        if let segment {
            let isAtStart = segment.range.after == position.number && position.offset == 0
            return .segment(segment, isResend: !isAtStart)
        }
        let next = [
            part?.after, segments.first { $0.range.after > position.number }?.range.after,
        ].compactMap { $0 }.min()
        return next.map { .skipTo(FeedPosition(number: $0)) } ?? .nothing
    }

    private func nextInBuffer(
        _ info: KeptPart,
        _ position: FeedPosition,
        _ limit: Int
    ) throws(StoreError) -> (slice: FeedSlice?, hasHoles: Bool) {
        var feed: BufferFeed
        if let kept = readers.withLock({ $0.takeBuffer(info.part, position.number) }) {
            feed = kept
        } else {
            feed = BufferFeed(info, try buffer.read(info.part))
        }
        let (wanted, overflow) = limit.addingReportingOverflow(Int(position.offset))
        let batches = try feed.batches(
            after: position.number,
            samples: overflow ? .max : wanted,
            limit: info.bytes
        )
        let slice = FeedSlicing.next(after: position, batches, limit: limit, feed.table)
        readers.withLock { $0.put(feed) }
        return (slice, feed.hasHoles)
    }

    // Remembers that a part has lost batches; true when a segment has those behind `position`.
    private func noteHoles(in lossy: KeptPart, at position: FeedPosition) -> Bool {
        writer.withLock { writer in
            for place in writer.parts.indices where writer.parts[place].part == lossy.part {
                writer.parts[place].hasHoles = true
            }
        }
        return sealed.withLock { segments in
            segments.contains { $0.range.contains(after: position.number) }
        }
    }

    // Nil when the segment is not to be read any more: it was merged with others.
    private func nextInSegment(
        _ segment: SegmentReader,
        _ position: FeedPosition,
        _ end: FeedPosition?,
        _ limit: Int
    ) throws(StoreError) -> FeedSlice? {
        // From here on it stays as it is, until every destination is past it.
        let isHere = sealed.withLock { segments in
            segments.contains { $0 === segment } && pins.withLock { $0.give(segment.range) }
        }
        guard isHere else {
            housekeeping.withLock { _ in }
            return nil
        }
        var feed = readers.withLock { $0.takeSegment(segment.path) } ?? SegmentFeed(segment)
        do throws(SegmentError) {
            let slice = try feed.slice(after: position, until: end, limit: limit)
            readers.withLock { $0.put(feed) }
            // Read through: its pages need not count as memory of this process any longer.
            if slice.to.number == segment.range.through { segment.advise(.dontNeed) }
            return slice
        } catch {
            note(damage: error, in: segment)
            throw .damaged(path: segment.path, what: "\(error)")
        }
    }
}

extension SequenceRange {
    /// Whether the batch after `number` could lie inside.
    func contains(after number: SequenceNumber) -> Bool { after <= number && number < through }
}

extension FeedSlice {
    /// The same slice under another name for its end, with nothing between.
    func ending(at position: FeedPosition) -> FeedSlice {
        if position == to { return self }
        return FeedSlice(
            from: from,
            to: position,
            isLate: isLate,
            mayBeResend: mayBeResend,
            series: series,
            times: times,
            values: values,
            table: table
        )
    }

    /// The same slice for a reader that stood at `position`, with nothing between.
    func starting(
        at position: FeedPosition,
        _ jump: FeedJump? = nil,
        mayBeResend: Bool = false
    ) -> FeedSlice {
        if position == from, jump == nil, mayBeResend == self.mayBeResend { return self }
        return FeedSlice(
            from: position,
            to: to,
            isLate: isLate,
            mayBeResend: mayBeResend || self.mayBeResend,
            series: series,
            times: times,
            values: values,
            table: table,
            jump: jump
        )
    }
}
