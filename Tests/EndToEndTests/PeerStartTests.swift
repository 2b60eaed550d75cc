// The real servers that other tests rely on start here, answer, and leave nothing behind.
import Glibc
import TestSupport
import Testing

@Suite(
    "Real servers",
    .serialized,
    .timeLimit(.minutes(2)),
    .enabled(if: Programs.peersWanted, "\(Programs.peersSkipped)")
)
struct PeerStartTests {
    @Test(
        "each starts and answers",
        arguments: [
            ("prometheus-node-exporter", ["--web.listen-address=127.0.0.1:@PORT@"], "/metrics"),
            (
                "prometheus",
                [
                    "--config.file=empty.yml", "--storage.tsdb.path=data",
                    "--web.listen-address=127.0.0.1:@PORT@",
                ], "/-/ready"
            ),
            (
                "victoria-metrics",
                ["-storageDataPath=data", "-httpListenAddr=127.0.0.1:@PORT@"], "/health"
            ),
        ]
    )
    func starts(name: String, arguments: [String], path: String) async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("peer")
        let port = try FreePort.next()
        let log = directory.file("log")
        // Prometheus takes an empty file for an empty configuration.
        _ = try ChildProcess(
            "/bin/true",
            [],
            directory: directory.path,
            logPath: directory.file("empty.yml")
        )
        let filled = arguments.map { argument in
            argument.hasSuffix("@PORT@") ? argument.dropLast(6) + "\(port)" : argument[...]
        }
        let child = try ChildProcess(
            Programs.peer(name),
            filled.map(String.init),
            directory: directory.path,
            logPath: log
        )
        try await web.waitUntilReady("http://127.0.0.1:\(port)\(path)", of: child, within: 30)
        child.signal(SIGTERM)
        _ = try await child.exitCode(within: 20)
    }
}
