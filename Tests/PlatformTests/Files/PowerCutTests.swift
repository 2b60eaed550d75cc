// The test disk must lose what was not synced, else every crash test above it proves nothing. The
// planted bugs here are the classic ones: no fsync, no fsync of the directory.
import Platform
import TestSupport
import Testing

@Suite("Power cut") struct PowerCutTests {
    private let disk = MemoryFileSystem()

    private func cut(_ kind: PowerCut = .dropAll, seed: UInt64 = 1) {
        var random = SeededRandom(seed: seed)
        disk.powerCut(kind, using: &random)
    }

    private func write(_ path: String, _ text: String, sync: Bool, directory: Bool) throws {
        let file = try disk.open(path, .replace)
        try file.append(Array(text.utf8).span)
        if sync { try file.sync() }
        try file.close()
        if directory { try disk.syncDirectory("/d") }
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try disk.readAll(path, limit: 1_000), as: UTF8.self)
    }

    @Test("content and name survive after both syncs")
    func bothSyncs() throws {
        try disk.makeDirectory("/d")
        try write("/d/a", "hello", sync: true, directory: true)
        cut()
        #expect(try text("/d/a") == "hello")
    }

    @Test("without fsync the name stays and the bytes go")
    func noSync() throws {
        try disk.makeDirectory("/d")
        try write("/d/a", "hello", sync: false, directory: true)
        #expect(try text("/d/a") == "hello")
        cut()
        #expect(try text("/d/a") == "")
    }

    @Test("without fsync of the directory the file is gone")
    func noDirectorySync() throws {
        try disk.makeDirectory("/d")
        try write("/d/a", "hello", sync: true, directory: false)
        cut()
        #expect(throws: Errno.noSuchFile) { try disk.stat("/d/a") }
        #expect(try disk.list("/d") == [])
    }

    @Test("a rename without fsync of the directory is undone")
    func renameUndone() throws {
        try disk.makeDirectory("/d")
        try write("/d/a", "old", sync: true, directory: true)
        try write("/d/b", "new", sync: true, directory: true)
        try disk.rename("/d/b", to: "/d/a")
        #expect(try text("/d/a") == "new")
        cut()
        #expect(try text("/d/a") == "old")
        #expect(try text("/d/b") == "new")
    }

    @Test(
        "a torn append keeps what was synced and at most the length of the rest",
        arguments: 1...50
    )
    func torn(seed: UInt64) throws {
        try disk.makeDirectory("/d")
        let file = try disk.open("/d/log", .append)
        try disk.syncDirectory("/d")
        try file.append(Array("synced".utf8).span)
        try file.syncData()
        try file.append(Array("unsynced".utf8).span)
        cut(.tear, seed: seed)
        let bytes = try disk.readAll("/d/log", limit: 100)
        #expect(bytes.starts(with: "synced".utf8), "seed \(seed)")
        #expect(bytes.count <= 14, "seed \(seed)")
        #expect(throws: Errno.inputOutput) { try file.size() }
    }

    @Test("tearing finds lost, cut, zeroed and whole writes within 50 seeds")
    func tornKinds() throws {
        var lengths: Set<Int> = []
        var sawZeros = false
        for seed in 1...50 {
            let other = MemoryFileSystem()
            let file = try other.open("/log", .append)
            try other.syncDirectory("/")
            try file.append([UInt8](repeating: 1, count: 8).span)
            var random = SeededRandom(seed: UInt64(seed))
            other.powerCut(.tear, using: &random)
            let bytes = try other.readAll("/log", limit: 100)
            lengths.insert(bytes.count)
            if bytes == [UInt8](repeating: 0, count: 8) { sawZeros = true }
        }
        #expect(lengths.contains(0) && lengths.contains(8) && lengths.count > 3)
        #expect(sawZeros)
    }
}
