// Both file systems keep the same promises; the one in memory is only worth something if it does.
import Platform
import TestSupport
import Testing

@Suite("File systems") struct FileSystemConformanceTests {
    enum Kind: CaseIterable {
        case posix, memory, faulty
    }

    private func with(
        _ kind: Kind,
        _ body: (any FileSystem, _ root: String) throws -> Void
    ) throws {
        switch kind {
        case .posix:
            let directory = try TemporaryDirectory("files")
            try body(PosixFileSystem(), directory.path)
        case .memory: try body(MemoryFileSystem(), "")
        case .faulty: try body(FaultyFileSystem(), "")
        }
    }

    @Test("writes, appends, reads and truncates", arguments: Kind.allCases)
    func content(kind: Kind) throws {
        try with(kind) { files, root in
            let path = root + "/a"
            let file = try files.open(path, .create)
            try file.append(Array("hello ".utf8).span)
            try file.append(Array("world".utf8).span)
            try file.write(Array("J".utf8).span, at: 0)
            #expect(try file.size() == 11)
            #expect(try file.read(5, at: 6) == Array("world".utf8))
            #expect(try file.read(50, at: 6) == Array("world".utf8))
            #expect(try file.read(5, at: 90) == [])
            try file.truncate(to: 5)
            try file.append(Array("!".utf8).span)
            try file.sync()
            try file.close()
            #expect(throws: Errno.badDescriptor) { try file.size() }
            #expect(try files.readAll(path, limit: 6) == Array("Jello!".utf8))
            #expect(throws: Errno.fileTooLarge) { try files.readAll(path, limit: 5) }
            let log = try files.open(path, .append)
            try log.append(Array("?".utf8).span)
            #expect(try files.readAll(path, limit: 50) == Array("Jello!?".utf8))
        }
    }

    @Test(
        "a secret is what stands between the blanks of its file",
        arguments: [
            ("token", "token"), ("token\n", "token"), (" \t\r\na b\r\n\n", "a b"), ("", ""),
            (" \n", ""),
        ]
    )
    func secrets(content: String, secret: String) throws {
        let files = MemoryFileSystem()
        try files.open("/s", .create).append(Array(content.utf8).span)
        #expect(try files.readSecret("/s") == Array(secret.utf8))
    }

    @Test("names: create, list, rename, link, remove and their errors", arguments: Kind.allCases)
    func names(kind: Kind) throws {
        try with(kind) { files, root in
            try files.makeDirectory(root + "/x/y/z")
            try files.makeDirectory(root + "/x/y/z")
            _ = try files.open(root + "/x/b", .create)
            _ = try files.open(root + "/x/a", .append)
            #expect(try files.list(root + "/x") == ["a", "b", "y"])
            #expect(throws: Errno.fileExists) { try files.open(root + "/x/a", .create) }
            #expect(throws: Errno.isADirectory) { try files.open(root + "/x/y", .read) }
            #expect(throws: Errno.noSuchFile) { try files.open(root + "/x/c", .read) }
            #expect(throws: Errno.noSuchFile) { try files.open(root + "/no/c", .create) }
            #expect(throws: Errno.notADirectory) { try files.list(root + "/x/a") }
            #expect(throws: Errno.fileExists) { try files.makeDirectory(root + "/x/a") }
            #expect(throws: Errno.directoryNotEmpty) { try files.remove(root + "/x/y") }
            try files.rename(root + "/x/a", to: root + "/x/b")
            #expect(throws: Errno.noSuchFile) { try files.rename(root + "/x/a", to: root + "/x/b") }
            try files.link(root + "/x/b", to: root + "/x/c")
            #expect(throws: Errno.fileExists) { try files.link(root + "/x/b", to: root + "/x/c") }
            try files.rename(root + "/x/y", to: root + "/w")
            #expect(try files.list(root + "/w") == ["z"])
            try files.remove(root + "/w/z")
            try files.remove(root + "/x/b")
            try files.removeIfPresent(root + "/x/b")
            #expect(try files.exists(root + "/x/c"))
            #expect(try !files.exists(root + "/x/b"))
            try files.syncDirectory(root + "/x")
            #expect(try files.freeSpace(root + "/x").available > 0)
        }
    }

    @Test(
        "maps what is there now, an empty file too, and refuses directories",
        arguments: Kind.allCases
    )
    func mapping(kind: Kind) throws {
        try with(kind) { files, root in
            try AtomicReplace.write(files, root + "/a", Array("0123456789".utf8))
            let mapped = try files.map(root + "/a")
            mapped.advise(.random)
            #expect(mapped.count == 10)
            #expect(try content(mapped, 9..<10) == Array("9".utf8))
            #expect(try content(mapped, 3..<5) == Array("34".utf8))
            _ = try files.open(root + "/empty", .create)
            #expect(try content(try files.map(root + "/empty"), 0..<0) == [])
            #expect(throws: Errno.isADirectory) { try files.map(root + "/") }
        }
    }

    private func content(
        _ mapped: any MappedBytes,
        _ range: Range<Int>
    ) throws(Errno) -> [UInt8] {
        try mapped.withBytes(in: range, failing: { $0 }) { (bytes) throws(Errno) in
            bytes.indices.map { bytes[$0] }
        }
    }

    @Test("reserved room counts as taken and leaves the size alone", arguments: Kind.allCases)
    func allocation(kind: Kind) throws {
        try with(kind) { files, root in
            let file = try files.open(root + "/a", .create)
            do throws(Errno) {
                try file.allocate(offset: 0, length: 65_536)
            } catch .notSupported {
                return
            }
            #expect(try file.size() == 0)
            #expect(try files.stat(root + "/a").allocatedBytes >= 65_536)
        }
    }

    @Test("a full disk takes the first part and says so")
    func fullDisk() throws {
        let files = MemoryFileSystem()
        files.capacityBytes = 10
        let file = try files.open("/a", .create)
        try file.append(Array("12345678".utf8).span)
        #expect(throws: Errno.noSpace) { try file.append(Array("abcd".utf8).span) }
        #expect(try files.readAll("/a", limit: 100) == Array("12345678ab".utf8))
        files.capacityBytes = 100
        try file.truncate(to: 8)
        try file.append(Array("abcd".utf8).span)
        #expect(try files.readAll("/a", limit: 100) == Array("12345678abcd".utf8))
    }
}
