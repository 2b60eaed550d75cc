// The seam between the program and the disk. Everything that must survive goes through it, so that
// tests can cut the power, fill the disk and fail any call without a real disk.

/// How `FileSystem.open` opens.
public enum OpenMode: Sendable {
    /// Reads an existing file.
    case read
    /// Reads and writes an existing file.
    case readWrite
    /// Creates a file for reading and writing; `.fileExists` when the name is taken.
    case create
    /// Creates a file for reading and writing, or empties the one that is there.
    case replace
    /// Reads, and appends at the end; created when missing.
    case append
}

/// What stat(2) says that anyone here asks for.
public struct FileInfo: Sendable, Equatable {
    public enum Kind: Sendable {
        case file, directory, other
    }

    public var kind: Kind
    public var size: Int64
    /// What the file takes from the disk (`st_blocks` × 512): holes are free, reserved room is not.
    public var allocatedBytes: Int64
    /// Milliseconds since 1970 UTC.
    public var modifiedMs: Int64

    public init(kind: Kind, size: Int64, allocatedBytes: Int64, modifiedMs: Int64) {
        self.kind = kind
        self.size = size
        self.allocatedBytes = allocatedBytes
        self.modifiedMs = modifiedMs
    }
}

/// The room of the file system that holds a path, in bytes.
public struct DiskSpace: Sendable, Equatable {
    public var total: Int64
    /// What this process may still take; root's reserve is not in it.
    public var available: Int64

    public init(total: Int64, available: Int64) {
        self.total = total
        self.available = available
    }
}

/// Files by path.
///
/// All calls block; none may be made on an event loop's thread.
///
/// What a power cut leaves: file content after `sync` or `syncData` of that file; names (created,
/// renamed, linked, removed) after `syncDirectory` of their directory. Nothing else is promised.
public protocol FileSystem: Sendable {
    /// Opens a regular file; does not wait for anything else that has its name.
    ///
    /// - Throws: `.noSuchFile`, `.fileExists` (mode `create`), `.permissionDenied`,
    ///   `.tooManyOpenFiles`, `.noSpace`; `.isADirectory`, and `.invalidArgument` for a FIFO, a
    ///   socket or a device.
    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile

    /// Maps a regular file as it is now, for reading.
    ///
    /// - Throws: as `open`.
    func map(_ path: String) throws(Errno) -> any MappedBytes

    /// What is at `path`; a symbolic link is followed.
    ///
    /// - Throws: `.noSuchFile` and its kin.
    func stat(_ path: String) throws(Errno) -> FileInfo

    /// The names in a directory, sorted by bytes, without `.` and `..`.
    ///
    /// - Throws: `.noSuchFile`, `.notADirectory`.
    func list(_ path: String) throws(Errno) -> [String]

    /// Creates a directory and its missing parents; they are durable on return.
    ///
    /// - Throws: `.notADirectory` or `.fileExists` when a file is in the way.
    func makeDirectory(_ path: String) throws(Errno)

    /// Renames within one file system; a file at `target` is replaced in one step.
    ///
    /// - Throws: `.noSuchFile`, `.crossDevice`.
    func rename(_ source: String, to target: String) throws(Errno)

    /// Gives a file a second name.
    ///
    /// - Throws: `.fileExists` when the name is taken.
    func link(_ source: String, to target: String) throws(Errno)

    /// Removes a file's name or an empty directory.
    ///
    /// - Throws: `.noSuchFile`, `.directoryNotEmpty`.
    func remove(_ path: String) throws(Errno)

    /// Makes the names in a directory durable.
    ///
    /// - Throws: `.inputOutput`; then nothing is known about the directory.
    func syncDirectory(_ path: String) throws(Errno)

    /// The room on the file system that holds `path`.
    ///
    /// - Throws: `.noSuchFile`.
    func freeSpace(_ path: String) throws(Errno) -> DiskSpace
}

extension FileSystem {
    /// True when something is at `path`.
    ///
    /// - Throws: what `stat` throws, but for a path that is not there.
    public func exists(_ path: String) throws(Errno) -> Bool {
        do throws(Errno) {
            _ = try stat(path)
            return true
        } catch .noSuchFile {
            return false
        }
    }

    /// A whole file.
    ///
    /// - Throws: as `open`, and `.fileTooLarge` beyond `limit` bytes.
    public func readAll(_ path: String, limit: Int) throws(Errno) -> [UInt8] {
        let file = try open(path, .read)
        let size = try file.size()
        guard size <= Int64(limit) else { throw .fileTooLarge }
        let bytes = try file.read(Int(size), at: 0)
        try file.close()
        return bytes
    }

    /// A password or token as it stands in a file of its own.
    ///
    /// Without the spaces and line breaks around it: these are the editor's, not the secret's.
    /// - Throws: as `open`, and `.fileTooLarge` beyond 64 KiB.
    public func readSecret(_ path: String) throws(Errno) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
        let bytes = try readAll(path, limit: 64 << 10)
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? 0
        return Array(bytes[..<end].drop(while: isSpace))
    }

    /// Removes what is there; a path that is not there is fine.
    ///
    /// - Throws: what `remove` throws, but for a path that is not there.
    public func removeIfPresent(_ path: String) throws(Errno) {
        do throws(Errno) {
            try remove(path)
        } catch .noSuchFile {
            return
        }
    }
}
