// Files with right checksums that claim a start after which there is no number.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Impossible starts")
struct ImpossibleStartTests {
    private let store = SpineFixture()

    // Puts `bytes` where the file was, its header's checksum put right.
    private func forge(
        _ path: String,
        at offset: Int,
        _ raw: [UInt8],
        checked range: Range<Int>
    ) throws {
        var bytes = try store.disk.readAll(path, limit: 1 << 20)
        bytes.replaceSubrange(offset..<offset + raw.count, with: raw)
        let checksum = XXH64.hash(bytes.span.extracting(range))
        for index in 0..<8 {
            bytes[range.upperBound + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
        }
        try AtomicReplace.write(store.disk, path, bytes)
    }

    @Test(
        "a file that claims a start that cannot be is set aside, and the store goes on",
        arguments: ["STORE", "buffer", "buffer's after", "segment"]
    )
    func forged(what: String) throws {
        let series = store.series(2)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, series, time: 10, [1, 2])
            database.rotate()
            database.sealPending()
            _ = try store.append(database, stream, series, time: 20, [1, 2])
            try database.close(sealing: false)
        }
        let last = [UInt8](repeating: 0xff, count: 8)
        switch what {
        case "STORE":
            let path = FilePath.join(store.options.basePath, StoreLayout.identityName)
            let end = try store.disk.readAll(path, limit: 1 << 20).count - 8
            try forge(path, at: 24, Array(last[..<4]), checked: 0..<end)
        case "segment":
            let path = try #require(try store.files("segments", suffix: ".gor").first)
            try forge(path, at: 32, last, checked: 0..<56)
        default:
            for path in try store.files("buffer", suffix: "") {
                let offset = what == "buffer" ? 40 : 24
                let raw = what == "buffer" ? Array(last[..<4]) : last
                try forge(path, at: offset, raw, checked: 0..<56)
                var bytes = try store.disk.readAll(path, limit: 1 << 20)
                bytes.replaceSubrange(64..<128, with: bytes[..<64])
                try AtomicReplace.write(store.disk, path, bytes)
            }
        }
        for time: Int64 in [30, 40] {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, series, time: time, [3, 4])
            #expect(try store.read(database)[series[0]]?.times.last == time)
            try database.close(sealing: time == 30)
        }
    }

    @Test("a segment that claims to end before it begins is set aside, its batches are replayed")
    func backwards() throws {
        let series = store.series(2)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, series, time: 10, [1, 2])
            try database.close()
        }
        let path = try #require(try store.files("segments", suffix: ".gor").first)
        try forge(path, at: 24, [UInt8](repeating: 0xff, count: 8), checked: 0..<56)
        let database = try store.open()
        #expect(database.recovery.segments == 0)
        #expect(database.recovery.quarantined == 1)
        #expect(try store.read(database)[series[0]]?.times == [10])
    }

    @Test("after the latest start there is none, and a clock beyond it is not believed")
    func numbers() {
        let latest = SequenceNumber.latestStart
        #expect(StoreIdentity.nextStart(after: latest, nowMs: 0) == nil)
        #expect(StoreIdentity.nextStart(after: latest - 1, nowMs: 0) == latest)
        #expect(StoreIdentity.nextStart(after: 7, nowMs: .max) == 8)
        #expect(StoreIdentity.nextStart(after: 7, nowMs: 1_700_000_000_000) == 1_700_000_000)
    }
}
