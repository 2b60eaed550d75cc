// One writer a base directory: flock(2) on its LOCK file. The kernel drops the lock when its holder
// dies, however it dies, so a stale file locks nobody out; what stands in it only names the holder.
internal import Glibc

/// Why a directory could not be locked.
public enum DirectoryLockError: Error, Equatable {
    case held(path: String, holder: String)
    case cannotLock(path: String, cause: Errno)
}

extension DirectoryLockError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .held(let path, let holder):
            "\(path) is locked by \(holder); stop that process or choose another base_path"
        case .cannotLock(let path, let cause):
            "cannot lock \(path): \(cause); check the directory's owner, mode and file system"
        }
    }
}

/// Who holds a lock, as its file tells it.
public struct LockHolder: Sendable, Equatable {
    public var host: String
    public var processID: Int32
    /// When the holder started, milliseconds since 1970 UTC.
    public var startedMs: Int64

    public init(host: String, processID: Int32, startedMs: Int64) {
        self.host = host
        self.processID = processID
        self.startedMs = startedMs
    }

    var fileText: String {
        "host=\(host) pid=\(processID) started=\(CivilTime.rfc3339(startedMs))\n"
    }
}

/// The exclusive right to write under one directory; given back when it goes.
///
/// Readers need no lock. The LOCK file is never removed: a second process could hold the removed one.
public struct DirectoryLock: ~Copyable, Sendable {
    /// The path of the LOCK file.
    public let path: String
    private let descriptor: FileDescriptor

    /// The name of the lock file inside the directory.
    public static let fileName = "LOCK"

    /// Locks `directory`, which must exist, without waiting.
    ///
    /// - Throws: `.held` when another process (or another lock in this one) has it, naming the
    ///   holder; `.cannotLock` when the file cannot be opened or written.
    public init(directory: String, holder: LockHolder) throws(DirectoryLockError) {
        let path = FilePath.join(directory, DirectoryLock.fileName)
        let descriptor: FileDescriptor
        do throws(Errno) {
            descriptor = try openRegular(path, O_RDWR | O_CREAT, mode: 0o644)
        } catch {
            throw .cannotLock(path: path, cause: error)
        }
        let raw = descriptor.raw
        do throws(Errno) {
            try Syscall.retry { flock(raw, LOCK_EX | LOCK_NB) }
        } catch .wouldBlock {
            throw .held(path: path, holder: DirectoryLock.holder(raw))
        } catch {
            throw .cannotLock(path: path, cause: error)
        }
        do throws(Errno) {
            try Syscall.retry { ftruncate(raw, 0) }
            let text = Array(holder.fileText.utf8)
            try PosixFile.writeAll(text.span) { $0.writeOnce(to: raw, at: Int64($1)) }
        } catch {
            throw .cannotLock(path: path, cause: error)
        }
        self.path = path
        self.descriptor = descriptor
    }

    /// Keeps writers out of `directory` while others may read; nil where nobody ever locked it.
    ///
    /// Writes nothing, so that a directory on a read-only disk can be read too.
    ///
    /// - Throws: `.held` when a writer has it, `.cannotLock` when the file cannot be opened.
    public static func shared(
        directory: String
    ) throws(DirectoryLockError) -> DirectoryLock? {
        let path = FilePath.join(directory, DirectoryLock.fileName)
        let descriptor: FileDescriptor
        do throws(Errno) {
            descriptor = try openRegular(path, O_RDONLY, mode: 0)
        } catch .noSuchFile {
            return nil
        } catch {
            throw .cannotLock(path: path, cause: error)
        }
        let raw = descriptor.raw
        do throws(Errno) {
            try Syscall.retry { flock(raw, LOCK_SH | LOCK_NB) }
        } catch .wouldBlock {
            throw .held(path: path, holder: DirectoryLock.holder(raw))
        } catch {
            throw .cannotLock(path: path, cause: error)
        }
        return DirectoryLock(path: path, descriptor: descriptor)
    }

    private init(path: String, descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Gives the lock back now.
    public consuming func unlock() {}

    private static func holder(_ descriptor: Int32) -> String {
        let bytes = [UInt8](capacity: 512) { _ = $0.readOnce(from: descriptor, at: 0) }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        // Between the holder's flock and its write the file is empty.
        return line.isEmpty ? "another process" : String(decoding: line, as: UTF8.self)
    }
}
