// The cache against a dictionary, through growth and forgetting.
import TestSupport
import Testing

@testable import Collect

@Suite("series cache") struct SeriesCacheTests {
    @Test("knows exactly what was inserted and not swept", arguments: 0..<10)
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var cache = SeriesCache()
        var model: [String: UInt64] = [:]
        for round in 1...UInt32(6) {
            for _ in 0..<300 {
                let number = Int.random(in: 0..<400, using: &random)
                let key =
                    "metric_\(number){label=\"\(String(repeating: "v", count: number % 23))\"}"
                let line = Array("xx\(key) 1\n".utf8)
                let range = 2..<line.count - 3
                let guess = Int.random(in: 0..<500, using: &random)
                let slot = cache.find(line.span, range, expecting: guess)
                #expect((slot == nil) == (model[key] == nil), "seed \(seed)")
                let place = slot ?? cache.insert(line.span, range)
                if let slot { #expect(cache.slots[slot].handle == model[key], "seed \(seed)") }
                let handle = random.next()
                cache.update(place) { slot in
                    slot.handle = handle
                    slot.lastSeen = round
                }
                model[key] = handle
                #expect(cache.raw(place) == Array(key.utf8), "seed \(seed)")
            }
            let gone = Set(cache.slots.indices.filter { cache.slots[$0].lastSeen + 1 < round })
            for slot in gone {
                model[String(decoding: cache.raw(slot), as: UTF8.self)] = nil
            }
            cache.sweep { $0.lastSeen + 1 >= round }
            #expect(cache.slots.count == model.count, "seed \(seed)")
        }
    }
}
