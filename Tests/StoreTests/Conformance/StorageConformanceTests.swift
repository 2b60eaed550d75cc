// What every storage engine must do, and a store over each of them.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Storage engine") struct StorageConformanceTests {
    enum Engine: CaseIterable {
        case directory, memory
    }

    private let store = SpineFixture()
    private let memory = MemoryStorage()

    private func engine(_ kind: Engine) -> any StorageEngine {
        switch kind {
        case .memory: memory
        case .directory:
            SegmentStorage(
                StorageContext(
                    basePath: "/data",
                    fileSystem: store.disk,
                    log: .silent,
                    quarantine: Quarantine(
                        basePath: "/data",
                        fileSystem: store.disk,
                        log: .silent
                    )
                )
            )
        }
    }

    private func write(_ name: String, _ bytes: [UInt8], _ engine: any StorageEngine) throws {
        let sink = try engine.create(name, reserving: 100)
        let blank = [UInt8](repeating: 0, count: 2)
        try sink.append(blank.span)
        try sink.append(bytes.span)
        let header: [UInt8] = [7, 7]
        try sink.publish(header: header.span)
    }

    @Test(
        "what is published is there, whole, under its name; nothing else",
        arguments: Engine.allCases
    )
    func publish(kind: Engine) throws {
        let engine = engine(kind)
        #expect(try engine.names() == [])
        try write("b.gor", [1, 2, 3], engine)
        try write("a.gor.snappy", [4], engine)
        let given = try engine.create("c.gor", reserving: 0)
        let some: [UInt8] = [9]
        try given.append(some.span)
        #expect(try engine.names() == ["a.gor.snappy", "b.gor"])
        given.discard()
        #expect(try engine.names() == ["a.gor.snappy", "b.gor"])
        let stored = try engine.read("b.gor")
        let bytes = try stored.withBytes(in: 0..<stored.count, failing: { $0 }) {
            (span: Span<UInt8>) throws(Errno) -> [UInt8] in span.indices.map { span[$0] }
        }
        #expect(bytes == [7, 7, 1, 2, 3])
        #expect(try engine.facts(of: "b.gor").byteCount == 5)
        #expect(try engine.facts(of: "b.gor").allocatedBytes >= 5)
        #expect(engine.path(of: "b.gor").hasSuffix("/b.gor"))
        try write("b.gor", [5], engine)
        #expect(try engine.facts(of: "b.gor").byteCount == 3)
    }

    @Test(
        "what is removed or set aside is gone, and readable while it is held",
        arguments: Engine.allCases
    )
    func remove(kind: Engine) throws {
        let engine = engine(kind)
        _ = try engine.names()
        for name in ["a.gor", "b.gor", "c.gor"] { try write(name, [1], engine) }
        let held = try engine.read("a.gor")
        try engine.remove(["a.gor", "not there"])
        engine.setAside("b.gor", reason: "a test")
        #expect(try engine.names() == ["c.gor"])
        #expect(held.count == 3)
        #expect(throws: SegmentError.self) { try engine.read("a.gor") }
        #expect(throws: StoreError.self) { try engine.facts(of: "a.gor") }
    }

    @Test("a store seals, merges, deletes and opens again over it", arguments: Engine.allCases)
    func whole(kind: Engine) throws {
        var fixture = store
        fixture.options.rewrite.delayMs = 0
        fixture.options.rewrite.minAgeMs = 0
        let engine = engine(kind)
        var engines = StoreEngines()
        engines.storage = { _ in engine }
        let series = fixture.series(3)
        let database = try Database(
            fixture.options,
            engines: engines,
            fileSystem: fixture.disk,
            wallClock: fixture.clock
        )
        let stream = database.openStream(.host)
        for epoch in 1...4 as ClosedRange<Int64> {
            _ = try fixture.append(
                database,
                stream,
                series,
                time: epoch * 10,
                [1, 2, Double(epoch)]
            )
            database.rotate()
            database.sealPending()
        }
        #expect(try engine.names().count == 4)
        #expect(database.rewrite() == 1)
        #expect(try engine.names().count == 1)
        try database.close()
        let again = try Database(
            fixture.options,
            engines: engines,
            fileSystem: fixture.disk,
            wallClock: fixture.clock
        )
        #expect(try fixture.read(again)[series[2]]?.values == [1, 2, 3, 4])
        #expect(again.recovery.segments == 1)
        let name = try engine.names()[0]
        engine.setAside(name, reason: "a test")
        #expect(try engine.names() == [])
    }
}
