// The real disk. Corresponding C functions: open(2), fstat(2), readdir(3), mkdir(2), rename(2),
// link(2), unlink(2), rmdir(2), fsync(2), statvfs(3), fcntl(2).
internal import CLinux
internal import Glibc

/// The machine's own file system.
public struct PosixFileSystem: FileSystem {
    private let fileMode: UInt32
    private let directoryMode: UInt32

    /// Files get the modes less the process's umask.
    public init(fileMode: UInt32 = 0o640, directoryMode: UInt32 = 0o750) {
        self.fileMode = fileMode
        self.directoryMode = directoryMode
    }

    public func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            case .append: O_RDWR | O_CREAT | O_APPEND
            }
        return PosixFile(path: path, descriptor: try openRegular(path, flags, mode: fileMode))
    }

    public func map(_ path: String) throws(Errno) -> any MappedBytes {
        let mapped: MappedFile = try MappedFile(path: path)
        return mapped
    }

    public func stat(_ path: String) throws(Errno) -> FileInfo {
        var status = Glibc.stat()
        try Syscall.retry { unsafe fstatat(AT_FDCWD, path, &status, 0) }
        return FileInfo(status)
    }

    public func list(_ path: String) throws(Errno) -> [String] {
        guard let directory = unsafe opendir(path) else { throw .current }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            Glibc.errno = 0
            guard let entry = unsafe readdir(directory) else {
                // readdir says "end" and "failed" with the same nil; only errno tells them apart.
                if Glibc.errno != 0 { throw .current }
                break
            }
            // SAFETY: d_name is a C string that lives until the next readdir on this stream.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    public func makeDirectory(_ path: String) throws(Errno) {
        do throws(Errno) {
            try makeOneDirectory(path)
        } catch .noSuchFile {
            let parent = FilePath.parent(path)
            guard parent != path else { throw .noSuchFile }
            try makeDirectory(parent)
            try makeOneDirectory(path)
        }
    }

    private func makeOneDirectory(_ path: String) throws(Errno) {
        do throws(Errno) {
            try Syscall.retry { unsafe mkdir(path, directoryMode) }
        } catch .fileExists {
            guard try stat(path).kind == .directory else { throw .fileExists }
            return
        }
        try syncDirectory(FilePath.parent(path))
    }

    public func rename(_ source: String, to target: String) throws(Errno) {
        try Syscall.retry { unsafe Glibc.rename(source, target) }
    }

    public func link(_ source: String, to target: String) throws(Errno) {
        try Syscall.retry { unsafe Glibc.link(source, target) }
    }

    public func remove(_ path: String) throws(Errno) {
        do throws(Errno) {
            try Syscall.retry { unsafe unlink(path) }
        } catch .isADirectory {
            try Syscall.retry { unsafe rmdir(path) }
        }
    }

    public func syncDirectory(_ path: String) throws(Errno) {
        let directory = try openDescriptor(path, O_RDONLY | O_DIRECTORY, mode: 0)
        let raw = directory.raw
        try Syscall.retry { fsync(raw) }
    }

    public func freeSpace(_ path: String) throws(Errno) -> DiskSpace {
        var status = statvfs()
        try Syscall.retry { unsafe statvfs(path, &status) }
        let unit = Int64(clamping: status.f_frsize)
        return DiskSpace(
            total: Int64(clamping: status.f_blocks).multipliedSaturating(by: unit),
            available: Int64(clamping: status.f_bavail).multipliedSaturating(by: unit)
        )
    }

    static func info(_ descriptor: Int32) throws(Errno) -> FileInfo {
        var status = Glibc.stat()
        try Syscall.retry { unsafe fstat(descriptor, &status) }
        return FileInfo(status)
    }
}

func openDescriptor(
    _ path: String,
    _ flags: Int32,
    mode: UInt32
) throws(Errno) -> FileDescriptor {
    FileDescriptor(
        owning: try Syscall.retry { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) }
    )
}

/// Opens a regular file and nothing else: `.isADirectory`, and `.invalidArgument` for the rest.
///
/// Waits for nobody: open(2) of a FIFO would, until somebody opens its other end.
func openRegular(
    _ path: String,
    _ flags: Int32,
    mode: UInt32
) throws(Errno) -> FileDescriptor {
    let descriptor: FileDescriptor
    do throws(Errno) {
        descriptor = try openDescriptor(path, flags | O_NONBLOCK, mode: mode)
    } catch  where error.code == ENXIO {
        // A socket, or a device that is not there.
        throw .invalidArgument
    }
    switch try PosixFileSystem.info(descriptor.raw).kind {
    case .file: break
    case .directory: throw .isADirectory
    case .other: throw .invalidArgument
    }
    let raw = descriptor.raw
    // F_SETFL sets all of the flags that it can change.
    try Syscall.retry { fcntl(raw, F_SETFL, flags & O_APPEND) }
    return descriptor
}

extension FileInfo {
    fileprivate init(_ status: Glibc.stat) {
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        self.init(
            kind: kind,
            size: Int64(status.st_size),
            allocatedBytes: Int64(status.st_blocks) * 512,
            modifiedMs: Int64(status.st_mtim.tv_sec) * 1_000
                + Int64(status.st_mtim.tv_nsec) / 1_000_000
        )
    }
}

extension Int64 {
    fileprivate func multipliedSaturating(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
