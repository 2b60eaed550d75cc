// Old or new, never anything else: proven for a death at each call, and shown to catch the two bugs
// that it exists to prevent.
import Platform
import TestSupport
import Testing

@Suite("Atomic replace") struct AtomicReplaceTests {
    typealias Replace = (any FileSystem, String, [UInt8]) throws(Errno) -> Void

    /// Runs `replace` with a death at each of its calls and reports what was there afterwards.
    private func outcomes(_ replace: Replace) throws -> Set<String> {
        var found: Set<String> = []
        for seed in UInt64(1)...20 {
            for call in 1...20 {
                let faulty = FaultyFileSystem()
                try faulty.makeDirectory("/d")
                try AtomicReplace.write(faulty, "/d/state", Array("old".utf8))
                faulty.heal()
                faulty.halt(atCall: call)
                do throws(Errno) { try replace(faulty, "/d/state", Array("new".utf8)) } catch {}
                var random = SeededRandom(seed: seed)
                faulty.powerCut(.tear, using: &random)
                let bytes = try? faulty.readAll("/d/state", limit: 100)
                found.insert(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "missing")
            }
        }
        return found
    }

    @Test("leaves the old or the new content whenever the power goes")
    func everyCall() throws {
        let found = try outcomes { system, path, bytes throws(Errno) in
            try AtomicReplace.write(system, path, bytes)
        }
        #expect(found == ["old", "new"])
    }

    @Test("a replace without fsync is caught leaving something else")
    func plantedNoSync() throws {
        let found = try outcomes { system, path, bytes throws(Errno) in
            let file = try system.open(path + ".tmp", .replace)
            try file.append(bytes.span)
            try file.close()
            try system.rename(path + ".tmp", to: path)
            try system.syncDirectory("/d")
        }
        #expect(!found.isSubset(of: ["old", "new"]))
    }

    @Test("is durable on return; without the directory's fsync it would not be")
    func durable() throws {
        let disk = MemoryFileSystem()
        try AtomicReplace.write(disk, "/state", Array("old".utf8))
        try AtomicReplace.write(disk, "/state", Array("new".utf8))
        var random = SeededRandom(seed: 1)
        disk.powerCut(.dropAll, using: &random)
        #expect(try disk.readAll("/state", limit: 10) == Array("new".utf8))
    }

    @Test("throws the first error and removes its temporary file", arguments: [Errno.noSpace])
    func firstError(cause: Errno) throws {
        let faulty = FaultyFileSystem()
        faulty.fail(.sync, path: ".tmp", with: cause)
        #expect(throws: cause) {
            try AtomicReplace.write(faulty, "/state", Array("new".utf8))
        }
        #expect(try faulty.list("/") == [])
    }
}
