// A whole directory with one thing wrong in it, whatever that is: the store opens, serves what lies
// elsewhere, says when something is missing, takes batches, and keeps all that over another start.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Any damage")
struct AnyDamageTests {
    /// What is done to a file.
    enum Mutation: CaseIterable {
        case bit, byte, cut, zeroTail, zeroPage, zeroesBehind, noise, emptied, removed, directory
        case swapped, foreign

        /// Whether what is missing afterwards cannot be told from what never was.
        var isSilent: Bool { self == .removed || self == .emptied || self == .cut }
    }

    typealias Files = [String: [UInt8]]

    private static let epochs: Int64 = 6
    private static let batches: Int64 = 5

    /// A directory, and in which files the samples of each epoch are.
    fileprivate struct Healthy {
        let files: Files
        let homes: [[String]]
    }

    private static let healthy = Result { try Healthy(seed: 1) }
    private static let foreign = Result { try Healthy(seed: 2) }

    private static func times(_ epoch: Int64) -> [Int64] {
        (0..<batches).map { (epoch * 100 + $0) * 1000 }
    }

    private static func value(_ time: Int64, _ series: Int) -> Double {
        Double(time / 1000 * 7 % 90) * 0.25 + Double(series)
    }

    private static func series(_ store: SpineFixture) -> [Labels] {
        store.series(3) + [Labels([Label("__name__", "up"), Label("job", "é")])]
    }

    fileprivate static func append(
        _ store: SpineFixture,
        _ database: Database,
        epoch: Int64
    ) throws {
        let stream = database.openStream(.scrape(job: "node"))
        let series = series(store)
        for time in times(epoch) {
            let values = series.indices.map { value(time, $0) }
            let outcome = try store.append(database, stream, series, time: time, values)
            #expect(outcome == .stored(series.count, dropped: []))
        }
    }

    // All samples by time: which of the series have one. Values are held against what was written.
    private static func read(
        _ store: SpineFixture,
        _ database: Database
    ) throws -> [Int64: Int] {
        var found: [Int64: Int] = [:]
        let known = series(store)
        for (labels, columns) in try store.read(database) {
            let place = try #require(known.firstIndex(of: labels), "\(labels)")
            #expect(zip(columns.times, columns.times.dropFirst()).allSatisfy { $0 < $1 })
            for (time, sample) in zip(columns.times, columns.values) {
                #expect(sample == value(time, place), "\(time)")
                found[time, default: 0] += 1
            }
        }
        return found
    }

    @Test("costs what it hits and nothing else", arguments: 0..<80)
    func anything(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let healthy = try Self.healthy.get()
        for mutation in Mutation.allCases {
            let paths = healthy.files.keys.sorted()
            let path = paths[Int(random.next() % UInt64(paths.count))]
            try check(mutation, path, healthy, &random)
        }
    }

    private func check(
        _ mutation: Mutation,
        _ path: String,
        _ healthy: Healthy,
        _ random: inout SeededRandom
    ) throws {
        var files = healthy.files
        let hit = try mutate(&files, mutation, path, &random)
        let store = try Self.store(files)
        if mutation == .directory { try store.disk.makeDirectory(path + "/x") }
        let text = "\(mutation) of \(path)"
        let series = Self.series(store).count
        let before: [Int64: Int]
        do {
            let database = try store.open()
            before = try Self.read(store, database)
            var isMissing = false
            // What the buffer has too heals when the damage shows at the start, not under a query.
            let showsLate = database.statistics().damagedReads > 0
            for epoch in 0..<Self.epochs {
                let homes = healthy.homes[Int(epoch)].prefix(showsLate ? 1 : 2)
                let isElsewhere = homes.contains { !hit.contains($0) }
                for time in Self.times(epoch) where before[time] != series {
                    isMissing = true
                    #expect(!isElsewhere, "\(text): \(before[time] ?? 0) at \(time)")
                }
            }
            let recovery = database.recovery
            let isSaid =
                recovery.quarantined > 0 || recovery.damagedStretches > 0 || recovery.tornBytes > 0
                || database.statistics().damagedReads > 0
            #expect(!isMissing || isSaid || mutation.isSilent, "\(text): nothing is said")
            try follow(database, before, text)
            try Self.append(store, database, epoch: Self.epochs)
            #expect(database.statistics().bufferFailures == 0)
            database.rotate()
            database.sealPending()
            database.rewrite()
            try database.close()
        }
        let database = try store.open()
        let after = try Self.read(store, database)
        for time in Self.times(Self.epochs) { #expect(after[time] == series, "\(text)") }
        // What was served is served again; but a damaged index may cost its segment at a later read.
        let isCostly = database.statistics().damagedReads > 0 || database.recovery.quarantined > 0
        for epoch in 0..<Self.epochs where !hit.contains(healthy.homes[Int(epoch)][0]) || !isCostly
        {
            for time in Self.times(epoch) {
                #expect(after[time] ?? 0 >= before[time] ?? 0, "\(text): then at \(time)")
            }
        }
    }

    // The feed gives all that queries give, and nothing twice but what it calls a resend.
    private func follow(_ database: Database, _ served: [Int64: Int], _ text: String) throws {
        var place = FeedPosition(number: .zero)
        var given: [Int64: Int] = [:]
        var resent: [Int64: Int] = [:]
        var isResend = false
        for _ in 0..<10_000 {
            let slice: FeedSlice?
            // Damage that a read comes upon takes its segment out of the feed, and says so.
            do throws(StoreError) { slice = try database.next(after: place, limit: 7) } catch {
                #expect(database.statistics().damagedReads > 0, "\(text): \(error)")
                return
            }
            guard let slice else { break }
            isResend = slice.mayBeResend || isResend && slice.from.time != nil
            for time in slice.times {
                if isResend { resent[time, default: 0] += 1 } else { given[time, default: 0] += 1 }
            }
            place = slice.to
        }
        for (time, count) in served {
            let all = max(given[time] ?? 0, resent[time] ?? 0)
            #expect(all >= count && given[time] ?? 0 <= 4, "\(text): \(all) of \(count) at \(time)")
        }
    }

    // Which files are not what they were.
    private func mutate(
        _ files: inout Files,
        _ mutation: Mutation,
        _ path: String,
        _ random: inout SeededRandom
    ) throws -> Set<String> {
        var bytes = files[path] ?? []
        let place = Int(random.next() % UInt64(bytes.count))
        switch mutation {
        case .bit: bytes[place] ^= 1 << UInt8(random.next() % 8)
        case .byte: bytes[place] = ~bytes[place]
        case .cut: bytes.removeLast(bytes.count - place)
        case .zeroTail: for index in place..<bytes.count { bytes[index] = 0 }
        case .zeroPage: for index in place..<min(place + 512, bytes.count) { bytes[index] = 0 }
        case .zeroesBehind: bytes += [UInt8](repeating: 0, count: 1 + place)
        case .noise: bytes = random.bytes(bytes.count)
        case .emptied: bytes = []
        case .removed, .directory:
            files[path] = nil
            return [path]
        case .swapped:
            // With another of its kind: what counts is what stands in a file, not its name.
            let kind = FilePath.parent(path)
            let others = files.keys.filter { FilePath.parent($0) == kind && $0 != path }.sorted()
            guard let other = others.first, path != "/data/STORE" else { return [] }
            files[path] = files[other]
            files[other] = bytes
            return []
        case .foreign:
            let theirs = try Self.foreign.get().files
            let kind = FilePath.parent(path)
            let others = theirs.keys.filter { FilePath.parent($0) == kind }.sorted()
            bytes = theirs[others[place % others.count]] ?? []
            // Of two ids that of STORE holds: with that of another store all else is a stray.
            if path == "/data/STORE" { return Set(files.keys) }
        }
        files[path] = bytes
        return [path]
    }

    private static func store(_ files: Files) throws -> SpineFixture {
        let store = fixture()
        for directory in ["/data", "/data/buffer", "/data/segments"] {
            try store.disk.makeDirectory(directory)
        }
        for (path, bytes) in files {
            let file = try store.disk.open(path, .create)
            try file.append(bytes.span)
            try file.close()
        }
        return store
    }

    fileprivate static func fixture() -> SpineFixture {
        var store = SpineFixture()
        store.options.retentionMs = 0
        store.options.rewrite.minAgeMs = 0
        store.options.rewrite.delayMs = 0
        return store
    }
}

extension AnyDamageTests.Healthy {
    // Epochs 0 to 2 in a merged segment, 3 and 4 in one each, the last one also in the buffer; 5 in
    // the buffer alone.
    init(seed: Int64) throws {
        let store = AnyDamageTests.fixture()
        store.clock.stepWall(byMs: seed * 1_000_000)
        func names(_ directory: String) throws -> Set<String> {
            Set(try store.files(directory, suffix: ""))
        }
        do {
            let database = try store.open()
            for epoch: Int64 in 0..<5 {
                try AnyDamageTests.append(store, database, epoch: epoch)
                database.rotate()
                database.sealPending()
                if epoch == 2 { #expect(database.rewrite() == 1) }
            }
            try AnyDamageTests.append(store, database, epoch: 5)
        }
        let segments = try names("segments").sorted()
        let cold = try #require(segments.first { $0.hasSuffix(".snappy") })
        let hot = segments.filter { $0 != cold }
        try #require(hot.count == 2)
        let buffers = try names("buffer").sorted()
        try #require(buffers.count == 2)
        homes =
            [[cold], [cold], [cold], [hot[0]], [hot[1], buffers[0]], [buffers[1]]]
        var files: AnyDamageTests.Files = [:]
        for path in segments + buffers + ["/data/STORE"] {
            files[path] = try store.disk.readAll(path, limit: 1 << 20)
        }
        self.files = files
    }
}
