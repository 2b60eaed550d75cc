// One target's way from bytes to batch: parse, look up, collect. Synchronous, no allocation a sample.
internal import Codec
internal import Formats
internal import Model

/// What a target is known to have, and what the scrape under way brings.
///
/// The order of calls of one scrape: `begin`, `take` for each piece, `finish`, `wanted` and `admit`,
/// `batch`; after `.unknownSeries` `relearn` and `admit` again.
struct ScrapeIntake {
    private(set) var rules: SeriesLabels
    var cache = SeriesCache()
    private var parser = ExpositionParser()
    private var families = FamilyNotes()

    // The scrape under way.
    private(set) var scrape: UInt32 = 0
    private(set) var failure: ScrapeError?
    private(set) var scraped = 0
    private(set) var kept = 0
    var found: [UInt32] = []
    var values: [Double] = []
    var times: [Int64?] = []
    var hasTimes = false
    var duplicates = 0
    var wantedSlots: [UInt32] = []
    private var wantedLabels: [Labels] = []
    private var guess = 0
    // The slot that the parser's line was found to be before it was delimited, else -1.
    private var matched = -1
    // The last scrape that had samples at all.
    private var lastParsed: UInt32 = 0

    // The last successful one.
    var lastStored: UInt32 = 0
    /// Series of before a change of the rules: marked when the next scrape has not got them.
    var orphans: [SeriesHandle] = []
    var report: [SeriesHandle?] = ScrapeReport.names.map { _ in nil }
    /// The slots behind the places of the last batch, -1 for an orphan; the report follows them.
    var places: [Int32] = []

    init(_ rules: SeriesLabels) {
        self.rules = rules
    }

    /// Forgets what raw lines mean, because the job's rules changed; what they were is remembered.
    mutating func change(_ rules: SeriesLabels) {
        orphans += cache.slots.filter(\.isTracked).map { SeriesHandle(raw: $0.handle) }
        cache = SeriesCache()
        families = FamilyNotes()
        self.rules = rules
    }

    mutating func begin() {
        sweep()
        scrape += 1
        parser = ExpositionParser()
        failure = nil
        scraped = 0
        kept = 0
        found.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        hasTimes = false
        duplicates = 0
        wantedSlots.removeAll(keepingCapacity: true)
        wantedLabels.removeAll(keepingCapacity: true)
        guess = 0
        matched = -1
    }

    /// Takes a piece of the body; false when the scrape has failed and no more is wanted.
    mutating func take(
        _ piece: Span<UInt8>,
        _ note: (String, MetadataNote) -> Void
    ) -> Bool {
        guard failure == nil else { return false }
        // The parser leaves for the time, so that its lines may change everything else.
        var parser = self.parser
        do throws(ExpositionError) {
            try parser.feed(
                piece,
                known: { bytes, offset in
                    let length = cache.length(of: guess, at: offset, in: bytes)
                    matched = length > 0 ? guess : -1
                    return length
                }
            ) { (line, bytes, number) throws(ExpositionError) in
                take(line, bytes, number, note)
            }
        } catch {
            failure = failure ?? .text(error)
        }
        self.parser = parser
        return failure == nil
    }

    /// Takes the end of the body; false when the scrape has failed.
    mutating func finish(_ note: (String, MetadataNote) -> Void) -> Bool {
        guard failure == nil else { return false }
        var parser = self.parser
        do throws(ExpositionError) {
            try parser.finish { (line, bytes, number) throws(ExpositionError) in
                take(line, bytes, number, note)
            }
        } catch {
            failure = failure ?? .text(error)
        }
        return failure == nil
    }

    /// Fails the scrape under way, unless it has failed already.
    mutating func fail(_ error: ScrapeError) { failure = failure ?? error }

    private mutating func take(
        _ line: ExpositionLine,
        _ bytes: Span<UInt8>,
        _ number: Int,
        _ note: (String, MetadataNote) -> Void
    ) {
        guard failure == nil else { return }
        switch line {
        case .sample(let series, let value, let time): take(series, value, time, bytes, number)
        case .help(let name, let text): families.help(bytes, name, text, note)
        case .type(let name, let kind): families.kind(bytes, name, kind, note)
        }
    }

    private mutating func take(
        _ series: Range<Int>,
        _ value: Double,
        _ time: Int64?,
        _ bytes: Span<UInt8>,
        _ line: Int
    ) {
        scraped += 1
        let slot: Int
        if matched >= 0, Int(cache.slots[matched].length) == series.count {
            slot = matched
        } else {
            slot = cache.find(bytes, series, expecting: guess) ?? cache.insert(bytes, series)
        }
        matched = -1
        guess = slot + 1
        let known = cache.slots[slot]
        let time = rules.options.honorTimestamps ? time : nil
        let isRepeated = known.lastSeen == scrape
        cache.update(slot) { $0.lastSeen = scrape }
        if !isRepeated, needsLook(known) {
            do throws(ScrapeError) {
                try look(slot, bytes.extracting(series), line: line)
            } catch {
                failure = error
                return
            }
        }
        if cache.slots[slot].state == .dropped { return }
        kept += 1
        if rules.options.sampleLimit > 0, kept > rules.options.sampleLimit {
            failure = .sampleLimit(rules.options.sampleLimit)
            return
        }
        if isRepeated, time == nil {
            duplicates += 1
            return
        }
        found.append(UInt32(slot))
        values.append(value)
        if time != nil, !hasTimes {
            hasTimes = true
            times = Array(repeating: nil, count: found.count - 1)
        }
        if hasTimes { times.append(time) }
    }

    // A refused series is asked for again now and then: room may have come.
    private func needsLook(_ slot: SeriesCache.Slot) -> Bool {
        slot.state == .pending || slot.state == .refused && scrape % 32 == 0
    }

    private mutating func look(
        _ slot: Int,
        _ raw: Span<UInt8>,
        line: Int
    ) throws(ScrapeError) {
        guard let labels = try rules.labels(raw, line: line, column: 1) else {
            cache.update(slot) { $0.state = .dropped }
            return
        }
        wantedSlots.append(UInt32(slot))
        wantedLabels.append(labels)
    }

    // Entries that stay away are let go: after 8 scrapes, or at once when they are too many.
    private mutating func sweep() {
        if scraped > 0 { lastParsed = scrape }
        let tooMany =
            scraped > 0 && failure == nil && cache.slots.count > 2 * found.count + 1000
        guard tooMany || scrape % 8 == 0 else { return }
        let oldest = tooMany ? lastParsed : lastParsed - min(lastParsed, 8)
        cache.sweep { $0.lastSeen >= oldest || $0.isTracked }
    }
}

extension ScrapeIntake {
    /// The series that the store has to admit before `batch`, those of the report among them.
    func wanted() -> [Labels] {
        wantedLabels
            + zip(report, ScrapeReport.names).filter { $0.0 == nil }
            .map { rules.reportLabels($0.1) }
    }

    /// Takes the store's answers to `wanted`.
    mutating func admit(_ answers: [SeriesAdmission]) {
        var rest = answers[...]
        for slot in wantedSlots {
            guard let answer = rest.popFirst() else { return }
            cache.update(Int(slot)) { slot in
                switch answer {
                case .admitted(let handle):
                    slot.handle = handle.raw
                    slot.state = .admitted
                case .refused(let reason):
                    slot.refusal = reason.rawValue
                    slot.state = .refused
                }
            }
        }
        for index in report.indices where report[index] == nil {
            guard let answer = rest.popFirst() else { return }
            if case .admitted(let handle) = answer { report[index] = handle }
        }
        wantedSlots.removeAll(keepingCapacity: true)
        wantedLabels.removeAll(keepingCapacity: true)
    }

    /// Notes that the store let go of the series at these places of the last batch.
    mutating func relearn(_ unknown: [Int]) {
        for place in unknown {
            guard place < places.count else {
                let index = place - places.count
                if index < report.count { report[index] = nil }
                continue
            }
            let slot = Int(places[place])
            // An orphan's labels are no longer known: the store has let it go, so must we.
            guard slot >= 0 else { continue }
            cache.update(slot) { $0.state = .pending }
            let labels = try? rules.labels(cache.raw(slot).span, line: 0, column: 1)
            if let labels = labels.flatMap({ $0 }) {
                wantedSlots.append(UInt32(slot))
                wantedLabels.append(labels)
            }
        }
    }
}
