// One destination of a simulated agent: `ShipState` with a real cursor file and feed, and a network
// and a receiver made of chance. Every promise is checked where it could be broken.
import Forward
import Platform
import Store
import TestSupport

/// One destination, through all lives of the process.
struct ShipLane {
    private struct Request {
        let id: UInt64
        let border: RequestBorder
        let isLate: Bool
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
    /// Samples that were refused for good.
    private(set) var refused: Set<Int> = []
    // Whose answer was lost, here or on the way to the cursor file.
    private var mayRepeat: Set<Int> = []
    // Answered requests that the cursor file does not know of for certain.
    private var unsettled: [(border: RequestBorder, ids: [Int])] = []
    // Behind it begins the epoch in which the place was lost with its buffer.
    private var lostEpoch: SequenceNumber?
    // Whether a record ever was safe: until then nothing was sent either.
    private var hasSynced = false
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
    ) throws(FuzzFinding) {
        let found: FoundCursor
        do throws(ForwardError) {
            (cursor, found) = try CursorFile.open(place, name: name)
        } catch { throw FuzzFinding("\(name): the cursor does not open: \(error)") }
        try FuzzFinding.unless(
            found.trouble == nil || !hasSynced,
            "\(name): \(String(describing: found.trouble))"
        )
        let record = found.record ?? CursorRecord(acked: FeedPosition(number: .zero))
        file = record
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
        _ place: CursorPlace,
        _ world: inout ShipWorldParts
    ) throws(FuzzFinding) {
        try tell(.stop, &world)
        for _ in 0..<4 where !isFinished { try step(database, &world) }
        try tell(.stopNow, &world)
        while !isFinished {
            try FuzzFinding.unless(!writes.isEmpty, "\(name): a stop that writes nothing hangs")
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

    private mutating func forgetProcess() {
        state = nil
        cursor = nil
        payloads = [:]
        fetches = []
        writes = []
        requests = []
        timerAt = nil
    }

    // MARK: Steps

    /// The store has something new.
    mutating func wake(_ world: inout ShipWorldParts) throws(FuzzFinding) {
        try tell(.woken, &world)
    }

    /// One thing that was asked for happens.
    mutating func step(
        _ database: Database,
        _ world: inout ShipWorldParts
    ) throws(FuzzFinding) {
        guard state != nil, !isFinished else { return }
        switch Int.random(in: 0..<5, using: &world.random) {
        case 0: if !fetches.isEmpty { try finishFetch(database, &world) }
        case 1: if !writes.isEmpty { try finishWrite(database, &world) }
        case 2, 3:
            if !requests.isEmpty {
                try answer(Int.random(in: 0..<requests.count, using: &world.random), &world)
            }
        default: try fireTimer(&world, waits: false)
        }
    }

    /// The next thing that was asked for happens; nothing fails on the way.
    mutating func drain(
        _ database: Database,
        _ world: inout ShipWorldParts
    ) throws(FuzzFinding) {
        isOut = false
        if !fetches.isEmpty {
            try finishFetch(database, &world)
        } else if !writes.isEmpty {
            try finishWrite(database, &world)
        } else if !requests.isEmpty {
            try answer(0, &world)
        } else {
            try fireTimer(&world, waits: true)
        }
    }

    private mutating func fireTimer(
        _ world: inout ShipWorldParts,
        waits: Bool
    ) throws(FuzzFinding) {
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
        _ world: inout ShipWorldParts
    ) throws(FuzzFinding) {
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
        } catch { throw FuzzFinding("\(name): the feed cannot be read: \(error)") }
        payloads[id] = try slice.map { slice throws(FuzzFinding) in try payload(slice) }
        try tell(.fetched(id: id, facts: slice.map { SliceFacts(of: $0) }), &world)
    }

    private mutating func payload(_ slice: FeedSlice) throws(FuzzFinding) -> Payload {
        var samples: [SimulatedReceiver.Sample] = []
        for index in 0..<slice.count {
            guard let series = ShipTruth.series(of: slice.table.labels(of: slice.series[index]))
            else { throw FuzzFinding("\(name): a sample without its labels") }
            let id = Int(slice.values[index])
            samples.append(.init(id: id, series: series, timeMs: slice.times[index]))
            if slice.isLate { unordered.insert(id) }
            if slice.mayBeResend || slice.from.time != nil && slice.from.number == lostEpoch {
                mayRepeat.insert(id)
                unordered.insert(id)
            }
        }
        // The place inside of an epoch was lost: its segment goes from its beginning.
        if slice.mayBeResend, slice.to.time != nil { lostEpoch = slice.to.number }
        return Payload(slice: slice, samples: samples)
    }

    private mutating func finishWrite(
        _ database: Database,
        _ world: inout ShipWorldParts
    ) throws(FuzzFinding) {
        let write = writes.removeFirst()
        database.offer(name, through: write.record.offered)
        do throws(ForwardError) {
            try cursor?.write(write.record, sync: write.sync)
        } catch { throw FuzzFinding("\(name): the cursor cannot be written: \(error)") }
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
        _ world: inout ShipWorldParts
    ) throws(FuzzFinding) {
        let request = requests.remove(at: index)
        let ids = request.samples.map(\.id)
        let chance = world.isCalm ? 99 : Int.random(in: 0..<100, using: &world.random)
        var status = 0
        var error: HTTPFailure?
        var innocent: [Int] = []
        switch chance {
        case _ where isOut: error = .refused
        case 0..<3: error = .timeout
        case 3..<6:
            _ = receiver.take(request.samples)
            error = .timeout
        case 6..<8: status = 500
        case 8..<10:
            _ = receiver.take(request.samples)
            status = 503
        case 10..<12: status = 429
        case 12..<14: status = 413
        case 14..<15: status = 401
        case 15..<16: status = 422
        case 16..<18: error = .refused
        default:
            let answer = receiver.take(request.samples)
            status = answer.status
            innocent = answer.innocent
        }
        let verdict: Verdict =
            switch error {
            case .refused: .retry(afterMs: nil, mayHaveArrived: false)
            case .timeout: .retry(afterMs: nil, mayHaveArrived: true)
            case nil: Verdict.of(status: status, retryAfterSeconds: status == 429 ? 2 : nil)
            }
        if case .retry(_, true) = verdict { mayRepeat.formUnion(ids) }
        let before = settled
        try tell(.answered(id: request.id, verdict: verdict), &world)
        guard settled > before else {
            // Of a refused request a part may be there; it goes again in smaller ones.
            if status == 400 { mayRepeat.formUnion(ids) }
            return
        }
        // Taken or refused for good.
        unsettled.append((request.border, ids))
        if status / 100 == 2 {
            for id in ids {
                try FuzzFinding.unless(
                    receiver.arrivals[id, default: 0] < 2 || mayRepeat.contains(id),
                    "\(name): sample \(id) came twice, and no answer was lost"
                )
            }
        } else {
            refused.formUnion(ids)
            try FuzzFinding.unless(
                innocent.isEmpty || request.isLate || world.clockWentBack,
                "\(name): samples \(innocent) were refused because of others in their request"
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
    ) throws(FuzzFinding) {
        guard var state else { return }
        let actions = state.handle(event, at: world.clock.nowNs(), using: &world.random)
        self.state = state
        for action in actions {
            switch action {
            case .fetch, .refetch: fetches.append(action)
            case .writeCursor(let record, let sync):
                try FuzzFinding.unless(writes.isEmpty, "\(name): two writes at a time")
                try FuzzFinding.unless(
                    record.acked >= file.acked || record.acked.number == lostEpoch,
                    "\(name): the cursor went back from \(file.acked) to \(record.acked)"
                )
                writes.append(Write(record: record, sync: sync))
            case .send(let id, let part, _): try send(id, part)
            case .forget(let id): payloads[id] = nil
            case .wakeAt(let ns): timerAt = ns
            case .pin(let position):
                try FuzzFinding.unless(
                    position <= file.acked,
                    "\(name): pinned before it was noted"
                )
                pins.append(position)
            case .tell(.gone):
                // What was answered behind it goes again, too: its place is lost with it.
                mayRepeat.formUnion(receiver.arrivals.keys)
            case .tell: break
            case .finished: isFinished = true
            }
        }
    }

    private mutating func send(_ id: UInt64, _ part: Range<Int>) throws(FuzzFinding) {
        guard let payload = payloads[id] else {
            throw FuzzFinding("\(name): request \(id) has no samples")
        }
        let slice = payload.slice
        try FuzzFinding.unless(requests.count < limits.inFlight, "\(name): too many requests")
        let border = RequestBorder(from: slice.from, to: slice.to)
        try FuzzFinding.unless(
            file.attempted.contains(border),
            "\(name): sent before it was written down"
        )
        let samples = Array(payload.samples[part])
        let series = Set(samples.map(\.series))
        try FuzzFinding.unless(
            series.count == samples.count,
            "\(name): a series twice in a request"
        )
        for other in requests {
            try FuzzFinding.unless(
                series.isDisjoint(with: other.samples.map(\.series)),
                "\(name): a series in two requests at a time"
            )
        }
        requests.append(Request(id: id, border: border, isLate: slice.isLate, samples: samples))
    }

    // MARK: The end

    /// Everything that was acknowledged is there, or was refused; in order; nothing is held back.
    func check(_ truth: ShipTruth, _ database: Database) throws(FuzzFinding) {
        for (id, sample) in truth.samples.enumerated() where sample.isRequired {
            try FuzzFinding.unless(
                receiver.has(id) || refused.contains(id),
                "\(name): sample \(id) of series \(sample.series) is missing"
            )
        }
        for (series, ids) in receiver.order {
            // What was refused for good may come in later all the same, when the cursor went back.
            let inOrder = ids.filter { !unordered.contains($0) && !refused.contains($0) }
            for (one, next) in zip(inOrder, inOrder.dropFirst()) {
                try FuzzFinding.unless(
                    one < next,
                    "\(name): series \(series) has \(one) before \(next)"
                )
            }
        }
        try FuzzFinding.unless(
            isInStep && file.acked == database.end && file.attempted.isEmpty,
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
