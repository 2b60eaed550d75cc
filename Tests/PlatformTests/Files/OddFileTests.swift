// What is no regular file is refused by its name, at once: open(2) of a FIFO waits for its other end.
import Glibc
import Platform
import TestSupport
import Testing

@Suite("Odd files", .timeLimit(.minutes(1))) struct OddFileTests {
    enum Kind: CaseIterable {
        case fifo, socket, device, directory, danglingLink, loop

        func make(_ path: String) throws {
            switch self {
            case .fifo: try #require(unsafe mkfifo(path, 0o600) == 0)
            case .socket: try #require(unsafe mknod(path, S_IFSOCK | 0o600, 0) == 0)
            case .device: try #require(unsafe symlink("/dev/null", path) == 0)
            case .directory: try PosixFileSystem().makeDirectory(path)
            case .danglingLink: try #require(unsafe symlink("/nowhere/at/all", path) == 0)
            case .loop: try #require(unsafe symlink(path, path) == 0)
            }
        }

        var error: Errno {
            switch self {
            case .fifo, .socket, .device: .invalidArgument
            case .directory: .isADirectory
            case .danglingLink: .noSuchFile
            case .loop: Errno(code: ELOOP)
            }
        }
    }

    @Test("are refused in every mode and as a mapping", arguments: Kind.allCases)
    func refused(kind: Kind) throws {
        let directory = try TemporaryDirectory("odd")
        let files = PosixFileSystem()
        let path = directory.file("x")
        try kind.make(path)
        for mode in [OpenMode.read, .readWrite, .replace, .append] {
            #expect(throws: kind.error, "\(mode)") { try files.open(path, mode) }
        }
        #expect(throws: Errno.fileExists) { try files.open(path, .create) }
        #expect(throws: kind.error) { try files.map(path) }
        #expect(throws: kind.error) { try files.readAll(path, limit: 10) }
    }

    @Test("cannot be locked, and hold up nobody who tries", arguments: [Kind.fifo, .directory])
    func lock(kind: Kind) throws {
        let directory = try TemporaryDirectory("odd")
        let path = directory.file("LOCK")
        try kind.make(path)
        let error = DirectoryLockError.cannotLock(path: path, cause: kind.error)
        let holder = LockHolder(host: "edge-7", processID: 42, startedMs: 0)
        #expect(throws: error) {
            try DirectoryLock(directory: directory.path, holder: holder).unlock()
        }
        #expect(throws: error) { try DirectoryLock.shared(directory: directory.path)?.unlock() }
    }

    @Test("a regular file is read and written as one that waits, whatever it was opened with")
    func flags() throws {
        let directory = try TemporaryDirectory("odd")
        let path = directory.file("x")
        let files = PosixFileSystem()
        let log = try files.open(path, .append)
        try log.append(Array("ab".utf8).span)
        let other = try files.open(path, .append)
        try other.append(Array("cd".utf8).span)
        try log.append(Array("ef".utf8).span)
        #expect(try files.readAll(path, limit: 10) == Array("abcdef".utf8))
    }
}
