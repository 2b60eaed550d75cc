// The file behind a destination's place. Byte layout and rules: Forward.docc/cursor-file.md
internal import Codec
public import Platform
internal import Synchronization

/// Where the cursor file of a destination lies, and whose positions it holds.
public struct CursorPlace: Sendable {
    /// The disk.
    public var files: any FileSystem
    /// `forward/` under the store's directory; made when missing.
    public var directory: String
    /// Where damaged files go; made when needed.
    public var quarantine: String
    /// The store whose sequence the positions speak of.
    public var store: CursorTag
    /// This start of the machine, `.unknown` where that cannot be known.
    public var boot: CursorTag

    /// Makes a place.
    public init(
        files: any FileSystem,
        directory: String,
        quarantine: String,
        store: CursorTag,
        boot: CursorTag
    ) {
        self.files = files
        self.directory = directory
        self.quarantine = quarantine
        self.store = store
        self.boot = boot
    }

    /// The path of the cursor of the destination called `name`.
    ///
    /// Every byte that could mean something to a file system is written as `%XX`, so that different
    /// names have different files in the one directory.
    public func path(of name: String) -> String {
        var file: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in name.utf8 {
            let isPlain =
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                case UInt8(ascii: "."): !file.isEmpty
                default: false
                }
            if isPlain {
                file.append(byte)
            } else {
                file += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return FilePath.join(directory, String(decoding: file, as: UTF8.self) + CursorPlace.suffix)
    }

    static let suffix = ".cursor"

    /// The names of all destinations that have a cursor here.
    public func names() -> [String] {
        guard let files = try? files.list(directory) else { return [] }
        return files.compactMap { file in
            guard file.hasSuffix(CursorPlace.suffix) else { return nil }
            var bytes: [UInt8] = []
            var rest = Array(file.utf8.dropLast(CursorPlace.suffix.utf8.count))[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    bytes.append(byte)
                    continue
                }
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard let value = UInt8(digits, radix: 16) else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            }
            return String(decoding: bytes, as: UTF8.self)
        }.sorted()
    }
}

/// Why a cursor file was not taken as it was found.
public enum CursorTrouble: Sendable, Equatable {
    /// Neither slot can be read, or it is no regular file.
    case damaged(path: String, movedTo: String, slots: [String])
    /// The file belongs to another store.
    case foreign(path: String, movedTo: String, store: CursorTag, expected: CursorTag)
}

extension CursorTrouble: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damaged(let path, let target, let slots):
            "\(path) cannot be read (\(slots.joined(separator: "; "))); moved to \(target), "
                + "forwarding starts again at now, what was not sent stays stored here"
        case .foreign(let path, let target, let store, let expected):
            "\(path): it belongs to store \(store), this is store \(expected); moved to \(target), "
                + "forwarding starts again at now"
        }
    }
}

/// What was found when a cursor file was opened.
public struct FoundCursor: Sendable, Equatable {
    /// The place, nil when there was no usable one.
    public var record: CursorRecord?
    /// Whether a later record may have been written and lost: the machine went down since, or the
    /// other slot is damaged.
    ///
    /// What lies behind the record may have been sent, then.
    public var mayMissWrites: Bool
    /// What `CursorFile.remember` was told last; 0 for nothing.
    public var memo: UInt64
    /// Why there was no usable one although there was a file.
    public var trouble: CursorTrouble?

    init(
        record: CursorRecord? = nil,
        mayMissWrites: Bool = false,
        memo: UInt64 = 0,
        trouble: CursorTrouble? = nil
    ) {
        self.record = record
        self.mayMissWrites = mayMissWrites
        self.memo = memo
        self.trouble = trouble
    }
}

/// The cursor file of one destination, open for writing.
///
/// Every call blocks: never on the loop.
public final class CursorFile: Sendable {
    private struct State {
        var generation: UInt64
        var syncedSlot: Int  // survives a power cut; not touched before the other is synced
        var memo: UInt64 = 0
    }

    /// The file's path.
    public let path: String
    private let place: CursorPlace
    private let file: any OpenFile
    private let state: Mutex<State>

    private init(path: String, place: CursorPlace, file: any OpenFile, state: State) {
        self.path = path
        self.place = place
        self.file = file
        self.state = Mutex(state)
    }

    /// Opens the cursor of the destination called `name`, creating it when it is missing; a file that
    /// cannot be used is moved to quarantine.
    ///
    /// - Throws: `.cannot`, `.cannotQuarantine`, `.newerVersion`: without its cursor a destination does
    ///   not ship; try again later.
    public static func open(
        _ place: CursorPlace,
        name: String
    ) throws(ForwardError) -> (CursorFile, FoundCursor) {
        let path = place.path(of: name)
        let held: (file: any OpenFile, bytes: [UInt8])?
        do throws(Errno) {
            held = try read(place, path)
        } catch  where error == .isADirectory || error == .invalidArgument {
            let target = try setAside(place, path)
            let trouble = CursorTrouble.damaged(
                path: path,
                movedTo: target,
                slots: ["it is no regular file"]
            )
            return (try create(place, path), FoundCursor(trouble: trouble))
        } catch {
            throw .cannot(action: "open", path: path, cause: error)
        }
        // A file that was created and never written holds no place, wherever a power cut ended it.
        guard let held, held.bytes.contains(where: { $0 != 0 }) else {
            return (try create(place, path), FoundCursor())
        }
        let contents = CursorContents(held.bytes)
        if let version = contents.newerVersion {
            throw .newerVersion(path: path, version: version)
        }
        guard let (index, slot) = contents.newest else {
            let target = try setAside(place, path)
            let trouble = CursorTrouble.damaged(
                path: path,
                movedTo: target,
                slots: contents.complaints
            )
            return (try create(place, path), FoundCursor(trouble: trouble))
        }
        guard slot.store == place.store else {
            let target = try setAside(place, path)
            let trouble = CursorTrouble.foreign(
                path: path,
                movedTo: target,
                store: slot.store,
                expected: place.store
            )
            return (try create(place, path), FoundCursor(trouble: trouble))
        }
        // The slot may be in the page cache only, where a kill left it.
        do throws(Errno) { try held.file.syncData() } catch {
            throw .cannot(action: "fsync", path: path, cause: error)
        }
        let mayMissWrites =
            !slot.boot.isSame(as: place.boot)
            || !contents.complaints.isEmpty && !contents.isUnwritten(1 - index)
        let state = State(generation: slot.generation, syncedSlot: index, memo: slot.memo)
        return (
            CursorFile(path: path, place: place, file: held.file, state: state),
            FoundCursor(record: slot.record, mayMissWrites: mayMissWrites, memo: slot.memo)
        )
    }

    /// Reads the place of the destination called `name` as it is, and changes nothing; nil when there is
    /// none that can be used.
    ///
    /// - Throws: `.cannot`, `.newerVersion`.
    public static func peek(
        _ place: CursorPlace,
        name: String
    ) throws(ForwardError) -> CursorRecord? {
        let path = place.path(of: name)
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try place.files.open(path, .read).read(CursorContents.byteCount, at: 0)
        } catch .noSuchFile {
            return nil
        } catch {
            throw .cannot(action: "open", path: path, cause: error)
        }
        let contents = CursorContents(bytes)
        if let version = contents.newerVersion { throw .newerVersion(path: path, version: version) }
        guard let slot = contents.newest?.slot, slot.store == place.store else { return nil }
        return slot.record
    }

    /// Says in the cursors of destinations that are not among `names` that they are not configured: what
    /// goes from now on goes without waiting for them.
    ///
    /// Blocks for the disk.
    /// - Throws: the first that cannot be written; the others were tried.
    public static func release(
        allBut names: Set<String>,
        in place: CursorPlace
    ) throws(ForwardError) {
        var failure: ForwardError?
        let kept = Set(names.map { place.path(of: $0) })
        for name in place.names() where !kept.contains(place.path(of: name)) {
            do throws(ForwardError) {
                let (file, found) = try open(place, name: name)
                guard var record = found.record, record.account.doubt != .released else { continue }
                // What a power cut took before is found with the rest.
                if record.account.doubt != .anchor { record.account.doubt = .released }
                try file.write(record, sync: true)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    // Nil when there is none.
    private static func read(
        _ place: CursorPlace,
        _ path: String
    ) throws(Errno) -> (file: any OpenFile, bytes: [UInt8])? {
        try place.files.makeDirectory(place.directory)
        guard try place.files.exists(path) else { return nil }
        let file = try place.files.open(path, .readWrite)
        return (file, try file.read(CursorContents.byteCount, at: 0))
    }

    /// Keeps a number of the destination's own; it is in the file from the next `write` on.
    public func remember(_ memo: UInt64) {
        state.withLock { $0.memo = memo }
    }

    /// Writes the slot that does not hold the last synced record.
    ///
    /// With `sync` it survives a power cut from here on, and the next write goes to the other slot.
    /// - Throws: `.cannot`; the last synced record is untouched, the next write tries again.
    public func write(_ record: CursorRecord, sync: Bool) throws(ForwardError) {
        do throws(Errno) {
            try state.withLock { state throws(Errno) in
                let slot = CursorSlot(
                    generation: state.generation + 1,
                    store: place.store,
                    boot: place.boot,
                    record: record,
                    memo: state.memo
                )
                let index = 1 - state.syncedSlot
                try file.write(slot.encoded().span, at: CursorContents.slotOffsets[index])
                state.generation += 1
                if sync {
                    try file.syncData()
                    state.syncedSlot = index
                }
            }
        } catch {
            throw .cannot(action: "write", path: path, cause: error)
        }
    }

    // Both slots' room is written at once, so that later writes need no room on a full disk.
    private static func create(
        _ place: CursorPlace,
        _ path: String
    ) throws(ForwardError) -> CursorFile {
        do throws(Errno) {
            // The one that may be there is empty: anything else was kept or moved.
            let file = try place.files.open(path, .replace)
            try file.write([UInt8](repeating: 0, count: CursorContents.byteCount).span, at: 0)
            try file.syncData()
            try place.files.syncDirectory(place.directory)
            // The directory may be as new as the file.
            try place.files.syncDirectory(FilePath.parent(place.directory))
            return CursorFile(
                path: path,
                place: place,
                file: file,
                state: State(generation: 0, syncedSlot: 1)
            )
        } catch {
            throw .cannot(action: "create", path: path, cause: error)
        }
    }

    // Moves what is at `path` to quarantine; where it is then.
    private static func setAside(
        _ place: CursorPlace,
        _ path: String
    ) throws(ForwardError) -> String {
        let wanted = FilePath.join(place.quarantine, FilePath.name(path))
        var target = wanted
        do throws(Errno) {
            try place.files.makeDirectory(place.quarantine)
            var number = 1
            while try place.files.exists(target) {
                target = "\(wanted).\(number)"
                number += 1
            }
            try place.files.rename(path, to: target)
            try place.files.syncDirectory(place.quarantine)
        } catch {
            throw .cannotQuarantine(path: path, target: target, cause: error)
        }
        return target
    }
}
