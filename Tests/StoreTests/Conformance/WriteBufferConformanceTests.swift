// What every write buffer must do, held against files and against a stream; and a store over each.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Write buffer") struct WriteBufferConformanceTests {
    enum Engine: CaseIterable {
        case files, stream
    }

    /// A medium that outlives the buffers over it, and what may befall it.
    struct Bench {
        let kind: Engine
        let store = SpineFixture()
        let stream = StreamBuffer()

        /// A buffer as a new process has it.
        func make() -> any WriteBuffer {
            switch kind {
            case .stream: stream
            case .files:
                FileBuffer(
                    BufferContext(
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

        var engines: StoreEngines {
            var engines = StoreEngines()
            if kind == .stream { engines.writeBuffer = { [stream] _ in stream } }
            return engines
        }

        func open(_ change: (inout StoreOptions) -> Void = { _ in }) throws -> Database {
            var options = store.options
            change(&options)
            return try Database(
                options,
                engines: engines,
                fileSystem: store.disk,
                wallClock: store.clock
            )
        }

        func kill() { stream.disconnect() }

        func cutPower() {
            var random = SeededRandom(seed: 1)
            store.disk.powerCut(.dropAll, using: &random)
            stream.disconnect()
        }

        func failNextAppend() {
            store.disk.fail(.write, path: ".gorb", with: .noSpace, times: 1)
            stream.failNextAppend()
        }

        func failNextSync() {
            store.disk.fail(.sync, path: ".gorb", with: .inputOutput, times: 1)
            stream.failNextSync()
        }
    }

    private static let storeID = StoreID(bytes: [UInt8](repeating: 3, count: 16))

    private func part(after count: UInt32) -> BufferPart {
        BufferPart(
            storeID: Self.storeID,
            start: 9,
            after: SequenceNumber(start: 9, count: count),
            createdMs: Int64(count) + 7
        )
    }

    // As long as its number says, of bytes of its number.
    private func records(_ count: UInt32) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: Int(count % 50) + 1)
    }

    private func append(_ counts: ClosedRange<UInt32>, _ buffer: any WriteBuffer) throws {
        for count in counts {
            try buffer.append(records(count), SequenceNumber(start: 9, count: count))
        }
    }

    private func expected(_ counts: ClosedRange<UInt32>) -> [UInt8] {
        counts.flatMap { records($0) }
    }

    private func bytes(_ source: any BufferSource, pieces: Int = .max) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let end = try source.end()
        while source.start + Int64(bytes.count) < end {
            let offset = source.start + Int64(bytes.count)
            let piece = try source.read(Int(min(Int64(pieces), end - offset)), at: offset)
            try #require(!piece.isEmpty && piece.count <= pieces)
            bytes += piece
        }
        return bytes
    }

    // MARK: The protocol

    @Test(
        "records come back as they came, in order, from any offset, while more are appended",
        arguments: Engine.allCases
    )
    func append(kind: Engine) throws {
        let bench = Bench(kind: kind)
        let buffer = bench.make()
        #expect(try buffer.parts() == [])
        try buffer.begin(part(after: 0))
        let source = try buffer.read(part(after: 0))
        #expect(try source.end() == source.start)
        #expect(try source.read(10, at: source.start) == [])
        try append(1...20, buffer)
        #expect(try bytes(source) == expected(1...20))
        try append(21...120, buffer)
        let all = expected(1...120)
        for pieces in [1, 7, 1 << 20] { #expect(try bytes(source, pieces: pieces) == all) }
        #expect(try source.read(9, at: source.start + 400) == Array(all[400..<409]))
        #expect(try source.read(9, at: source.start + Int64(all.count) - 4).count == 4)
        #expect(!source.path.isEmpty)
    }

    @Test(
        "each part has its own records, and is found again in order as it was described",
        arguments: Engine.allCases
    )
    func parts(kind: Engine) throws {
        let bench = Bench(kind: kind)
        do {
            let buffer = bench.make()
            _ = try buffer.parts()
            for first in stride(from: UInt32(0), to: 60, by: 20) {
                try buffer.begin(part(after: first))
                try append(first + 1...first + 20, buffer)
            }
            try buffer.sync(against: .kill)
        }
        bench.kill()
        let again = bench.make()
        #expect(try again.parts() == [part(after: 0), part(after: 20), part(after: 40)])
        #expect(try bytes(again.read(part(after: 20))) == expected(21...40))
        // What follows goes into a part of its own: what an earlier process wrote stays as it is.
        let next = BufferPart(
            storeID: Self.storeID,
            start: 10,
            after: SequenceNumber(start: 9, count: 60),
            createdMs: 99
        )
        try again.begin(next)
        try again.append([1, 2], SequenceNumber(start: 10, count: 1))
        #expect(try bytes(again.read(next)) == [1, 2])
        #expect(try bytes(again.read(part(after: 40))) == expected(41...60))
    }

    @Test("what was made safe survives what it is safe against", arguments: Engine.allCases)
    func safe(kind: Engine) throws {
        let bench = Bench(kind: kind)
        var buffer = bench.make()
        _ = try buffer.parts()
        try buffer.begin(part(after: 0))
        try append(1...10, buffer)
        try buffer.sync(against: .kill)
        bench.kill()
        buffer = bench.make()
        #expect(try buffer.parts() == [part(after: 0)])
        #expect(try bytes(buffer.read(part(after: 0))) == expected(1...10))
        // Also what an earlier process left, and a part that is not the newest.
        try buffer.begin(part(after: 10))
        try append(11...20, buffer)
        try buffer.begin(part(after: 20))
        try append(21...30, buffer)
        try buffer.sync(against: .powerCut)
        try buffer.begin(part(after: 30))
        bench.cutPower()
        buffer = bench.make()
        #expect(try buffer.parts() == [0, 10, 20, 30].map { part(after: $0) })
        for first in [UInt32(0), 10, 20] {
            let source = try buffer.read(part(after: first))
            #expect(try bytes(source) == expected(first + 1...first + 10))
        }
    }

    @Test("what is removed is gone, and readable while it is held", arguments: Engine.allCases)
    func remove(kind: Engine) throws {
        let bench = Bench(kind: kind)
        let buffer = bench.make()
        _ = try buffer.parts()
        for first in [UInt32(0), 10, 20, 30] {
            try buffer.begin(part(after: first))
            try append(first + 1...first + 10, buffer)
        }
        try buffer.sync(against: .kill)
        let held = try buffer.read(part(after: 10))
        try buffer.remove([part(after: 10), part(after: 77)], settingAside: nil)
        try buffer.remove([part(after: 0)], settingAside: "of no use")
        #expect(try bytes(held) == expected(11...20))
        #expect(throws: StoreError.self) { try buffer.read(part(after: 10)) }
        try append(41...50, buffer)
        #expect(try bytes(buffer.read(part(after: 30))) == expected(31...40) + expected(41...50))
        #expect(try bench.make().parts() == [part(after: 20), part(after: 30)])
        switch kind {
        case .files: #expect(try bench.store.files("quarantine", suffix: ".gorb").count == 1)
        case .stream: #expect(bench.stream.setAside.count == 1)
        }
    }

    @Test("of an append that failed nothing is read, and the next one follows on the one before")
    func failedAppend() throws {
        for kind in Engine.allCases {
            let bench = Bench(kind: kind)
            let buffer = bench.make()
            _ = try buffer.parts()
            try buffer.begin(part(after: 0))
            try append(1...5, buffer)
            bench.failNextAppend()
            do throws(BufferFailure) {
                try buffer.append(records(6), SequenceNumber(start: 9, count: 6))
                Issue.record("the append went well")
            } catch {
                #expect(!error.mayBeStored)
            }
            try append(6...9, buffer)
            #expect(try bytes(buffer.read(part(after: 0))) == expected(1...9))
        }
    }

    @Test(
        "a part that cannot be made safe is told each time until it goes; the others become safe",
        arguments: Engine.allCases
    )
    func loss(kind: Engine) throws {
        let bench = Bench(kind: kind)
        let buffer = bench.make()
        _ = try buffer.parts()
        try buffer.begin(part(after: 0))
        try append(1...5, buffer)
        func lost() -> [BufferPart] {
            do throws(BufferLoss) {
                try buffer.sync(against: .powerCut)
                return []
            } catch {
                #expect(!error.path.isEmpty)
                return error.parts
            }
        }
        bench.failNextSync()
        #expect(lost() == [part(after: 0)])
        #expect(lost() == [part(after: 0)])
        try buffer.begin(part(after: 5))
        try append(6...9, buffer)
        #expect(lost() == [part(after: 0)])
        try buffer.remove([part(after: 0)], settingAside: nil)
        #expect(lost() == [])
        bench.cutPower()
        let again = bench.make()
        #expect(try again.parts().last == part(after: 5))
        #expect(try bytes(again.read(part(after: 5))) == expected(6...9))
    }

    // MARK: A store over it

    @Test("a store replays, rotates, seals and trims over it", arguments: Engine.allCases)
    func store(kind: Engine) throws {
        let bench = Bench(kind: kind)
        let series = bench.store.series(3)
        for start in 0..<3 {
            let database = try bench.open()
            #expect(database.recovery.replayedBatches == (start == 0 ? 0 : 5))
            #expect(database.recovery.damagedStretches == 0 && database.recovery.tornBytes == 0)
            let stream = database.openStream(.host)
            for step in 1...10 {
                let time = Int64(start * 100 + step)
                #expect(
                    try bench.store.append(database, stream, series, time: time, [1, 2, 3.5])
                        == .stored(3, dropped: [])
                )
                if step == 5 {
                    database.rotate()
                    database.sealPending()
                }
            }
            bench.kill()
        }
        let database = try bench.open()
        let times = (0..<3).flatMap { start in (1...10).map { Int64(start * 100 + $0) } }
        #expect(try bench.store.read(database)[series[2]]?.times == times)
        #expect(database.statistics().ledger.rows["host"]?.stored == 90)
        // What is sealed went, but for the newest epoch.
        database.rotate()
        database.sealPending()
        let stream = database.openStream(.host)
        _ = try bench.store.append(database, stream, series, time: 999, [1, 1, 1])
        database.rotate()
        database.sealPending()
        #expect(try bench.make().parts().count == 2)
    }

    @Test(
        "a follower goes on from any number, over the borders of parts",
        arguments: Engine.allCases
    )
    func follow(kind: Engine) throws {
        let bench = Bench(kind: kind)
        let series = bench.store.series(2)
        let database = try bench.open { $0.feedMemoryBytes = 1 }
        let stream = database.openStream(.host)
        var numbers: [SequenceNumber] = []
        database.pin("far", at: database.end)
        for step in 1...40 {
            _ = try bench.store.append(
                database,
                stream,
                series,
                time: Int64(step),
                [Double(step), 1]
            )
            numbers.append(database.end.number)
            // Epochs whose segments are not there yet.
            if step % 15 == 0 { database.rotate() }
        }
        for (index, number) in numbers.dropLast().enumerated() {
            let slice = try #require(
                try database.next(after: FeedPosition(number: number), limit: 2)
            )
            #expect(slice.to.number == numbers[index + 1])
            #expect(slice.times.first == Int64(index + 2))
            #expect(slice.values.first == Double(index + 2))
        }
        #expect(try database.next(after: FeedPosition(number: numbers[39]), limit: 1) == nil)
    }

    @Test(
        "where the buffer fails an epoch becomes a segment before its batches are acknowledged",
        arguments: Engine.allCases
    )
    func sealedForLoss(kind: Engine) throws {
        let bench = Bench(kind: kind)
        let series = bench.store.series(2)
        do {
            let database = try bench.open { $0.sync = .always }
            let stream = database.openStream(.host)
            for time in 1...9 {
                if time % 3 == 0 { bench.failNextSync() }
                #expect(
                    try bench.store.append(database, stream, series, time: Int64(time), [1, 2])
                        == .stored(2, dropped: [])
                )
            }
            #expect(database.statistics().segmentCount == 3)
            #expect(database.statistics().bufferFailures == 3)
        }
        bench.cutPower()
        let database = try bench.open()
        #expect(try bench.store.read(database)[series[1]]?.times == Array(1...9))
    }

    @Test("where neither takes them, batches are not acknowledged, until one does")
    func neither() throws {
        let bench = Bench(kind: .files)
        let series = bench.store.series(2)
        do {
            let database = try bench.open { $0.sync = .always }
            let stream = database.openStream(.host)
            func append(_ time: Int64) throws -> AppendOutcome {
                try bench.store.append(database, stream, series, time: time, [1, 2])
            }
            #expect(try append(1) == .stored(2, dropped: []))
            bench.failNextSync()
            bench.store.disk.fail(.sync, path: "segments", with: .inputOutput, times: 2)
            #expect(try append(2) == .refused(.bufferUnavailable))
            // It is told to all who ask, also of batches in the next part.
            #expect(try append(3) == .refused(.bufferUnavailable))
            #expect(try append(4) == .stored(2, dropped: []))
        }
        bench.cutPower()
        let times = try bench.store.read(try bench.open())[series[0]]?.times
        #expect(times == [1, 2, 3, 4])
    }

    @Test("no batch of several writers is acknowledged for another's fsync", arguments: 1...40)
    func manyWriters(seed: Int) throws {
        let bench = Bench(kind: .files)
        let acknowledged = Mutex<[Int: [Int64]]>([:])
        do {
            let database = try bench.open { $0.sync = .always }
            let threads = try (0..<4).map { writer in
                let series = bench.store.series(1, "writer_\(writer)")
                return try NamedThread(name: "append-\(writer)") { [store = bench.store] in
                    let stream = database.openStream(.host)
                    for time in 1...Int64(25) {
                        if (Int(time) * 4 + writer + seed) % 23 == 0 {
                            store.disk.fail(.sync, path: ".gorb", with: .inputOutput, times: 1)
                        }
                        let outcome = try? store.append(database, stream, series, time: time, [1])
                        if case .stored = outcome {
                            acknowledged.withLock { $0[writer, default: []].append(time) }
                        }
                    }
                }
            }
            for thread in threads { thread.join() }
        }
        bench.store.disk.heal()
        bench.cutPower()
        let read = try bench.store.read(try bench.open())
        for (writer, times) in acknowledged.withLock({ $0 }) {
            let there = read[bench.store.series(1, "writer_\(writer)")[0]]?.times ?? []
            #expect(Set(times).isSubset(of: there), "seed \(seed), writer \(writer)")
            #expect(there == there.sorted() && Set(there).count == there.count)
        }
    }
}
