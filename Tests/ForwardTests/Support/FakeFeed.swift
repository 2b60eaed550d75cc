// A feed out of an array, with the slicing rules of the real one.
import Model
import Platform
import Store
import Synchronization

final class FakeTable: FeedSeriesTable {
    func labels(of series: UInt64) -> Labels {
        Labels([Label("__name__", "m"), Label("series", "\(series)")])
    }
}

final class FakeFeed: BatchFeed {
    struct Batch: Sendable {
        var number: SequenceNumber
        var series: [UInt64]
        var timeMs: Int64
        var isLate = false
    }

    struct State: Sendable {
        var batches: [Batch] = []
        var gone: SequenceNumber = .zero  // batches up to here cannot be read any more
        var inMemory = true
        var error: StoreError?
        var wakes: [Int: @Sendable () -> Void] = [:]
        var pins: [String: FeedPosition] = [:]
        var offers: [String: FeedPosition] = [:]
        var diskReads = 0
    }

    let state = Mutex(State())
    let table: any FeedSeriesTable
    // What slices that are read from the disk speak of.
    let tableOnDisk: any FeedSeriesTable

    init(
        table: any FeedSeriesTable = FakeTable(),
        tableOnDisk: (any FeedSeriesTable)? = nil
    ) {
        self.table = table
        self.tableOnDisk = tableOnDisk ?? table
    }

    func add(_ series: [UInt64], timeMs: Int64, isLate: Bool = false) {
        let wakes = state.withLock { state in
            let count = (state.batches.last?.number.count ?? 0) + 1
            state.batches.append(
                Batch(
                    number: SequenceNumber(start: 7, count: count),
                    series: series,
                    timeMs: timeMs,
                    isLate: isLate
                )
            )
            return state.wakes
        }
        for wake in wakes.values { wake() }
    }

    /// The value of a sample says which batch it came from.
    static func value(_ number: SequenceNumber, _ index: Int) -> Double {
        Double(number.count) + Double(index) / 1024
    }

    var end: FeedPosition {
        state.withLock { FeedPosition(number: $0.batches.last?.number ?? .zero) }
    }

    var oldest: FeedPosition { FeedPosition(number: .zero) }

    var isReplaying: Bool { false }

    func account(after place: FeedPosition) throws(StoreError) -> FeedAccount {
        state.withLock { state in
            var account = FeedAccount()
            account.ledgerID = 1
            account.stored = state.batches.reduce(0) { $0 + $1.series.count }
            for batch in state.batches where batch.number > place.number {
                let isNext = batch.number.count == place.number.count + 1
                account.pending += batch.series.count - (isNext ? Int(place.offset) : 0)
            }
            return account
        }
    }

    func hole(at place: FeedPosition, _ jump: FeedJump) throws(StoreError) -> FeedHole {
        FeedHole()
    }

    func nextInMemory(after position: FeedPosition, limit: Int) -> FeedStep {
        state.withLock { state in
            guard state.inMemory, state.error == nil else { return .onDisk }
            return cut(state.batches, after: position, to: nil, limit, table).map { .slice($0) }
                ?? .caughtUp
        }
    }

    func next(after position: FeedPosition, limit: Int) throws(StoreError) -> FeedSlice? {
        try state.withLock { state throws(StoreError) in
            state.diskReads += 1
            if let error = state.error { throw error }
            return cut(state.batches, after: position, to: nil, limit, tableOnDisk)
        }
    }

    func slice(from: FeedPosition, to: FeedPosition) throws(StoreError) -> FeedSlice? {
        try state.withLock { state throws(StoreError) in
            if let error = state.error { throw error }
            if from.number < state.gone { return nil }
            return cut(state.batches, after: from, to: to, .max, tableOnDisk)
        }
    }

    func pin(_ destination: String, at position: FeedPosition) {
        state.withLock { $0.pins[destination] = position }
    }

    func offer(_ destination: String, through position: FeedPosition) {
        state.withLock { $0.offers[destination] = position }
    }

    func unpin(_ destination: String) {
        state.withLock { $0.pins[destination] = nil }
    }

    func subscribe(_ wake: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            let token = state.wakes.count + 1
            state.wakes[token] = wake
            return token
        }
    }

    func unsubscribe(_ token: Int) {
        state.withLock { $0.wakes[token] = nil }
    }

    private func cut(
        _ batches: [Batch],
        after: FeedPosition,
        to: FeedPosition?,
        _ limit: Int,
        _ table: any FeedSeriesTable
    ) -> FeedSlice? {
        var position = after
        var series: [UInt64] = []
        var times: [Int64] = []
        var values: [Double] = []
        var seen: Set<UInt64> = []
        var isLate = false
        scan: for batch in batches where batch.number > after.number {
            if let to, to.offset == 0, batch.number > to.number { break }
            if !series.isEmpty, batch.isLate != isLate { break }
            isLate = batch.isLate
            let start = batch.number.count == after.number.count + 1 ? Int(after.offset) : 0
            for index in start..<batch.series.count {
                if let to, batch.number > to.number, index >= Int(to.offset) { break scan }
                if series.count >= limit || !seen.insert(batch.series[index]).inserted {
                    break scan
                }
                series.append(batch.series[index])
                times.append(batch.timeMs)
                values.append(FakeFeed.value(batch.number, index))
                position =
                    index + 1 == batch.series.count
                    ? FeedPosition(number: batch.number)
                    : FeedPosition(
                        number: SequenceNumber(start: 7, count: batch.number.count - 1),
                        offset: UInt32(index + 1)
                    )
            }
        }
        if series.isEmpty { return nil }
        return FeedSlice(
            from: after,
            to: position,
            isLate: isLate,
            mayBeResend: false,
            series: series,
            times: times,
            values: values,
            table: table
        )
    }
}
