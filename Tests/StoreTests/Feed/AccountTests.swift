// What the store counts behind a place, held against one who reads the feed and counts.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Feed account") struct AccountTests {
    // One who follows the feed: its place, and what all before it was in the store's count.
    private struct Follower {
        let name: String
        var place = FeedPosition(number: .zero)
        var passed = 0
        /// Read a second time, because its place inside of an epoch was lost.
        var again = 0
    }

    private struct World {
        var store = SpineFixture()
        var random: SeededRandom
        var stored = 0
        var followers = (0..<3).map { Follower(name: "d\($0)") }
        var step = 0

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            store.options.sync = seed % 2 == 0 ? .always : .never
            store.options.chunkPointLimit = 16
            store.options.rewrite.delayMs = 0
            store.options.feedMemoryBytes = seed % 3 == 0 ? 8 << 20 : 4_000
        }

        mutating func open() throws -> Database {
            let database = try store.open()
            for one in followers {
                database.offer(one.name, through: one.place)
                database.pin(one.name, at: one.place)
            }
            return database
        }

        mutating func append(_ database: Database) throws {
            step += 1
            let isPush = Int.random(in: 0..<4, using: &random) == 0
            let stream = database.openStream(isPush ? .push : .host)
            let labels = store.series(Int.random(in: 1...12, using: &random), "m\(step % 3)")
            var batch = SampleBatch(
                stream: stream,
                time: Timestamp(ms: 1_000_000 + Int64(step) * 1000)
            )
            batch.series = try database.handles(for: labels).map { try $0.get() }
            batch.values = labels.indices.map { Double(step) + Double($0) / 16 }
            if isPush {
                batch.times = labels.map { _ in
                    batch.time.ms - Int64.random(in: 0...9, using: &random) * 777
                }
            }
            guard case .stored(let count, _) = database.append(batch) else {
                throw BrokenPromise("a batch was not stored")
            }
            stored += count
        }

        // Reads on; where the feed jumps the store says what that means.
        mutating func follow(_ index: Int, _ database: Database) throws {
            var one = followers[index]
            let limit = Int.random(in: 1...40, using: &random)
            guard let slice = try database.next(after: one.place, limit: limit) else { return }
            if let jump = slice.jump {
                let hole = try database.hole(at: one.place, jump)
                if let (stretch, end) = hole.broken {
                    #expect((0...stretch.most).contains(end - one.passed))
                    one.passed = end
                }
                one.passed += hole.gone.values.reduce(0, +)
                if let restart = hole.restartTotal { one.passed = restart }
            }
            one.passed += slice.count
            one.place = slice.to
            followers[index] = one
            if Int.random(in: 0..<3, using: &random) > 0 {
                database.offer(one.name, through: one.place)
                database.pin(one.name, at: one.place)
            }
        }

        func check(_ database: Database, _ what: String) throws {
            for one in followers {
                let account = try database.account(after: one.place)
                #expect(account.isComplete)
                #expect(account.stored == stored, "\(what)")
                guard account.isCounted else { continue }
                let rest = account.stored - one.passed - account.pending - account.goneTotal
                let most = account.broken?.most ?? 0
                #expect((0...most).contains(rest), "\(what): \(one), \(account)")
            }
        }
    }

    @Test("at every step: passed + gone + pending = stored", arguments: 1...40)
    func equation(seed: UInt64) throws {
        var world = World(seed: seed)
        var database = try world.open()
        for step in 0..<250 {
            switch Int.random(in: 0..<24, using: &world.random) {
            case 0: database.rotate()
            case 1:
                database.rotate()
                database.sealPending()
            case 2: database.rewrite()
            case 3:
                // Killed, or ended in order.
                if Bool.random(using: &world.random) {
                    try database.close(sealing: Bool.random(using: &world.random))
                }
                database = try world.open()
            case 4 where seed % 4 == 0:
                let segments = database.sealed.withLock { $0 }
                guard let first = segments.first else { continue }
                database.giveUp([first], .cap)
                try database.storage.remove([first.name])
                database.noteRemoved([first.name])
                _ = database.removeBuffers(through: first.range.through)
            case 5...12:
                try world.follow(Int.random(in: 0..<3, using: &world.random), database)
            default: try world.append(database)
            }
            try world.check(database, "seed \(seed), step \(step)")
        }
        // All the way: nothing is left, and all was counted.
        for index in 0..<3 {
            for _ in 0..<100_000 where world.followers[index].place.number < database.end.number {
                try world.follow(index, database)
            }
            let one = world.followers[index]
            #expect(one.passed == world.stored, "seed \(seed)")
            #expect(try database.account(after: one.place).pending == 0)
        }
    }

    @Test("a kill at any call: no sample is counted twice or forgotten", arguments: 1...120)
    func kills(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var store = SpineFixture()
        store.options.sync = .always
        store.options.retentionMs = 1000
        store.options.rewrite.delayMs = 0
        let series = store.series(5)
        var known = 0
        var step: Int64 = 0
        for _ in 0..<8 {
            let database = try store.open()
            let found = database.statistics().ledger.stored
            // The batch under way at the kill may have been recorded before its answer.
            #expect((known...known + 5).contains(found), "seed \(seed)")
            known = found
            let account = try database.account(after: FeedPosition(number: .zero))
            #expect(account.stored == known)
            #expect(account.pending + account.goneTotal <= known)
            if seed % 2 == 0 {
                database.pin("d", at: FeedPosition(number: .zero))
                #expect(account.pending + account.goneTotal == known, "seed \(seed)")
            }
            store.disk.halt(atCall: store.disk.calls + Int.random(in: 1...150, using: &random))
            let stream = database.openStream(.host)
            for _ in 0..<60 {
                step += 1
                store.clock.advance(by: .seconds(1))
                let time = store.clock.nowMs()
                let batch = try store.batch(
                    database,
                    stream,
                    series,
                    time: time,
                    [1, 2, 3, 4, Double(step)]
                )
                if case .stored(let count, _) = database.append(batch) { known += count }
                switch Int.random(in: 0..<12, using: &random) {
                case 0:
                    database.rotate()
                    database.sealPending()
                case 1: database.maintain()
                case 2: database.rewrite()
                case 3:
                    guard let first = database.sealed.withLock({ $0.first }) else { continue }
                    database.giveUp([first], .cap)
                    if (try? database.storage.remove([first.name])) != nil {
                        database.noteRemoved([first.name])
                    }
                    _ = database.removeBuffers(through: first.range.through)
                default: continue
                }
            }
            store.disk.heal()
        }
    }

    @Test("a damaged segment is gone until the buffer has it again, and then counted as before")
    func damage() throws {
        let store = SpineFixture()
        let series = store.series(4)
        var place = FeedPosition(number: .zero)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            for step in 0..<6 {
                _ = try store.append(
                    database,
                    stream,
                    series,
                    time: 1000 + Int64(step),
                    [1, 2, 3, Double(step)]
                )
                if step == 1 { place = database.end }
                if step % 2 == 1 {
                    database.rotate()
                    database.sealPending()
                }
            }
        }
        let segments = try store.files("segments", suffix: ".gor")
        try store.disk.open(segments[0], .readWrite).truncate(to: 100)
        try store.disk.open(segments[2], .readWrite).truncate(to: 100)
        let database = try store.open()
        // The newest is healed from the buffer; the oldest is gone.
        let account = try database.account(after: FeedPosition(number: .zero))
        #expect(account.stored == 24)
        #expect(account.pending == 16)
        #expect(account.gone == [.damage: 8])
        #expect(account.hasLosses)
        #expect(try database.account(after: place).goneTotal == 0)
        database.rotate()
        database.sealPending()
        let again = try store.open()
        #expect(try again.account(after: FeedPosition(number: .zero)).pending == 16)
        #expect(try again.account(after: FeedPosition(number: .zero)).stored == 24)
    }

    @Test("a ledger whose file is lost begins anew, under another name")
    func lostFile() throws {
        let store = SpineFixture()
        let first: FeedAccount
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, store.series(4), time: 1000, [1, 2, 3, 4])
            try database.close()
            first = try database.account(after: FeedPosition(number: .zero))
        }
        #expect(try store.disk.exists("/data/LEDGER"))
        let kept = try store.open().account(after: FeedPosition(number: .zero))
        #expect(kept.ledgerID == first.ledgerID)
        try store.disk.open("/data/LEDGER", .readWrite).truncate(to: 20)
        let database = try store.open()
        let account = try database.account(after: FeedPosition(number: .zero))
        #expect(account.ledgerID != first.ledgerID)
        #expect(account.stored == 4)
        #expect(try store.disk.list("/data/quarantine") == ["LEDGER"])
    }
}
