// Cursor files: any bytes are a place, a complaint or an error; and whatever place they name, the feed
// goes on from there.
import Codec
import Forward
import Model
import Platform
import Store

/// `CursorFile`, and the feed of a store at the place that it gives.
struct CursorTarget: FuzzTarget {
    static let name = "cursor"

    private static let slotBytes = CursorSlot.byteCount
    private static let slotOffsets = [0, 4096]
    private static let checkedBytes = 1016
    private static let destination = "central"

    private let damage = StoreDamage()
    private let store: StoreSeed
    private let storeTag: CursorTag
    private let seeds: [[UInt8]]

    init() throws(FuzzFinding) {
        store = try StoreSeed(sealed: 12, open: 6)
        let database = try CursorTarget.open(store)
        storeTag = CursorTag(database.storeID.bytes)
        let end = database.end.number
        seeds = [
            [], try CursorTarget.seed(storeTag, end, 1), try CursorTarget.seed(storeTag, end, 5),
        ]
    }

    // A file that a destination wrote so many times.
    private static func seed(
        _ store: CursorTag,
        _ end: SequenceNumber,
        _ writes: Int
    ) throws(FuzzFinding) -> [UInt8] {
        let place = place(HeldFileSystem(), store)
        let file = try CursorTarget.open(place).file
        for write in 0..<writes {
            let back = UInt64(writes - write)
            let position = FeedPosition(
                number: SequenceNumber(raw: end.raw - min(end.raw, back)),
                time: write % 3 == 2 ? StoreSeed.nowMs - 3_000_000 : nil,
                offset: UInt32(write)
            )
            let border = RequestBorder(
                from: position,
                to: FeedPosition(number: end),
                isAnswered: write % 2 == 1
            )
            let record = CursorRecord(
                acked: position,
                attempted: [RequestBorder](repeating: border, count: write % 9),
                isClosed: write == 4
            )
            try CursorTarget.write(record, file, sync: write % 2 == 0)
        }
        return try bytes(place)
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] {
        damage.cursor(random.pick(seeds), seeds, CursorTarget.slotOffsets, &random)
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let slots = CursorTarget.slots(input)
        for slot in slots {
            try FuzzFinding.unless(
                (try? CursorSlot(slot.encoded().span)) == slot,
                "a slot that was read is written as another"
            )
            try FuzzFinding.unless(
                slot.record.attempted.count <= CursorRecord.borderLimit,
                "a slot with \(slot.record.attempted.count) requests is taken"
            )
        }
        let place = CursorTarget.place(
            HeldFileSystem([("/store/forward/\(CursorTarget.destination).cursor", input)]),
            storeTag
        )
        let opened: (file: CursorFile, found: FoundCursor)
        do throws(ForwardError) {
            opened = try CursorFile.open(place, name: CursorTarget.destination)
        } catch .newerVersion {
            return false
        } catch {
            throw FuzzFinding("the cursor does not open: \(error)")
        }
        let found = opened.found
        if let record = found.record {
            try FuzzFinding.unless(
                slots.contains { $0.record == record && $0.store == storeTag },
                "a place that stands in no slot: \(record)"
            )
            try follow(record, random.below(200) + 1)
        } else {
            try FuzzFinding.unless(
                input.allSatisfy { $0 == 0 } || found.trouble != nil,
                "a place is lost, and nothing is said"
            )
        }
        try checkWrites(opened.file, place, &random)
        return found.record != nil
    }

    // What is written next is found again, and nothing older; a write that is torn leaves the synced one
    // before.
    private func checkWrites(
        _ file: CursorFile,
        _ place: CursorPlace,
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) {
        var synced: CursorRecord?
        for count in 1...UInt32(1 + random.below(4)) {
            let record = CursorRecord(
                acked: FeedPosition(number: SequenceNumber(start: 9, count: count))
            )
            let isSynced = random.oneIn(2)
            let before = try CursorTarget.bytes(place)
            try CursorTarget.write(record, file, sync: isSynced)
            let after = try CursorTarget.bytes(place)
            let again = try CursorTarget.open(place).found
            try FuzzFinding.unless(
                again.record == record && again.trouble == nil,
                "wrote \(record), found \(again)"
            )
            if let synced {
                let torn = random.below(after.count)
                let mixed = Array(after[..<torn]) + before[torn...]
                let path = place.path(of: CursorTarget.destination)
                let files = HeldFileSystem([(path, mixed)])
                let found = try CursorTarget.open(CursorTarget.place(files, storeTag)).found.record
                try FuzzFinding.unless(
                    (found?.acked.number).map { synced.acked.number <= $0 } ?? false,
                    "a write that was torn at \(torn) leaves \(found.map { "\($0)" } ?? "none")"
                )
            }
            if isSynced { synced = record }
        }
    }

    private static func bytes(_ place: CursorPlace) throws(FuzzFinding) -> [UInt8] {
        do throws(Errno) {
            return try place.files.readAll(place.path(of: destination), limit: 1 << 20)
        } catch {
            throw FuzzFinding("the cursor cannot be read: \(error)")
        }
    }

    // Slots with a right checksum, whoever's they are.
    private static func slots(_ bytes: [UInt8]) -> [CursorSlot] {
        slotOffsets.compactMap { offset in
            let slot = Array(bytes.dropFirst(offset).prefix(slotBytes))
            guard slot.count == slotBytes,
                XXH64.hash(slot.span.extracting(0..<checkedBytes))
                    == ByteLoads.u64(slot.span, checkedBytes)
            else { return nil }
            return try? CursorSlot(slot.span)
        }
    }

    // What a destination does at its start: its unanswered requests again, then what follows.
    private func follow(_ record: CursorRecord, _ limit: Int) throws(FuzzFinding) {
        let database = try CursorTarget.open(store)
        database.pin(CursorTarget.destination, at: record.acked)
        for border in record.attempted {
            let slice: FeedSlice?
            do throws(StoreError) {
                slice = try database.slice(from: border.from, to: border.to)
            } catch {
                continue
            }
            guard let slice else { continue }
            try FuzzFinding.unless(
                slice.series.count == slice.count && slice.times.count == slice.count,
                "a slice whose columns differ in length"
            )
        }
        database.offer(CursorTarget.destination, through: record.offered)
        var position = record.offered
        for _ in 0..<100_000 {
            let slice: FeedSlice?
            do throws(StoreError) {
                slice = try database.next(after: position, limit: limit)
            } catch {
                throw FuzzFinding("the feed of a whole store fails at \(position): \(error)")
            }
            guard let slice else { return }
            try FuzzFinding.unless(
                slice.from == position && (position < slice.to || slice.mayBeResend),
                "the feed goes from \(position) to \(slice.to)"
            )
            position = slice.to
            database.pin(CursorTarget.destination, at: position)
        }
        throw FuzzFinding("the feed does not end, it is at \(position)")
    }

    private static func place(_ files: HeldFileSystem, _ store: CursorTag) -> CursorPlace {
        CursorPlace(
            files: files,
            directory: "/store/forward",
            quarantine: "/store/quarantine",
            store: store,
            boot: CursorTag([7])
        )
    }

    private static func open(
        _ place: CursorPlace
    ) throws(FuzzFinding) -> (file: CursorFile, found: FoundCursor) {
        do throws(ForwardError) { return try CursorFile.open(place, name: destination) } catch {
            throw FuzzFinding("the cursor does not open: \(error)")
        }
    }

    private static func write(
        _ record: CursorRecord,
        _ file: CursorFile,
        sync: Bool
    ) throws(FuzzFinding) {
        do throws(ForwardError) { try file.write(record, sync: sync) } catch {
            throw FuzzFinding("the cursor is not written: \(error)")
        }
    }

    private static func open(_ store: StoreSeed) throws(FuzzFinding) -> Database {
        guard let database = try StoreSeed.open(HeldFileSystem(store.files)) else {
            throw FuzzFinding("the store is of a newer version")
        }
        return database
    }
}
