// Buffer files: what goes in comes out, and damage costs what the format says, never more.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Buffer format")
struct BufferFormatTests {
    private func world(_ seed: Int, batches: Int, plain: Bool = false) -> BufferWorld {
        var random = SeededRandom(seed: UInt64(seed))
        var world = BufferWorld()
        for _ in 0..<batches {
            world.add(&random, plain: plain)
            if !plain, Int.random(in: 0..<30, using: &random) == 0 { world.startOver() }
        }
        return world
    }

    @Test("random batches come back: drops, late ones, own times, new layouts", arguments: 0..<30)
    func roundTrip(seed: Int) throws {
        let world = world(seed, batches: 150)
        let reading = try BufferReading(world.bytes)
        #expect(reading.batches == world.facts, "seed \(seed)")
        #expect(reading.damage.isEmpty && reading.tail.isEmpty && reading.lost == 0)
    }

    @Test("a file cut anywhere gives all whole batches before the cut")
    func truncation() throws {
        let world = world(3, batches: 40)
        let ends = world.records.filter { $0.type == .batch }.map(\.range.upperBound)
        for length in BufferFormat.headerBytes...world.bytes.count {
            let reading = try BufferReading(Array(world.bytes.prefix(length)))
            let whole = ends.prefix { $0 <= length }.count
            #expect(reading.batches == Array(world.facts.prefix(whole)), "length \(length)")
            #expect(reading.damage.isEmpty)
        }
    }

    @Test(
        "a tail of zeros, as a power cut leaves it, is no damage",
        arguments: [1, 7, 8, 600, 5000]
    )
    func zeros(count: Int) throws {
        let world = world(4, batches: 40)
        let reading = try BufferReading(world.bytes + [UInt8](repeating: 0, count: count))
        #expect(reading.batches == world.facts)
        #expect(reading.damage.isEmpty && reading.tail.count == count)
    }

    @Test(
        "any bit flipped: nothing wrong is read, and one stream loses what is left to its next key"
    )
    func bitFlips() throws {
        var random = SeededRandom(seed: 5)
        var world = BufferWorld()
        for _ in 0..<26 { world.add(&random, streamCount: 2, plain: true) }
        for record in world.records {
            for place in record.range {
                for bit in 0..<8 {
                    var bytes = world.bytes
                    bytes[place] ^= 1 << UInt8(bit)
                    try check(world, record, try BufferReading(bytes), "byte \(place) bit \(bit)")
                }
            }
        }
    }

    private func check(
        _ world: BufferWorld,
        _ record: BufferWorld.Record,
        _ reading: BufferReading,
        _ place: Comment
    ) throws {
        var read: [SequenceNumber: BatchFacts] = [:]
        for batch in reading.batches { read[batch.number] = batch }
        #expect(read.count == reading.batches.count, place)
        var missing: [Int] = []
        for (index, fact) in world.facts.enumerated() {
            guard var found = read[fact.number] else {
                missing.append(index)
                continue
            }
            // Where the definitions were hit, labels are missing, never wrong.
            if record.type == .series, found.labels.allSatisfy(\.isEmpty) {
                found.labels = fact.labels
            }
            #expect(found == fact, place)
        }
        guard record.type == .batch else {
            #expect(missing.isEmpty, place)
            return
        }
        #expect(missing.allSatisfy { world.streams[$0] == record.stream }, place)
        #expect(!missing.isEmpty && missing.count <= BufferFormat.keyInterval, place)
    }

    @Test("two records of a stream lost around a key are not taken for none")
    func lostKey() throws {
        var random = SeededRandom(seed: 9)
        var world = BufferWorld()
        for _ in 0..<64 { world.add(&random, streamCount: 1, plain: true) }
        let batches = world.records.filter { $0.type == .batch }
        // From one place between two keys to the same place between the next two.
        var bytes = world.bytes
        for record in batches[5..<5 + BufferFormat.keyInterval] {
            bytes[record.range.lowerBound + 13] ^= 1
        }
        let reading = try BufferReading(bytes)
        let kept = world.facts.prefix(5) + world.facts.dropFirst(32)
        #expect(reading.batches == Array(kept))
        #expect(reading.lost == 32 - 5 - BufferFormat.keyInterval)
    }

    @Test("a reader of a growing file never keeps what the writer took back")
    func growing() throws {
        let world = world(6, batches: 40)
        let disk = MemoryFileSystem()
        let file = try disk.open("/f", .create)
        let border = world.records[world.records.count / 2].range.lowerBound
        try file.write(world.bytes.span.extracting(0..<border), at: 0)
        // Half of a write that failed, and is cut off only later.
        try file.write([UInt8](repeating: 0xaa, count: 300).span, at: Int64(border))
        var scanner = BufferScanner(WholeFile(file))
        var count = 0
        func drain(_ limit: Int) throws {
            while true {
                switch try scanner.next(limit: Int64(limit)) {
                case .record: count += 1
                case .damage(let range): Issue.record("damage in \(range)")
                case .end(let tail):
                    #expect(tail.isEmpty)
                    return
                }
            }
        }
        try drain(border)
        try file.write(world.bytes.span.extracting(border..<world.bytes.count), at: Int64(border))
        try drain(world.bytes.count)
        #expect(count == world.records.count)
    }

    @Test("payloads of any bytes under a right checksum are decoded or refused", arguments: 0..<30)
    func hostile(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let world = world(seed, batches: 30)
        for _ in 0..<60 {
            var bytes = Array(world.bytes.prefix(BufferFormat.headerBytes))
            for record in world.records {
                var payload = Array(world.bytes[record.range].dropFirst(12).dropLast(8))
                for _ in 0..<Int.random(in: 0...2, using: &random) where !payload.isEmpty {
                    let place = payload.indices.randomElement(using: &random) ?? 0
                    payload[place] = UInt8.random(in: 0...255, using: &random)
                    if Bool.random(using: &random) { payload.insert(0xff, at: place) }
                }
                let flags =
                    Int.random(in: 0..<9, using: &random) == 0
                    ? UInt8.random(in: 0...255, using: &random)
                    : world.bytes[record.range.lowerBound + 11]
                let number = ByteLoads.u32(world.bytes.span, record.range.lowerBound + 4)
                let frame = BufferFrame.begin(record.type, flags: flags, number, &bytes)
                bytes += payload
                BufferFrame.end(frame, &bytes)
            }
            _ = try BufferReading(bytes)
        }
    }

    @Test("small payloads that claim much are refused")
    func claims() throws {
        func record(_ type: BufferFormat.RecordType, _ flags: UInt8, _ fields: [UInt64]) -> [UInt8]
        {
            var payload: [UInt8] = []
            for field in fields { Varint.append(field, to: &payload) }
            return payload
        }
        var decoder = BufferDecoder(start: 1)
        func isRefused(_ type: BufferFormat.RecordType, _ flags: UInt8, _ fields: [UInt64]) -> Bool
        {
            let payload = record(type, flags, fields)
            do throws(CodecError) {
                _ = try decoder.decode(
                    BufferFrameHead(type: type, flags: flags, number: 1),
                    payload.span
                )
                return false
            } catch {
                return true
            }
        }
        let key = BufferFormat.Flags.key
        let far = Varint.zigzag(.max)
        #expect(isRefused(.series, 0, [0, 4_000_000_000, 0]))
        #expect(isRefused(.series, 0, [4_294_967_295, 1, 0]))
        #expect(isRefused(.series, BufferFormat.Flags.compressed, [0, 1, 4_294_967_295, 9]))
        #expect(isRefused(.batch, key, [1, 0, 0, 0, 4_000_000_000, 0, 4_000_000_000]))
        #expect(isRefused(.batch, key, [1, 0, 0, 0, 1, far, 1]))
        #expect(isRefused(.batch, key | BufferFormat.Flags.drops, [1, 0, 0, 0, 0, .max, 0, 1]))
        #expect(isRefused(.batch, key, [.max, 0, 0, 0, 0]))
    }

    @Test("the feed goes forward through batches that a forger put out of order")
    func outOfOrder() throws {
        var random = SeededRandom(seed: 3)
        var world = BufferWorld()
        for _ in 0..<8 { world.add(&random, plain: true) }
        let first = try #require(world.records.first { $0.type == .batch })
        let disk = MemoryFileSystem()
        let file = try disk.open("/buffer", .create)
        // The first batch stands alone, so it can be read anywhere.
        let bytes = world.bytes + world.bytes[first.range]
        try file.append(bytes.span)
        let size = try file.size()
        let last = SequenceNumber(start: BufferWorld.start, count: 8)
        var feed = BufferFeed(
            KeptPart(part: BufferWorld.part, last: last, bytes: size),
            WholeFile(file)
        )
        let numbers = try feed.batches(
            after: .zero,
            samples: .max,
            limit: size - Int64(BufferFormat.headerBytes)
        ).map(\.number.count)
        #expect(numbers == Array(1...8))
    }
}
