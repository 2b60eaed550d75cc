// A destination's whole world without a thread: feed, cursor file, network and receiver, moved by
// seeded chance, with the promises checked at every step.
import Store
import Synchronization
import TestSupport
import Testing

@testable import Forward

struct ShipWorld {
    struct Key: Hashable {
        var border: RequestBorder
        var part: Range<Int>
    }

    struct Request {
        var id: UInt64
        var slice: FeedSlice
        var part: Range<Int>
    }

    struct Sample: Hashable {
        var series: UInt64
        var value: Double
    }

    let feed = FakeFeed()
    let limits: ShipLimits
    var random: SeededRandom
    var state: ShipState
    var nowNs: Int64 = 1
    var timerAt: Int64?

    // The process: lost in a crash.
    var payloads: [UInt64: FeedSlice] = [:]
    var fetches: [(id: UInt64, slice: FeedSlice?)] = []
    var writes: [CursorRecord] = []
    var requests: [Request] = []
    var mustComeFirst: [RequestBorder] = []
    var isFinished = false

    // The disk.
    var file: CursorRecord

    // The receiver.
    var lastTime: [UInt64: Int64] = [:]
    var received: [Sample: Int] = [:]
    var refused: Set<Sample> = []
    /// May arrive again: an answer was lost, or the process died before it could note it.
    var mayRepeat: Set<Sample> = []
    /// What was said to the process: `acked` of the totals must be the sum.
    var saidStored: UInt64 = 0

    init(seed: UInt64, limits: ShipLimits = ShipLimits()) {
        random = SeededRandom(seed: seed)
        self.limits = limits
        file = CursorRecord(acked: FeedPosition(number: .zero))
        state = ShipState(record: file, doubtfulUntil: nil, limits: limits)
    }

    mutating func tell(_ event: ShipEvent) {
        let actions = state.handle(event, at: nowNs, using: &random)
        for action in actions { perform(action) }
        checkBalance()
    }

    /// The ledger at every moment: in memory, and as the file has it.
    private func checkBalance() {
        guard state.account.doubt == .none else { return }
        for standing in [state.standing, file.standing] where standing.account.doubt == .none {
            guard let found = try? feed.account(after: standing.acked) else { continue }
            let balance = ShipBalance(standing, found)
            #expect(balance.isSettled)
            #expect(balance.difference == 0, "\(balance) of \(standing)")
        }
        #expect(state.account.adjusted == 0)
    }

    /// Starts a destination whose ledger begins now.
    mutating func begin() {
        tell(.started)
        settle()
    }

    /// Holds the account against the feed's, as a shipper does at its start.
    private mutating func settle() {
        guard let found = try? feed.account(after: state.standing.acked) else { return }
        let reason = state.standing.account.doubt(of: found)
        let difference = ShipBalance(state.standing, found).difference
        tell(.settled(difference: difference, reason, ledgerID: found.ledgerID))
    }

    private mutating func perform(_ action: ShipAction) {
        switch action {
        case .fetch(let id, let after, let limit):
            let slice = try? feed.next(after: after, limit: limit)
            payloads[id] = slice
            fetches.append((id, slice))
        case .refetch(let id, let border):
            let slice = try? feed.slice(from: border.from, to: border.to)
            payloads[id] = slice
            fetches.append((id, slice))
        case .writeCursor(let record, _):
            #expect(writes.isEmpty, "two writes at a time")
            #expect(record.acked >= file.acked, "the cursor went back")
            writes.append(record)
        case .send(let id, let part, _): send(id, part)
        case .forget(let id): payloads[id] = nil
        case .wakeAt(let ns): timerAt = ns
        case .pin(let position): #expect(position <= file.acked, "forgotten before it was noted")
        case .tell: break
        case .finished: isFinished = true
        }
    }

    private mutating func send(_ id: UInt64, _ part: Range<Int>) {
        guard let slice = payloads[id] else {
            Issue.record("request \(id) has no samples")
            return
        }
        #expect(requests.count < limits.inFlight)
        let border = RequestBorder(from: slice.from, to: slice.to)
        #expect(file.attempted.contains(border), "sent before it was written down")
        let series = Set(slice.series[part])
        for other in requests {
            #expect(series.isDisjoint(with: other.slice.series[other.part]), "common series")
        }
        if let first = mustComeFirst.first {
            #expect(border == first, "something else than the first resend")
            #expect(requests.isEmpty, "a resend is not alone")
        }
        requests.append(Request(id: id, slice: slice, part: part))
    }

    // What Prometheus does with a 1.0 request: all or nothing.
    private mutating func arrive(_ request: Request) -> Bool {
        for index in request.part where !request.slice.isLate {
            let (series, time) = (request.slice.series[index], request.slice.times[index])
            let last = lastTime[series] ?? .min
            let isSame = received[sample(request, index)] != nil && last == time
            if time < last || time == last && !isSame { return false }
        }
        for index in request.part {
            let sample = sample(request, index)
            #expect(
                received[sample] == nil || mayRepeat.contains(sample),
                "series \(sample.series) batch \(sample.value) came twice"
            )
            received[sample, default: 0] += 1
            if !request.slice.isLate {
                lastTime[sample.series] = request.slice.times[index]
            }
        }
        return true
    }

    private func sample(_ request: Request, _ index: Int) -> Sample {
        Sample(series: request.slice.series[index], value: request.slice.values[index])
    }

    private mutating func noteRepeatable(_ request: Request) {
        for index in request.part { mayRepeat.insert(sample(request, index)) }
    }

    mutating func answer(_ index: Int, _ verdict: Verdict) {
        let request = requests.remove(at: index)
        var verdict = verdict
        switch verdict {
        case .stored:
            if arrive(request) {
                saidStored += UInt64(request.part.count)
            } else {
                Issue.record("out of order: \(request.slice.from) to \(request.slice.to)")
                verdict = .rejected(code: 400)
            }
        case .retry(_, let mayHaveArrived):
            // The answer was lost, the samples may have been taken.
            if mayHaveArrived, Bool.random(using: &random) {
                #expect(arrive(request))
                noteRepeatable(request)
            }
        case .failed:
            if Bool.random(using: &random) { #expect(arrive(request)) }
            noteRepeatable(request)
        case .rejected, .tooLarge:
            let isSplit = verdict == .tooLarge && request.part.count > 1
            if !isSplit { for at in request.part { refused.insert(sample(request, at)) } }
        case .partly(let acked, _):
            // The receiver judges each sample alone, and takes the first ones.
            let end = request.part.lowerBound + acked
            let taken = Request(
                id: request.id,
                slice: request.slice,
                part: request.part.lowerBound..<end
            )
            #expect(arrive(taken), "out of order: \(request.slice.from) to \(request.slice.to)")
            saidStored += UInt64(acked)
            for at in end..<request.part.upperBound { refused.insert(sample(request, at)) }
        case .parked, .notUnderstood: break
        }
        let isFinal: Bool =
            switch verdict {
            case .stored, .rejected, .partly: true
            case .tooLarge: request.part.count == 1
            default: false
            }
        // A crash before the answer is noted brings it back; a part comes back with its request.
        if isFinal {
            noteRepeatable(request)
            if request.part.upperBound == request.slice.count, !mustComeFirst.isEmpty {
                mustComeFirst.removeFirst()
            }
        }
        tell(.answered(id: request.id, verdict: verdict))
    }

    mutating func finishFetch(_ index: Int) {
        let (id, slice) = fetches.remove(at: index)
        tell(.fetched(id: id, facts: slice.map { SliceFacts(of: $0) }))
    }

    mutating func finishWrite() {
        let record = writes.removeFirst()
        file = record
        // What is behind `acked`, or has its answered bit, never comes again.
        mayRepeat = mayRepeat.filter { sample in
            let count = UInt32(sample.value)
            let index = Int(((sample.value - Double(count)) * 1024).rounded())
            return !isSettled(count, index)
        }
        tell(.cursorWritten)
    }

    private func isSettled(_ count: UInt32, _ index: Int) -> Bool {
        func isBefore(_ position: FeedPosition) -> Bool {
            count <= position.number.count
                || count == position.number.count + 1 && index < Int(position.offset)
        }
        if isBefore(file.acked) { return true }
        return file.attempted.contains {
            $0.isAnswered && isBefore($0.to) && !isBefore($0.from)
        }
    }

    mutating func addBatch() {
        let count = Int.random(in: 1...6, using: &random)
        let isLate = Int.random(in: 0..<8, using: &random) == 0
        let first = UInt64.random(in: 0..<8, using: &random)
        let series = (0..<count).map { first + UInt64($0) }
        let newest = Int64(feed.end.number.count) * 1000
        feed.add(series, timeMs: isLate ? newest - 5000 : newest + 1000, isLate: isLate)
        tell(.woken)
    }

    mutating func fireTimer() {
        guard let at = timerAt else { return }
        timerAt = nil
        nowNs = max(nowNs, at)
        tell(.timer)
    }

    /// kill -9: what was written is there, what was asked to be written may be, what was sent may
    /// have arrived.
    mutating func crash() {
        for record in writes where Bool.random(using: &random) { file = record }
        for request in requests {
            noteRepeatable(request)
            if Bool.random(using: &random) { #expect(arrive(request)) }
        }
        restart()
    }

    mutating func restart() {
        payloads = [:]
        fetches = []
        writes = []
        requests = []
        timerAt = nil
        isFinished = false
        saidStored = 0
        mustComeFirst = file.attempted.filter { !$0.isAnswered }
        for border in mustComeFirst {
            guard let slice = try? feed.slice(from: border.from, to: border.to) else {
                Issue.record("nothing between \(border.from) and \(border.to)")
                continue
            }
            noteRepeatable(Request(id: 0, slice: slice, part: 0..<slice.count))
        }
        state = ShipState(record: file, doubtfulUntil: nil, limits: limits)
        tell(.started)
        if state.account.doubt != .none { settle() }
    }

    func randomVerdict(_ request: Request, _ random: inout SeededRandom) -> Verdict {
        switch Int.random(in: 0..<28, using: &random) {
        case 0: .retry(afterMs: nil, mayHaveArrived: true)
        case 1: .retry(afterMs: 500, mayHaveArrived: false)
        case 2: .rejected(code: 400)
        case 3: .parked(code: 401)
        case 4: .tooLarge
        case 5: .notUnderstood
        case 7: .failed(code: 503, afterMs: nil)
        case 6: .partly(acked: Int.random(in: 0...request.part.count, using: &random), code: 400)
        default: .stored
        }
    }

    /// One step of chance.
    mutating func step() {
        nowNs += Int64.random(in: 0...20_000_000, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: addBatch()
        case 1: if !fetches.isEmpty { finishFetch(0) }
        case 2: if !writes.isEmpty { finishWrite() }
        case 3, 4:
            if !requests.isEmpty {
                let index = Int.random(in: 0..<requests.count, using: &random)
                answer(index, randomVerdict(requests[index], &random))
            }
        default: fireTimer()
        }
    }

    /// Everything works from here on: until nothing is left to do.
    mutating func drain() {
        for _ in 0..<100_000 {
            if !fetches.isEmpty {
                finishFetch(0)
            } else if !writes.isEmpty {
                finishWrite()
            } else if !requests.isEmpty {
                answer(0, .stored)
            } else if timerAt != nil {
                fireTimer()
            } else {
                return
            }
        }
        Issue.record("the world does not come to rest")
    }

    /// Every sample is at the receiver or was refused.
    func checkNothingLost() {
        for batch in feed.state.withLock({ $0.batches }) {
            for (index, series) in batch.series.enumerated() {
                let sample = Sample(series: series, value: FakeFeed.value(batch.number, index))
                #expect(
                    received[sample] != nil || refused.contains(sample),
                    "series \(series) of batch \(batch.number) is missing"
                )
            }
        }
        #expect(file.acked == feed.end)
        #expect(file.attempted.isEmpty)
        #expect(state.isInStep)
        let stored = feed.state.withLock { $0.batches.reduce(0) { $0 + $1.series.count } }
        if state.account.doubt == .none, state.account.anchor == 0 {
            #expect(state.account.rows.total == UInt64(stored))
        }
    }
}
