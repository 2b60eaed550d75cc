// Segments as files of one directory: the default storage engine.
internal import Model
public import Platform

/// Keeps each segment as a file in `segments/`.
public struct SegmentStorage: Sendable {
    private let directory: String
    private let fileSystem: any FileSystem
    private let quarantine: Quarantine
    private let log: Logger
    private let readMode: ReadMode
    private let cache: BlockCache

    /// The segments of the store that opens.
    public init(_ context: StorageContext) {
        directory = FilePath.join(context.basePath, StoreLayout.segmentDirectory)
        fileSystem = context.fileSystem
        quarantine = context.quarantine
        log = context.log
        readMode = context.readMode
        cache = context.cache
    }
}

extension SegmentStorage: StorageEngine {
    /// The segments in the directory, which is made when it is missing.
    /// - Throws: `.cannot` when it cannot be listed.
    public func names() throws(StoreError) -> [String] {
        let names: [String]
        do throws(Errno) {
            try fileSystem.makeDirectory(directory)
            names = try fileSystem.list(directory)
        } catch {
            throw .cannot(action: "list", path: directory, cause: error)
        }
        for name in names where name.hasSuffix(AtomicReplace.temporarySuffix) {
            do throws(Errno) {
                try fileSystem.removeIfPresent(path(of: name))
            } catch {
                log.warn("cannot remove a file", ("path", path(of: name)), ("cause", "\(error)"))
            }
        }
        // A killed process may have left names that are not durable yet: what they name is given out from
        // now on, and a power cut must not take it.
        do throws(Errno) {
            try fileSystem.syncDirectory(directory)
        } catch .readOnlyFileSystem {
            // Nothing is given out of a store that is only read.
        } catch {
            log.warn("cannot fsync the directory", ("path", directory), ("cause", "\(error)"))
        }
        return names.filter(StoreLayout.isSegment)
    }

    /// The mapped file.
    /// - Throws: `.cannot` with what open(2) or mmap(2) said.
    public func read(_ name: String) throws(SegmentError) -> any MappedBytes {
        let path = path(of: name)
        do throws(Errno) {
            switch readMode {
            case .map: return try fileSystem.map(path)
            case .pread: return try BlockFile(try fileSystem.open(path, .read), cache: cache)
            }
        } catch {
            let action = readMode == .map ? "map" : "open"
            throw .cannot(action: action, path: path, cause: error)
        }
    }

    /// A temporary file beside its final name, with room reserved where the file system can.
    ///
    /// - Parameters:
    ///   - name: the final name.
    ///   - byteCount: what is reserved.
    /// - Returns: where the bytes go.
    /// - Throws: `.cannot`.
    public func create(
        _ name: String,
        reserving byteCount: Int64
    ) throws(SegmentError) -> any SegmentSink {
        try SegmentFile(fileSystem, path: path(of: name), reserving: byteCount)
    }

    /// What stat(2) says; the time is the file's modification time.
    /// - Throws: `.cannot`.
    public func facts(of name: String) throws(StoreError) -> StoredSegment {
        let path = path(of: name)
        do throws(Errno) {
            let info = try fileSystem.stat(path)
            return StoredSegment(
                byteCount: info.size,
                allocatedBytes: info.allocatedBytes,
                storedMs: info.modifiedMs
            )
        } catch {
            throw .cannot(action: "stat", path: path, cause: error)
        }
    }

    /// Unlinks the files and syncs the directory.
    /// - Throws: `.cannot` with the first file that stays.
    public func remove(_ names: [String]) throws(StoreError) {
        for name in names {
            do throws(Errno) {
                try fileSystem.removeIfPresent(path(of: name))
            } catch {
                throw .cannot(action: "remove", path: path(of: name), cause: error)
            }
        }
        do throws(Errno) {
            try fileSystem.syncDirectory(directory)
        } catch {
            throw .cannot(action: "fsync the directory", path: directory, cause: error)
        }
    }

    /// Moves the file out of the way of the next start, into the quarantine.
    public func setAside(_ name: String, reason: String) {
        quarantine.take(path(of: name), reason: reason)
    }

    /// Hard links, or copies where links cannot be made.
    /// - Throws: `.cannot` with the first file that is missing in the target.
    public func copy(_ names: [String], to directory: String) throws(StoreError) {
        for name in names {
            let target = FilePath.join(directory, name)
            do throws(Errno) {
                do throws(Errno) {
                    try fileSystem.link(path(of: name), to: target)
                } catch
                    where error == .crossDevice || error == .notSupported
                    || error == .operationNotPermitted
                {
                    try FileCopy.copy(fileSystem, path(of: name), to: target)
                }
            } catch {
                throw .cannot(action: "link", path: target, cause: error)
            }
        }
        do throws(Errno) {
            try fileSystem.syncDirectory(directory)
        } catch {
            throw .cannot(action: "fsync the directory", path: directory, cause: error)
        }
    }

    /// The file's path, for messages.
    public func path(of name: String) -> String { FilePath.join(directory, name) }
}

/// A segment file on its way: temporary until it is whole.
///
/// One writer at a time.
final class SegmentFile: SegmentSink {
    let path: String
    private let fileSystem: any FileSystem
    private let file: any OpenFile
    private let written = Lock<(end: Int64, flushed: Int64)>((0, 0))
    // So much at most waits for the disk: one large fsync would hold up those of the write buffer.
    private static let flushBytes: Int64 = 8 << 20

    private var temporary: String { path + SegmentFormat.temporarySuffix }

    /// Creates the temporary file with room for `byteCount`.
    /// - Throws: `.cannot`; nothing is left of the file then.
    init(
        _ fileSystem: any FileSystem,
        path: String,
        reserving byteCount: Int64
    ) throws(SegmentError) {
        self.path = path
        self.fileSystem = fileSystem
        let temporary = path + SegmentFormat.temporarySuffix
        do throws(Errno) {
            file = try fileSystem.open(temporary, .replace)
        } catch {
            throw .cannot(action: "create", path: temporary, cause: error)
        }
        guard byteCount > 0 else { return }
        do throws(Errno) {
            try file.allocate(offset: 0, length: byteCount)
        } catch .notSupported {
            return
        } catch {
            discard()
            throw .cannot(
                action: "reserve \(byteCount) bytes for",
                path: temporary,
                cause: error
            )
        }
    }

    func append(_ bytes: Span<UInt8>) throws(SegmentError) {
        do throws(Errno) {
            try file.append(bytes)
            let isDue = written.withLock { written -> Bool in
                written.end += Int64(bytes.count)
                guard written.end - written.flushed >= SegmentFile.flushBytes else { return false }
                written.flushed = written.end
                return true
            }
            if isDue { try file.syncData() }
        } catch {
            throw .cannot(action: "write", path: temporary, cause: error)
        }
    }

    func publish(header: Span<UInt8>) throws(SegmentError) {
        let end = written.withLock { $0.end }
        try attempt("write") { () throws(Errno) in
            try file.write(header, at: 0)
            // Gives back what was reserved beyond the end.
            try file.truncate(to: end)
        }
        try attempt("fsync") { () throws(Errno) in
            try file.sync()
            try file.close()
        }
        try attempt("rename") { () throws(Errno) in try fileSystem.rename(temporary, to: path) }
        // rename(2) alone may vanish in a power cut.
        let directory = FilePath.parent(path)
        do throws(Errno) {
            try fileSystem.syncDirectory(directory)
        } catch {
            throw .cannot(action: "fsync the directory", path: directory, cause: error)
        }
    }

    func discard() {
        // Closes itself with its last reference. What is left of it, should this fail, goes at the
        // next start, which removes temporary files.
        do throws(Errno) { try fileSystem.remove(temporary) } catch { return }
    }

    private func attempt(
        _ action: String,
        _ body: () throws(Errno) -> Void
    ) throws(SegmentError) {
        do throws(Errno) { try body() } catch {
            throw .cannot(action: action, path: temporary, cause: error)
        }
    }
}
