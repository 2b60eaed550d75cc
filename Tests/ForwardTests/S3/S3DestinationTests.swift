// Everything that is sealed gets into the bucket once, and what is there can be proved.
import Formats
import HTTP
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@testable import Forward

@Suite("S3 destination", .timeLimit(.minutes(2))) struct S3DestinationTests {
    @Test("segments arrive as they are, manifests hourly, and verify finds nothing missing")
    func ships() async throws {
        let world = try ArchiveWorld()
        let database = try world.open()
        for _ in 0..<3 { try world.fill(database) }
        try await world.shipAll(database)
        #expect(world.keys("segments").count == 3)
        #expect(world.keys("manifests").isEmpty)
        #expect(world.bucket.keys.allSatisfy { $0.hasPrefix("tsdb/x/\(database.storeID)/") })
        var tally = try await world.check()
        #expect(tally.faults == [])
        #expect(tally.tally.samples == 30)
        let stored = try (0..<3).map { index in
            try #require(world.names.segment(world.keys("segments")[index])).range
        }
        var number = SequenceNumber.zero
        for range in stored {
            let segment = try #require(database.nextSealed(after: number))
            #expect(segment.range == range)
            #expect(
                world.bucket.objects[world.keys("segments")[stored.firstIndex(of: range) ?? 0]]?
                    .bytes
                    == (try segment.copy(of: 0..<segment.byteCount))
            )
            number = range.through
        }
        // The next hour.
        world.clock.advance(by: .seconds(3600))
        try world.fill(database)
        try await world.ship(database) { _ in world.keys("manifests").count == 1 }
        try await world.shipAll(database)
        world.clock.advance(by: .seconds(3600))
        try await world.ship(database) { _ in world.keys("manifests").count == 2 }
        tally = try await world.check()
        #expect(tally.faults == [])
        #expect(tally.remarks == [])
        #expect(
            tally.tally
                == S3Check.Tally(stores: 1, manifests: 2, segments: 4, samples: 40)
                .with(bytes: tally.tally.bytes)
        )
        #expect(world.bucket.puts == 6)
    }

    @Test("external labels are in the bucket, and every sample")
    func relabelled() async throws {
        let world = try ArchiveWorld {
            $0.externalLabels = Labels([Label("site", "b"), Label("instance", "never")])
        }
        let database = try world.open()
        try world.fill(database)
        try await world.shipAll(database)
        #expect(try await world.check().faults == [])
        let contents = try await world.reader().contents()
        let found = try #require(contents.stores[database.storeID]?.segments.first)
        let segment = try await world.reader().segment(found.name, byteCount: found.byteCount)
        let labels = try (0..<segment.seriesCount).map { try segment.labels(of: $0).description }
        #expect(
            labels.sorted() == [
                "m{instance=\"a\", site=\"b\"}", "m{instance=\"b\", site=\"b\"}",
            ]
        )
        #expect(segment.summary.sampleCount == 10)
        #expect(try world.files.list(world.directory.file("store/forward")) == ["archive.cursor"])
    }

    @Test("rules decide what is archived; what they leave out is counted")
    func filtered() async throws {
        let world = try ArchiveWorld({ options in
            options.externalLabels = Labels([Label("site", "b")])
            var drop = RelabelRule()
            drop.sourceLabels = ["instance", "site"]
            drop.regex = "a;b"
            drop.action = .drop
            options.relabelRules = [drop]
        })
        let database = try world.open()
        try world.fill(database)
        try await world.shipAll(database)
        world.clock.advance(by: .seconds(3600))
        try await world.ship(database) { _ in world.keys("manifests").count == 1 }
        let (tally, faults, _) = try await world.check()
        #expect(faults == [])
        #expect(tally.samples == 5)
        let key = try #require(world.keys("manifests").first)
        let manifest = try #require(S3Manifest(world.bucket.objects[key]?.bytes ?? []))
        #expect(manifest.entries.map(\.filtered) == [5])
    }

    @Test(
        "whatever fails, and however often it is killed: all of it, nothing twice",
        arguments: 0..<40
    )
    func faults(seed: UInt64) async throws {
        let random = Mutex(SeededRandom(seed: seed))
        let isQuiet = Mutex(false)
        let world = try ArchiveWorld(fault: { _, _ in
            if isQuiet.withLock({ $0 }) { return nil }
            return random.withLock { random in
                switch Int.random(in: 0..<12, using: &random) {
                case 0: .unreachable
                case 1: .lost
                case 2: .answer(FakeBucket.error(500, "InternalError"))
                case 3: .answer(FakeBucket.error(503, "SlowDown"))
                case 4: .answer(FakeBucket.error(409, "ConditionalRequestConflict"))
                default: nil
                }
            }
        })
        var database = try world.open()
        for round in 0..<6 {
            try world.fill(database, 2)
            let wanted = world.bucket.requests.count + Int(seed % 7) + round
            let end = database.closedEnd
            try await world.ship(database, isKilled: true) { destination in
                if world.bucket.requests.count >= wanted { return true }
                return await destination.status().acked?.number == end
            }
            switch (Int(seed) + round) % 4 {
            case 0: database = try world.open()
            case 1:
                let path = world.directory.file("store/forward/archive.cursor")
                if try world.files.exists(path) { try world.files.remove(path) }
            case 2: world.clock.advance(by: .seconds(3600))
            default: break
            }
        }
        isQuiet.withLock { $0 = true }
        try await world.shipAll(database)
        world.clock.advance(by: .seconds(7200))
        try await world.ship(database) { _ in
            // Until nothing waits for a manifest.
            await (try? world.check())?.tally.manifests ?? 0 > 0
        }
        let (tally, faults, remarks) = try await world.check()
        #expect(faults == [], "seed \(seed)")
        #expect(remarks == [], "seed \(seed)")
        #expect(tally.segments == 6, "seed \(seed)")
        #expect(tally.samples == 24, "seed \(seed)")
    }

    @Test("what was shipped hot is not shipped again merged, even when the cursor is lost")
    func merged() async throws {
        let world = try ArchiveWorld()
        let database = try world.open()
        for _ in 0..<3 { try world.fill(database) }
        try await world.shipAll(database)
        world.clock.advance(by: .seconds(20 * 86_400))
        #expect(database.rewrite() == 1)
        try world.files.remove(world.directory.file("store/forward/archive.cursor"))
        try world.fill(database)
        try await world.shipAll(database)
        #expect(!world.keys("segments").contains { $0.hasSuffix(".gor.snappy") })
        #expect(world.bucket.puts == world.keys("segments").count + world.keys("manifests").count)
        let (tally, faults, _) = try await world.check()
        #expect(faults == [])
        #expect(tally.samples == 40)
    }

    @Test("what is in the bucket is not sent again with other labels when the cursor is an old one")
    func oldCursor() async throws {
        let world = try ArchiveWorld()
        let database = try world.open()
        for _ in 0..<3 { try world.fill(database) }
        try await world.shipAll(database)
        let (cursor, _) = try CursorFile.open(world.place(database), name: "archive")
        try cursor.write(CursorRecord(acked: FeedPosition(number: .zero)), sync: true)
        try world.fill(database)
        try await world.shipAll(database, externalLabels: Labels([Label("site", "b")]))
        #expect(world.keys("segments").count == 4)
        let (tally, faults, remarks) = try await world.check()
        #expect(faults == [])
        #expect(remarks == [])
        #expect(tally.samples == 40)
    }

    @Test("nothing is merged over the archive's place, and a backlog goes out merged")
    func backlog() async throws {
        let world = try ArchiveWorld()
        let database = try world.open()
        try world.fill(database)
        try await world.shipAll(database)
        let end = database.closedEnd
        for _ in 0..<3 { try world.fill(database) }
        world.clock.advance(by: .seconds(20 * 86_400))
        // The shipped one alone, and the two behind that at whose begin the archive stands.
        #expect(database.rewrite() == 2)
        #expect(try #require(database.nextSealed(after: end)).range.after == end)
        try await world.shipAll(database)
        #expect(world.keys("segments").map { $0.hasSuffix(".gor.snappy") } == [false, false, true])
        let (tally, faults, remarks) = try await world.check()
        #expect(faults == [])
        #expect(remarks == [])
        #expect(tally.samples == 40)
    }

    @Test("a new archive begins with what is sealed from now on")
    func startsNow() async throws {
        let world = try ArchiveWorld { $0.start = .now }
        let database = try world.open()
        try world.fill(database)
        try await world.shipAll(database)
        #expect(world.keys("segments") == [])
        try world.fill(database)
        try await world.shipAll(database)
        #expect(world.keys("segments").count == 1)
        #expect(try await world.check().faults == [])
    }

    @Test("a damaged segment is stepped over, and verify says what is missing")
    func damaged() async throws {
        let world = try ArchiveWorld()
        let database = try world.open()
        try world.fill(database)
        let first = database.closedEnd
        try world.fill(database)
        let second = database.closedEnd
        try world.fill(database)
        let path = try #require(database.nextSealed(after: first)).path
        let file = try world.files.open(path, .readWrite)
        try file.write([0xff].span, at: 70)
        try await world.shipAll(database)
        #expect(world.keys("segments").count == 2)
        world.clock.advance(by: .seconds(3600))
        try await world.ship(database) { _ in world.keys("manifests").count == 1 }
        #expect(
            try await world.check().faults == [
                "tsdb/x/\(database.storeID)/segments/: no segment has the batches after \(first) "
                    + "up to \(second)"
            ]
        )
    }

    @Test("a refusal parks the archive, and it goes on by itself")
    func parked() async throws {
        let world = try ArchiveWorld(fault: { number, _ in
            number <= 1 ? .answer(FakeBucket.error(403, "AccessDenied")) : nil
        })
        let database = try world.open()
        try world.fill(database)
        let destination = try world.destination(database)
        let task = Task(executorPreference: world.loop) { await destination.run() }
        try await waitUntil { await destination.status().parkedCode == 403 }
        let status = await destination.status()
        #expect(status.activity == .starting)
        #expect(status.lastError.contains("AccessDenied"))
        await destination.stop(within: .seconds(5))
        await task.value
        #expect(await destination.status().activity == .stopped)
    }
}

extension S3Check.Tally {
    fileprivate init(stores: Int, manifests: Int, segments: Int, samples: Int) {
        self.init()
        self.stores = stores
        self.manifests = manifests
        self.segments = segments
        self.samples = samples
    }

    fileprivate func with(bytes: Int) -> S3Check.Tally {
        var tally = self
        tally.bytes = bytes
        return tally
    }
}

@Suite("S3 check", .timeLimit(.minutes(1))) struct S3CheckTests {
    // Four segments, the first three in two manifests.
    private func archived() async throws -> (
        world: ArchiveWorld, keys: [String], manifests: [String]
    ) {
        let world = try ArchiveWorld()
        let database = try world.open()
        for count in [2, 1] {
            for _ in 0..<count { try world.fill(database) }
            try await world.shipAll(database)
            world.clock.advance(by: .seconds(3600))
            let manifests = 3 - count
            try await world.ship(database) { _ in world.keys("manifests").count == manifests }
        }
        try world.fill(database)
        try await world.shipAll(database)
        #expect(try await world.check().faults == [])
        return (world, world.keys("segments"), world.keys("manifests"))
    }

    @Test("every object that is gone is missed", arguments: 0..<3)
    func missing(index: Int) async throws {
        let (world, keys, _) = try await archived()
        world.bucket.state.withLock { $0.objects[keys[index]] = nil }
        let faults = try await world.check().faults
        #expect(faults.contains("\(keys[index]): is missing; it is in a manifest"))
    }

    @Test("a manifest that is gone is missed by the next one")
    func missingManifest() async throws {
        let (world, _, manifests) = try await archived()
        world.bucket.state.withLock { $0.objects[manifests[0]] = nil }
        #expect(
            try await world.check().faults == ["\(manifests[1]): the manifest before it is missing"]
        )
    }

    @Test("a manifest that was changed is found", arguments: [0, 1])
    func changedManifest(index: Int) async throws {
        let (world, _, manifests) = try await archived()
        world.bucket.state.withLock { state in
            let text = String(decoding: state.objects[manifests[index]]?.bytes ?? [], as: UTF8.self)
            let changed = text.split(separator: "\"samples\":10", maxSplits: 1)
                .joined(separator: "\"samples\":11")
            state.objects[manifests[index]]?.bytes = Array(changed.utf8)
        }
        let faults = try await world.check().faults
        #expect(faults.contains { $0.hasSuffix("the manifest says 11 of 2") })
        // The one behind it has the hash of the one that was written.
        #expect(faults.count == (index == 0 ? 2 : 1))
    }

    @Test("bytes that changed in an object are found", arguments: 0..<4)
    func changed(index: Int) async throws {
        let (world, keys, _) = try await archived()
        world.bucket.state.withLock { $0.objects[keys[index]]?.bytes[100] ^= 1 }
        let faults = try await world.check().faults
        #expect(faults.count == 1)
        #expect(faults.first?.contains("another content than its name says") == true)
    }

    @Test("an object that was cut is found")
    func cut() async throws {
        let (world, keys, _) = try await archived()
        world.bucket.state.withLock { _ = $0.objects[keys[1]]?.bytes.removeLast() }
        #expect(try await world.check().faults.count == 2)
    }

    @Test("strangers are told and do no harm")
    func strangers() async throws {
        let (world, _, _) = try await archived()
        world.bucket.state.withLock { state in
            state.objects["tsdb/x/readme.txt"] = .init(bytes: [1])
            state.objects["tsdb/x/\(String(repeating: "0", count: 32))/segments/x"] = .init(
                bytes: [])
        }
        let (_, faults, remarks) = try await world.check()
        #expect(faults == [])
        #expect(remarks == ["tsdb/x/: 2 objects are none of an archive"])
    }

    @Test("an empty prefix is no archive")
    func empty() async throws {
        let world = try ArchiveWorld()
        #expect(try await world.check().faults == ["tsdb/x/: there is no archive"])
    }

    @Test("the lag is the age of the oldest sample that waits")
    func lag() async throws {
        let world = try ArchiveWorld(fault: { _, request in
            request.method == .put ? .answer(FakeBucket.error(503, "SlowDown")) : nil
        })
        let database = try world.open()
        try world.fill(database)
        let destination = try world.destination(database)
        let task = Task(executorPreference: world.loop) { await destination.run() }
        try await waitUntil { await destination.status().failuresInRow > 0 }
        // Five samples 15 s apart, the newest of now.
        #expect(await destination.status().lagSeconds == 60)
        world.clock.advance(by: .seconds(30))
        #expect(await destination.status().lagSeconds == 90)
        await destination.stop(within: .seconds(5))
        task.cancel()
        await task.value
    }
}
