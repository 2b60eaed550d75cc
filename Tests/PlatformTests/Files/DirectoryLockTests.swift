// Two open descriptions conflict exactly as two processes do.
import Platform
import TestSupport
import Testing

@Suite("Directory lock") struct DirectoryLockTests {
    @Test("a second lock is refused by name, and taken once the first is given back")
    func conflict() throws {
        let directory = try TemporaryDirectory("lock")
        let holder = LockHolder(host: "edge-7", processID: 42, startedMs: 1_767_225_600_000)
        let lock = try DirectoryLock(directory: directory.path, holder: holder)
        let text = message(directory.path, holder)
        #expect(
            text == "\(directory.path)/LOCK is locked by host=edge-7 pid=42 "
                + "started=2026-01-01T00:00:00.000Z; stop that process or choose another base_path"
        )
        lock.unlock()
        #expect(message(directory.path, holder) == "locked")
    }

    @Test("a directory that is not there is an error with its path")
    func missing() {
        let holder = LockHolder(host: "edge-7", processID: 42, startedMs: 0)
        #expect(
            message("/nowhere/at/all", holder)
                == "cannot lock /nowhere/at/all/LOCK: No such file or directory (errno 2); "
                + "check the directory's owner, mode and file system"
        )
    }

    private func message(_ directory: String, _ holder: LockHolder) -> String {
        do throws(DirectoryLockError) {
            let lock = try DirectoryLock(directory: directory, holder: holder)
            lock.unlock()
            return "locked"
        } catch {
            return error.description
        }
    }
}
