// The head against naive models: selection, churn, pools and tables.
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Head")
struct HeadPropertyTests {
    private static let names = ["a", "b", "c", "__name__"]
    private static let values = ["x", "xy", "y", "é", "long-" + String(repeating: "v", count: 300)]

    private func randomLabels(_ random: inout SeededRandom) -> Labels {
        Labels(
            HeadPropertyTests.names.compactMap { name in
                guard Bool.random(using: &random) else { return nil }
                let value = HeadPropertyTests.values.randomElement(using: &random)
                return value.map { Label(name, $0) }
            }
        )
    }

    private func randomMatcher(_ random: inout SeededRandom) throws -> LabelMatcher {
        let name = ["a", "b", "c", "__name__", "nowhere"].randomElement(using: &random) ?? "a"
        let operation = LabelMatcher.Operation.allCases.randomElement(using: &random) ?? .equal
        let texts = ["", "x", "xy", "é", "x|y", "x.*", ".*", ".+", "x|", "(x|x)y?", "nothing"]
        return try LabelMatcher(name, operation, texts.randomElement(using: &random) ?? "")
    }

    @Test(
        "selection is what a naive filter gives, through churn",
        arguments: 1...12 as ClosedRange<UInt64>
    )
    func selection(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var head = HeadState(limits: HeadLimits())
        var known: [Labels: SeriesHandle] = [:]
        var epoch: UInt32 = 1
        for step in 1...60 as ClosedRange<Int64> {
            for _ in 0..<6 {
                let labels = randomLabels(&random)
                let id = SeriesIdentity.id(of: labels)
                guard case .handle(let handle) = head.handle(for: labels, id) else {
                    Issue.record("no handle, seed \(seed)")
                    return
                }
                if let old = known[labels] { #expect(old == handle, "seed \(seed)") }
                known[labels] = handle
                guard let slot = head.slot(of: handle) else {
                    Issue.record("no slot, seed \(seed)")
                    return
                }
                _ = head.replay(slot, isLate: false, time: step, value: 0)
            }
            if step % 7 == 0 {
                // Seal the epoch; what has nothing newer goes.
                head.openEpoch += 1
                _ = head.close(epoch, 0..<head.series.count)
                head.forget(epoch)
                head.reclaim(0..<head.series.count)
                epoch += 1
                let number = SequenceNumber(start: 1, count: UInt32(step))
                let gone = head.collectGarbage(freedAt: number, oldestInRing: number)
                #expect(gone == known.count, "seed \(seed)")
                for (labels, handle) in known {
                    let (slot, left) = (head.slot(of: handle), head.labels(of: handle))
                    #expect(slot == nil)
                    #expect(left == labels, "seed \(seed)")
                }
                known = [:]
                let used = head.memory.usedBytes
                #expect(used == 0)
            }
            let matchers = try (0..<Int.random(in: 0...3, using: &random)).map { _ in
                try randomMatcher(&random)
            }
            let found = head.views(matchers, .all).map(\.view.labels)
            let wanted = known.keys.filter { labels in
                matchers.allSatisfy { $0.accepts(labels[$0.name] ?? "") }
            }
            #expect(found.sorted() == wanted.sorted(), "seed \(seed), \(matchers)")
        }
    }

    @Test("short-lived series give their memory back, their handles never come again")
    func churn() {
        var head = HeadState(limits: HeadLimits())
        var handles: Set<SeriesHandle> = []
        var largest = 0
        for wave in 0..<8 as Range<UInt32> {
            for number in 0..<3000 {
                let labels = Labels([Label("__name__", "m"), Label("pod", "\(wave)-\(number)")])
                let id = SeriesIdentity.id(of: labels)
                guard case .handle(let handle) = head.handle(for: labels, id) else {
                    Issue.record("no handle")
                    return
                }
                #expect(handles.insert(handle).inserted)
                guard let slot = head.slot(of: handle) else {
                    Issue.record("no slot")
                    return
                }
                for time in 0..<200 as Range<Int64> {
                    _ = head.replay(slot, isLate: false, time: time, value: UInt64(time) << 40)
                }
            }
            let epoch = head.openEpoch
            head.openEpoch += 1
            _ = head.close(epoch, 0..<head.series.count)
            head.forget(epoch)
            head.reclaim(0..<head.series.count)
            _ = head.collectGarbage(
                freedAt: SequenceNumber(start: 1, count: wave),
                oldestInRing: SequenceNumber(start: 1, count: wave + 1)
            )
            let bytes = head.seriesBytes + head.index.textBytes + head.index.tableBytes
            largest = max(largest, bytes + head.memory.heldBytes + head.closed.byteCount)
        }
        let (count, slots) = (head.seriesCount, head.series.count)
        #expect(count == 0 && slots <= 4096)
        #expect(largest < 300_000, "\(largest) bytes are held by nobody")
    }

    @Test("pooled lists hold what was added and kept", arguments: 1...5 as ClosedRange<UInt64>)
    func pool(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var pool = WordPool()
        var lists = [PooledList](repeating: PooledList(), count: 12)
        var model = [[UInt32]](repeating: [], count: 12)
        for _ in 0..<4000 {
            let place = Int.random(in: 0..<12, using: &random)
            if Int.random(in: 0..<20, using: &random) == 0 {
                let divisor = UInt32.random(in: 1...4, using: &random)
                pool.filter(&lists[place]) { $0 % divisor == 0 }
                model[place].removeAll { $0 % divisor != 0 }
            } else {
                let number = UInt32.random(in: 0..<1000, using: &random)
                pool.append(number, to: &lists[place])
                model[place].append(number)
            }
        }
        for place in model.indices {
            var found: [UInt32] = []
            pool.forEach(lists[place]) { found.append($0) }
            #expect(found == model[place], "seed \(seed)")
        }
    }

    @Test(
        "a hash index finds what is in it, however hashes collide",
        arguments: 1...5 as ClosedRange<UInt64>
    )
    func hashIndex(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = HashIndex()
        var model: [UInt32: UInt32] = [:]
        for number in 0..<3000 as Range<UInt32> {
            let hash = UInt32.random(in: 0..<64, using: &random) &* 0x0400_0001
            index.insert(number, hash)
            model[number] = hash
            if number % 3 != 0, let gone = model.keys.randomElement(using: &random),
                let hash = model.removeValue(forKey: gone)
            {
                index.remove(gone, hash)
            }
        }
        #expect(index.count == model.count)
        for (number, hash) in model {
            let found = index.find(hash) { $0 == number }
            #expect(found == number, "seed \(seed)")
        }
        let moved = index.renumbered { $0 + 7 }
        for (number, hash) in model {
            let found = moved.find(hash) { $0 == number + 7 }
            #expect(found == number + 7, "seed \(seed)")
        }
    }
}
