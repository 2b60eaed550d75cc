// Processes that write to a store and are killed while they do; `make crash` kills a thousand.
import Platform
import TestSupport
import Testing

@Suite("Kills", .timeLimit(.minutes(3))) struct KillTests {
    @Test("a writer killed at any moment leaves every acknowledged batch, once; the store opens")
    func kills() async throws {
        let directory = try TemporaryDirectory("kills")
        let run = try ChildProcess(
            Programs.fuzz,
            ["--kills", "30", "--crash-dir", directory.path],
            directory: directory.path,
            logPath: directory.file("log")
        )
        let code = try await run.exitCode(within: 120)
        #expect(code == 0, "\(run.log)")
        #expect(run.log.contains("crash: 30 writers killed in "), "\(run.log)")
    }
}
