// A store against a naive model: random batches, late and repeated samples, rotations, merges,
// restarts and kills; whatever the order, a query answers as the model does.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Store against a model") struct StoreModelTests {
    // What the store must answer: of each series the first value that was stored for each time.
    private struct Naive {
        var series: [Labels: [Int64: Double]] = [:]

        mutating func add(_ labels: Labels, _ time: Int64, _ value: Double) {
            if series[labels]?[time] == nil { series[labels, default: [:]][time] = value }
        }

        func answer(_ range: ClosedRange<Int64>) -> [Labels: [Int64: Double]] {
            series.mapValues { $0.filter { range.contains($0.key) } }.filter { !$0.value.isEmpty }
        }
    }

    private func answer(
        _ database: Database,
        _ range: ClosedRange<Int64>
    ) throws -> [Labels: [Int64: Double]] {
        let times = TimeRange(
            Timestamp(ms: range.lowerBound),
            Timestamp(ms: range.upperBound)
        )
        let selection = try database.select([], in: times)
        var answer: [Labels: [Int64: Double]] = [:]
        for index in 0..<selection.count {
            var columns = SampleColumns()
            selection.read(at: index, in: times, into: &columns)
            for place in 0..<columns.count {
                #expect(place == 0 || columns.times[place - 1] < columns.times[place])
                answer[selection.labels(at: index), default: [:]][columns.times[place]] =
                    columns.values[place]
            }
        }
        return answer
    }

    @Test("any history, any query", arguments: 0..<40)
    func history(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var store = SpineFixture()
        store.options.rewrite.delayMs = 0
        store.options.rewrite.minAgeMs = seed % 2 == 0 ? 0 : 60_000
        store.options.chunkPointLimit = 16
        store.options.retentionMs = 0
        var model = Naive()
        var database = try store.open()
        var stream = database.openStream(.push)
        let series = store.series(6)
        var newest = store.clock.nowMs() - 90_000_000
        for step in 0..<300 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: database.rotate()
            case 1:
                database.rotate()
                database.sealPending()
            case 2: database.rewrite()
            case 3: store.clock.advance(by: .seconds(Int.random(in: 1...4000, using: &random)))
            case 4:
                // A clean stop or a kill, and a start.
                if Bool.random(using: &random) { try database.close() }
                database = try store.open()
                stream = database.openStream(.push)
            case 5:
                let low = newest - Int64.random(in: 0...90_000_000, using: &random)
                let range = low...low + Int64.random(in: 0...90_000_000, using: &random)
                #expect(try answer(database, range) == model.answer(range), "seed \(seed)")
            case 6:
                let place = FeedPosition(
                    number: database.sealed.withLock { segments in
                        segments.randomElement(using: &random)?.range.after ?? .zero
                    }
                )
                database.pin("d\(Int.random(in: 0..<2, using: &random))", at: place)
            case 7: database.unpin("d0")
            default:
                let isLate = Int.random(in: 0..<6, using: &random) == 0
                if !isLate { newest += Int64.random(in: 1...120_000, using: &random) }
                let time =
                    isLate ? newest - Int64.random(in: 0...3_000_000, using: &random) : newest
                let chosen = series.filter { _ in Bool.random(using: &random) }
                let values = chosen.map { _ in Double(Int.random(in: 0...3, using: &random)) }
                let outcome = try store.append(database, stream, chosen, time: time, values)
                guard case .stored = outcome else {
                    Issue.record("seed \(seed), step \(step): \(outcome)")
                    continue
                }
                for index in chosen.indices { model.add(chosen[index], time, values[index]) }
            }
        }
        let all = Int64.min...Int64.max
        #expect(try answer(database, all) == model.answer(all), "seed \(seed)")
        database.unpin("d0")
        database.unpin("d1")
        store.clock.advance(by: .seconds(200_000))
        database.rotate()
        database.sealPending()
        database.rewrite()
        #expect(try answer(database, all) == model.answer(all), "seed \(seed)")
        #expect(database.statistics().damagedReads == 0)
        try database.close()
        #expect(try answer(try store.open(), all) == model.answer(all), "seed \(seed)")
    }
}
