// One destination of a simulated agent: `ShipState` with a real cursor file and feed, and a network
// and a receiver made of chance. Every promise is checked where it could be broken.
import Forward
import Platform
import Store

/// One destination, through all lives of the process.
struct ShipLane {
    private struct Request {
        let id: UInt64
        let border: RequestBorder
        let isLate: Bool
        let whole: UInt64
        let samples: [SimulatedReceiver.Sample]
    }

    // A slice as it is encoded: its labels are looked up once.
    private struct Payload {
        let slice: FeedSlice
        let samples: [SimulatedReceiver.Sample]
    }

    private struct Write {
        let record: CursorRecord
        let sync: Bool
    }

    let name: String
    private(set) var receiver: SimulatedReceiver
    private(set) var limits: ShipLimits
    /// Whether nothing gets through at the moment.
    var isOut = false
    /// Whether everything is answered with 500 at the moment.
    var isFailing = false
    /// How many samples were set aside.
    private(set) var setAside = 0
    /// Samples that were refused for good.
    private(set) var refused: Set<Int> = []
    private var hasForeign = false
    // Whose answer was lost, here or on the way to the cursor file.
    private var mayRepeat: Set<Int> = []
    // Answered requests that the cursor file does not know of for certain.
    private var unsettled: [(border: RequestBorder, ids: [Int])] = []
    // Behind it begins the epoch in which the place was lost with its buffer.
    private var lostEpoch: SequenceNumber?
    // Whether a record ever was safe: until then nothing was sent either.
    private var hasSynced = false
    // Requests that failed, or were not answered by the last process: until they are, they go alone.
    private var owed: Set<RequestBorder> = []
    private var begun: Set<RequestBorder> = []
    private var serverFailures: [RequestBorder: Int] = [:]
    // Answered for good in this process.
    private var answered: Set<Int> = []
    private var settledOf: [UInt64: UInt64] = [:]
    private var sentInStep: [(border: RequestBorder, isBegun: Bool, isAlone: Bool)] = []
    private var ledger = LaneLedger()
    // No order is promised for late samples, and for a segment that goes from its beginning because the
    // place in it is lost.
    private var unordered: Set<Int> = []

    // The process.
    private var state: ShipState?
    private var cursor: CursorFile?
    private var file = CursorRecord(acked: FeedPosition(number: .zero))
    private var payloads: [UInt64: Payload] = [:]
    private var fetches: [ShipAction] = []
    private var writes: [Write] = []
    private var requests: [Request] = []
    private var timerAt: Int64?
    private(set) var isFinished = false

    init(_ name: String, _ receiver: SimulatedReceiver, _ limits: ShipLimits) {
        self.name = name
        self.receiver = receiver
        self.limits = limits
    }

    /// Whether it waits for nothing but news.
    var isIdle: Bool {
        fetches.isEmpty && writes.isEmpty && requests.isEmpty && timerAt == nil
    }

    /// Whether all that is stored was answered.
    var isInStep: Bool { state?.isInStep ?? false }

    // MARK: Life

    /// Starts, as `Shipper.run` does.
    mutating func start(
        _ database: Database,
        _ place: CursorPlace,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        let found: FoundCursor
        do throws(ForwardError) {
            (cursor, found) = try CursorFile.open(place, name: name)
        } catch { throw BrokenPromise("\(name): the cursor does not open: \(error)") }
        try BrokenPromise.unless(
            found.trouble == nil || !hasSynced,
            "\(name): \(String(describing: found.trouble))"
        )
        let record = found.record ?? CursorRecord(acked: FeedPosition(number: .zero))
        file = record
        owed = Set(record.attempted.filter { !$0.isAnswered })
        ledger = LaneLedger(record)
        if found.mayMissWrites {
            for one in unsettled where record.acked < one.border.to { mayRepeat.formUnion(one.ids) }
        }
        state = ShipState(
            record: record,
            doubtfulUntil: found.mayMissWrites ? database.end : nil,
            limits: limits
        )
        database.offer(name, through: found.mayMissWrites ? database.end : record.offered)
        database.pin(name, at: record.acked)
        isFinished = false
        try tell(.started, &world)
    }

    /// The process is killed: what was asked to be written may be there, what was sent may arrive.
    mutating func kill(_ world: inout ShipWorldParts) {
        for write in writes where Bool.random(using: &world.random) {
            try? cursor?.write(write.record, sync: false)
        }
        for request in requests where !isOut && Bool.random(using: &world.random) {
            _ = receiver.take(request.samples)
        }
        for request in requests { mayRepeat.formUnion(request.samples.map(\.id)) }
        for one in unsettled { mayRepeat.formUnion(one.ids) }
        forgetProcess()
    }

    /// Ends in order and starts again with other limits, as a reload does.
    mutating func reload(
        _ limits: ShipLimits,
        _ database: Database,
        _ truth: ShipTruth,
        _ place: CursorPlace,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        try tell(.stop, &world)
        for _ in 0..<4 where !isFinished {
            try step(database, truth, &world)
            try checkStep(truth)
        }
        try tell(.stopNow, &world)
        while !isFinished {
            try BrokenPromise.unless(!writes.isEmpty, "\(name): a stop that writes nothing hangs")
            try finishWrite(database, &world)
        }
        // What is still on its way may arrive.
        for request in requests where !isOut && Bool.random(using: &world.random) {
            _ = receiver.take(request.samples)
        }
        for request in requests { mayRepeat.formUnion(request.samples.map(\.id)) }
        // Of a request that was cut in parts the cursor knows only whether all of them were answered.
        for one in unsettled { mayRepeat.formUnion(one.ids) }
        forgetProcess()
        self.limits = limits
        try start(database, place, &world)
    }

    /// The disk was emptied: the next start has no cursor, and a store without a past.
    mutating func forgetStore() {
        hasSynced = false
        unsettled = []
        lostEpoch = nil
        file = CursorRecord(acked: FeedPosition(number: .zero))
    }

    /// Another sender's sample gets to the receiver.
    mutating func takeForeign(timeMs: Int64) {
        hasForeign = true
        receiver.takeForeign(timeMs: timeMs)
    }

    private mutating func forgetProcess() {
        state = nil
        cursor = nil
        owed = []
        begun = []
        serverFailures = [:]
        answered = []
        settledOf = [:]
        sentInStep = []
        payloads = [:]
        fetches = []
        writes = []
        requests = []
        timerAt = nil
    }

    // MARK: Steps

    /// The store has something new.
    mutating func wake(_ world: inout ShipWorldParts) throws(BrokenPromise) {
        try tell(.woken, &world)
    }

    /// One thing that was asked for happens.
    mutating func step(
        _ database: Database,
        _ truth: ShipTruth,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        guard state != nil, !isFinished else { return }
        switch Int.random(in: 0..<5, using: &world.random) {
        case 0: if !fetches.isEmpty { try finishFetch(database, truth, &world) }
        case 1: if !writes.isEmpty { try finishWrite(database, &world) }
        case 2, 3:
            if !requests.isEmpty {
                let index = Int.random(in: 0..<requests.count, using: &world.random)
                try answer(index, truth, &world)
            }
        default: try fireTimer(&world, waits: false)
        }
    }

    /// The next thing that was asked for happens; nothing fails on the way.
    mutating func drain(
        _ database: Database,
        _ truth: ShipTruth,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        isOut = false
        isFailing = false
        receiver.heal()
        if !fetches.isEmpty {
            try finishFetch(database, truth, &world)
        } else if !writes.isEmpty {
            try finishWrite(database, &world)
        } else if !requests.isEmpty {
            try answer(0, truth, &world)
        } else {
            try fireTimer(&world, waits: true)
        }
    }

    private mutating func fireTimer(
        _ world: inout ShipWorldParts,
        waits: Bool
    ) throws(BrokenPromise) {
        guard let at = timerAt else { return }
        let nowNs = world.clock.nowNs()
        if at > nowNs {
            guard waits else { return }
            world.clock.advance(by: .nanoseconds(at - nowNs))
        }
        timerAt = nil
        try tell(.timer, &world)
    }

    private mutating func finishFetch(
        _ database: Database,
        _ truth: ShipTruth,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        let slice: FeedSlice?
        let id: UInt64
        do throws(StoreError) {
            switch fetches.removeFirst() {
            case .fetch(let wanted, let after, let limit):
                id = wanted
                switch database.nextInMemory(after: after, limit: limit) {
                case .slice(let found): slice = found
                case .caughtUp: slice = nil
                case .onDisk: slice = try database.next(after: after, limit: limit)
                }
            case .refetch(let wanted, let border):
                id = wanted
                slice = try database.slice(from: border.from, to: border.to)
            default: preconditionFailure("BUG: no fetch")
            }
        } catch { throw BrokenPromise("\(name): the feed cannot be read: \(error)") }
        let spreadMs = limits.spreadMs
        let found = slice?.inTimeOrder(spreadMs: spreadMs)
        payloads[id] = try found.map { slice throws(BrokenPromise) in try payload(slice, truth) }
        if let found, found.count == 0 {
            owed.remove(RequestBorder(from: found.from, to: found.to))
        }
        let failing = state?.failingSeries
        let facts = found.map { slice in
            var facts = SliceFacts(of: slice, spreadMs: spreadMs)
            facts.failing = failing.map { slice.series(among: $0) }
            return facts
        }
        try tell(.fetched(id: id, facts: facts), &world)
    }

    private mutating func payload(
        _ slice: FeedSlice,
        _ truth: ShipTruth
    ) throws(BrokenPromise) -> Payload {
        var samples: [SimulatedReceiver.Sample] = []
        // In order of time, not of batches.
        let isInSegment = slice.from.time != nil || slice.to.time != nil || slice.mayBeResend
        for index in 0..<slice.count {
            guard let series = ShipTruth.series(of: slice.table.labels(of: slice.series[index]))
            else { throw BrokenPromise("\(name): a sample without its labels") }
            let id = Int(slice.values[index])
            let number = truth.samples[id].number
            try BrokenPromise.unless(
                isInSegment
                    || slice.from.number < number
                        && (number <= slice.to.number || slice.to.offset > 0),
                "\(name): sample \(id) of batch \(number) between \(slice.from) and \(slice.to)"
            )
            samples.append(.init(id: id, series: series, timeMs: slice.times[index]))
            if slice.isLate { unordered.insert(id) }
            if slice.mayBeResend || slice.from.time != nil && slice.from.number == lostEpoch {
                mayRepeat.insert(id)
                unordered.insert(id)
            }
        }
        // The place inside of an epoch was lost: its segment goes from its beginning.
        if slice.mayBeResend {
            ledger.noteLostPlace(until: slice.to)
            if slice.to.time != nil { lostEpoch = slice.to.number }
        }
        return Payload(slice: slice, samples: samples)
    }

    private mutating func finishWrite(
        _ database: Database,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        let write = writes.removeFirst()
        database.offer(name, through: write.record.offered)
        do throws(ForwardError) {
            try cursor?.write(write.record, sync: write.sync)
        } catch { throw BrokenPromise("\(name): the cursor cannot be written: \(error)") }
        file = write.record
        if write.sync {
            hasSynced = true
            unsettled.removeAll { one in
                one.border.to <= write.record.acked
                    || write.record.attempted.contains {
                        $0.isAnswered && $0.to == one.border.to
                    }
            }
        }
        pins = []
        try tell(.cursorWritten, &world)
        for position in pins { database.pin(name, at: position) }
    }

    private var pins: [FeedPosition] = []

    // MARK: The network

    private mutating func answer(
        _ index: Int,
        _ truth: ShipTruth,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        let request = requests.remove(at: index)
        let ids = request.samples.map(\.id)
        let chance = world.isCalm ? 99 : Int.random(in: 0..<100, using: &world.random)
        var answer = SimulatedReceiver.Answer(status: 0)
        var error: HTTPFailure?
        switch chance {
        case _ where isOut: error = .refused
        case _ where isFailing: answer.status = 500
        case 0..<3: error = .timeout
        case 3..<6:
            _ = receiver.take(request.samples)
            error = .timeout
        case 6..<8: answer.status = 500
        case 8..<10:
            _ = receiver.take(request.samples)
            answer.status = 503
        case 10..<12: answer.status = 429
        case 12..<14: answer.status = 413
        case 14..<15: answer.status = 401
        case 15..<16:
            answer.status = 422
            answer.refused = ids
        case 16..<18: error = .refused
        default: answer = receiver.take(request.samples)
        }
        let verdict = verdict(answer, error)
        switch verdict {
        case .retry(_, let mayHaveArrived):
            if mayHaveArrived { mayRepeat.formUnion(ids) }
            if settledOf[request.id] != request.whole { owed.insert(request.border) }
        case .failed:
            mayRepeat.formUnion(ids)
            if settledOf[request.id] != request.whole { owed.insert(request.border) }
            serverFailures[request.border, default: 0] += 1
        case .parked:
            if settledOf[request.id] != request.whole { owed.insert(request.border) }
        default: break
        }
        let before = settled
        try tell(.answered(id: request.id, verdict: verdict), &world)
        let done = settled - before
        guard done > 0 else {
            // Of a refused request a part may be there; it goes again in smaller ones.
            if answer.status == 400 { mayRepeat.formUnion(ids) }
            return
        }
        ledger.settle(request.id, done, request.border)
        settledOf[request.id, default: 0] += done
        if settledOf[request.id] == request.whole { owed.remove(request.border) }
        if answer.status == 400 { try checkRefusal(answer, request, truth, world) }
        if answer.status >= 500 {
            setAside += ids.count
            try BrokenPromise.unless(
                request.samples.allSatisfy { receiver.poison.contains($0.series) },
                "\(name): \(ids) were set aside, and the receiver takes them"
            )
        }
        // Taken or refused for good.
        unsettled.append((request.border, ids))
        if answer.status / 100 != 2 {
            refused.formUnion(answer.written == nil ? ids : answer.refused)
        }
        answered.formUnion(ids)
        for id in ids where answer.status / 100 == 2 {
            try BrokenPromise.unless(
                receiver.arrivals[id, default: 0] < 2 || mayRepeat.contains(id),
                "\(name): sample \(id) came twice, and no answer was lost"
            )
        }
    }

    private func verdict(_ answer: SimulatedReceiver.Answer, _ error: HTTPFailure?) -> Verdict {
        switch error {
        case .refused: .retry(afterMs: nil, mayHaveArrived: false)
        case .timeout: .retry(afterMs: nil, mayHaveArrived: true)
        case nil:
            if let written = answer.written, answer.status == 400 {
                .partly(acked: written, code: 400)
            } else {
                .of(status: answer.status, retryAfterSeconds: answer.status == 429 ? 2 : nil)
            }
        }
    }

    // Only what is old is refused, and takes nothing else down.
    private func checkRefusal(
        _ answer: SimulatedReceiver.Answer,
        _ request: Request,
        _ truth: ShipTruth,
        _ world: ShipWorldParts
    ) throws(BrokenPromise) {
        if request.isLate || world.clockWentBack { return }
        let times = Dictionary(uniqueKeysWithValues: request.samples.map { ($0.id, $0.timeMs) })
        func isAtTheBorder(_ id: Int) -> Bool {
            hasForeign
                && receiver.isOutOfBounds(times[id] ?? .max, marginMs: limits.spreadMs)
        }
        // A power cut or a new disk took samples that were there already: the store does not know what
        // is old any more.
        func isForgotten(_ id: Int) -> Bool {
            let newest = receiver.newest(of: truth.samples[id].series)
            return newest.map { !truth.samples[$0].isRequired } ?? false
        }
        let guilty = Set(answer.refused).subtracting(answer.innocent)
        let isUnknowing = guilty.contains { isForgotten($0) && !receiver.has($0) }
        for id in answer.innocent {
            try BrokenPromise.unless(
                isAtTheBorder(id) || isUnknowing,
                "\(name): sample \(id) was refused because of others in its request"
            )
        }
        // What was refused before comes again where the cursor went back.
        for id in guilty where !receiver.has(id) && !refused.contains(id) {
            try BrokenPromise.unless(
                isAtTheBorder(id) || unordered.contains(id) || isForgotten(id),
                "\(name): sample \(id) came too late, after newer ones that went before it"
            )
        }
    }

    private enum HTTPFailure { case refused, timeout }

    // Samples of which the destination is done.
    private var settled: UInt64 {
        guard let totals = state?.totals else { return 0 }
        return totals.acked + totals.ambiguous + totals.rejected.values.reduce(0, +)
    }

    // MARK: The state's wishes

    private mutating func tell(
        _ event: ShipEvent,
        _ world: inout ShipWorldParts
    ) throws(BrokenPromise) {
        guard var state else { return }
        let actions = state.handle(event, at: world.clock.nowNs(), using: &world.random)
        self.state = state
        for action in actions {
            switch action {
            case .fetch, .refetch: fetches.append(action)
            case .writeCursor(let record, let sync):
                try BrokenPromise.unless(writes.isEmpty, "\(name): two writes at a time")
                try BrokenPromise.unless(
                    record.acked >= file.acked || record.acked.number == lostEpoch,
                    "\(name): the cursor went back from \(file.acked) to \(record.acked)"
                )
                writes.append(Write(record: record, sync: sync))
            case .send(let id, let part, let isRetry): try send(id, part, isRetry)
            case .forget(let id): payloads[id] = nil
            case .wakeAt(let ns): timerAt = ns
            case .pin(let position):
                try BrokenPromise.unless(
                    position <= file.acked,
                    "\(name): pinned before it was noted"
                )
                pins.append(position)
            case .tell(.gone):
                owed = []
                ledger.noteLostPlace()
                // What was answered behind it goes again, too: its place is lost with it.
                mayRepeat.formUnion(receiver.arrivals.keys)
            case .tell: break
            case .finished: isFinished = true
            }
        }
    }

    /// What has to be sent again goes alone; the samples that were stored are those that were settled.
    mutating func checkStep(_ truth: ShipTruth) throws(BrokenPromise) {
        // What fails with 5xx time and again may be the reason itself: another request has to tell.
        let mustBeAlone = owed.contains { serverFailures[$0, default: 0] < 5 }
        for sent in sentInStep where mustBeAlone {
            try BrokenPromise.unless(
                sent.isAlone && (sent.isBegun || owed.contains(sent.border)),
                "\(name): something new beside a request that has to be sent again, alone"
            )
        }
        sentInStep = []
        guard let state else { return }
        try ledger.check(name, state.acked, settled, truth)
    }

    private mutating func send(
        _ id: UInt64,
        _ part: Range<Int>,
        _ isRetry: Bool
    ) throws(BrokenPromise) {
        guard let payload = payloads[id] else {
            throw BrokenPromise("\(name): request \(id) has no samples")
        }
        let slice = payload.slice
        try BrokenPromise.unless(requests.count < limits.inFlight, "\(name): too many requests")
        let border = RequestBorder(from: slice.from, to: slice.to)
        // Sent again to see whether the receiver is there.
        let samples = Array(payload.samples[part])
        let isProbe = isRetry && samples.allSatisfy { answered.contains($0.id) }
        if isProbe { mayRepeat.formUnion(samples.map(\.id)) }
        try BrokenPromise.unless(
            isProbe
                || file.attempted.contains { $0.from == border.from && $0.to == border.to },
            "\(name): sent before it was written down"
        )
        sentInStep.append((border, isBegun: begun.contains(border), isAlone: requests.isEmpty))
        begun.insert(border)
        let series = Set(samples.map(\.series))
        try BrokenPromise.unless(
            series.count == samples.count,
            "\(name): a series twice in a request"
        )
        for other in requests {
            try BrokenPromise.unless(
                series.isDisjoint(with: other.samples.map(\.series)),
                "\(name): a series in two requests at a time"
            )
        }
        requests.append(
            Request(
                id: id,
                border: border,
                isLate: slice.isLate,
                whole: UInt64(slice.count),
                samples: samples
            )
        )
    }

    // MARK: The end

    /// Everything that was acknowledged is there, or was refused; in order; nothing is held back.
    func check(_ truth: ShipTruth, _ database: Database) throws(BrokenPromise) {
        for (id, sample) in truth.samples.enumerated() where sample.isRequired {
            try BrokenPromise.unless(
                receiver.has(id) || refused.contains(id),
                "\(name): sample \(id) of series \(sample.series) is missing"
            )
        }
        for (series, ids) in receiver.order {
            // What was refused for good may come in later all the same, when the cursor went back.
            let inOrder = ids.filter { !unordered.contains($0) && !refused.contains($0) }
            for (one, next) in zip(inOrder, inOrder.dropFirst()) {
                try BrokenPromise.unless(
                    one < next,
                    "\(name): series \(series) has \(one) before \(next)"
                )
            }
        }
        try BrokenPromise.unless(
            // A power cut may have taken the end of what was shipped.
            isInStep && file.acked >= database.end && file.attempted.isEmpty,
            "\(name): idle at \(file), the end is \(database.end)"
        )
    }
}

/// What all destinations of a simulated agent share.
struct ShipWorldParts {
    var random: SeededRandom
    let clock: ManualClock
    /// New samples are old for receivers, one series later than another.
    var clockWentBack = false
    /// Nothing fails any more.
    var isCalm = false
}
