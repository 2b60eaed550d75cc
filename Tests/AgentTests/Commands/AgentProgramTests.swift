// The command line: what each command is given, what it writes, and with which exit code it ends.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// Runs command lines with made-up actions and keeps what they wrote.
private final class Terminal: Sendable {
    private let written = Mutex((out: "", err: ""))
    private let asked = Mutex([QueryRequest]())
    private let collected = Mutex([CollectRequest]())
    private let started = Mutex([RunRequest]())
    let reply: QueryReply

    init(_ body: String = "{}", status: Int = 200) {
        reply = QueryReply(status: status, body: Array(body.utf8))
    }

    var out: String { written.withLock { $0.out } }
    var err: String { written.withLock { $0.err } }
    var requests: [QueryRequest] { asked.withLock { $0 } }
    var collections: [CollectRequest] { collected.withLock { $0 } }
    var starts: [RunRequest] { started.withLock { $0 } }

    func run(_ arguments: String..., environment: [String: String] = [:]) async -> Int32 {
        await run(all: arguments, environment: environment)
    }

    func run(all arguments: [String], environment: [String: String] = [:]) async -> Int32 {
        var actions = CommandActions { request, _ in
            self.started.withLock { $0.append(request) }
            return 0
        }
        actions.collect = { request, _ in
            self.collected.withLock { $0.append(request) }
            return 0
        }
        actions.ask = { request throws(QueryFailure) in
            self.asked.withLock { $0.append(request) }
            return self.reply
        }
        let context = CommandContext(
            environment: environment,
            clock: FixedClock(ms: 1_700_000_000_000),
            out: { text in self.written.withLock { $0.out += text } },
            err: { text in self.written.withLock { $0.err += text } }
        )
        return await AgentProgram(actions: actions, context: context).run(arguments)
    }
}

private struct FixedClock: WallClock {
    let ms: Int64
    func nowMs() -> Int64 { ms }
}

private func write(
    _ directory: borrowing TemporaryDirectory,
    _ name: String,
    _ text: String
) throws(Errno) -> String {
    let path = directory.file(name)
    let file = try PosixFileSystem().open(path, .create)
    try file.append(Array(text.utf8).span)
    try file.close()
    return path
}

private func field(_ name: String, _ value: String) -> ConfigParameter {
    ConfigParameter(name, [value])
}

@Suite("Command line") struct AgentProgramTests {
    @Test(
        "wrong usage ends with 2 and says what to write",
        arguments: [
            (["rnu"], "unknown command rnu; did you mean run?"),
            (["frobnicate"], "unknown command frobnicate; see tsdb-agent --help"),
            (["run", "--cofnig", "x"], "unknown option --cofnig; did you mean --config?"),
            (["run", "-c", "x"], "unknown option -c; see tsdb-agent run --help"),
            (["run", "--config"], "--config has no value; write --config FILE"),
            (["run", "--config", "a", "--config", "b"], "--config stands there twice; keep one"),
            (["run", "x"], "run takes no arguments, found 1; see tsdb-agent run --help"),
            (
                ["check-config"],
                "check-config takes FILE, found 0; see tsdb-agent check-config --help"
            ),
            (["query", "up", "--format", "xml"], "--format xml: write table, json or csv"),
            (
                ["query", "up", "--time", "yesterday"],
                "--time yesterday: write RFC 3339, seconds since 1970, now, or now-1h30m"
            ),
            (
                ["query", "up", "--time", "now", "--start", "now-1h"],
                "--time does not go with --start; keep one"
            ),
            (["query", "up", "--step", "15s"], "--start has no value; write --start T"),
            (
                ["query", "up", "--start", "now", "--end", "now-1h"],
                "--end now-1h: write a time that is not before --start"
            ),
            (
                ["query", "up", "--server", "ftp://x"],
                "--server ftp://x: write http://host:port, https://… or unix:/path"
            ),
        ]
    )
    func usage(arguments: [String], expected: String) async {
        let terminal = Terminal()
        let code = await terminal.run(all: arguments)
        #expect(code == 2)
        #expect(terminal.err == "tsdb-agent: \(expected)\n")
        #expect(terminal.out == "")
    }

    @Test("help goes to standard output and ends with 0, on every command")
    func help() async {
        for spec in CommandSpec.all {
            let terminal = Terminal()
            #expect(await terminal.run(spec.name, "--help") == 0)
            #expect(terminal.out == spec.help)
            #expect(terminal.out.hasPrefix("Usage: tsdb-agent \(spec.name)"))
            for line in terminal.out.split(separator: "\n") { #expect(line.count <= 90, "\(line)") }
        }
        let terminal = Terminal()
        #expect(await terminal.run("--help") == 0)
        #expect(terminal.out == CommandSpec.overview)
    }

    @Test("no command at all is wrong usage that shows the overview")
    func nothing() async {
        let terminal = Terminal()
        #expect(await terminal.run() == 2)
        #expect(terminal.err == CommandSpec.overview)
    }

    @Test("version")
    func version() async {
        let terminal = Terminal()
        #expect(await terminal.run("version") == 0)
        #expect(terminal.out == "tsdb-agent \(AgentVersion.text)\n")
    }

    @Test("run without a file takes the defaults and --set")
    func run() async throws {
        let terminal = Terminal()
        let code = await terminal.run(
            "run",
            "--set",
            "storage.base_path=/data",
            "--set=agent.log_level=debug"
        )
        #expect(code == 0)
        let request = try #require(terminal.starts.first)
        #expect(request.path == nil)
        #expect(request.loaded.config.storage.basePath == "/data")
        #expect(request.loaded.config.agent.logLevel == .debug)
        #expect(request.loaded.config.agent.selfIntervalMs == 15_000)
    }

    @Test("run with a wrong option for a key ends with 1 and starts nothing")
    func runWrong() async {
        let terminal = Terminal()
        #expect(await terminal.run("run", "--set", "storage.base=1") == 1)
        #expect(
            terminal.err
                == "--set storage.base: storage.base: unknown key; did you mean base_path?\n"
        )
        #expect(terminal.starts.count == 0)
    }

    @Test("check-config tells every problem and ends with 1, or says that there is none")
    func checkConfig() async throws {
        let directory = try TemporaryDirectory()
        let bad = try write(directory, "bad.toml", "[api]\nmax_connections = 0\n[x]\n")
        let good = try write(directory, "good.toml", "[agent]\nlog_level = \"debug\"\n")
        let terminal = Terminal()
        #expect(await terminal.run("check-config", bad) == 1)
        #expect(
            terminal.err == """
                \(bad):2:19: api.max_connections: is 0; write a whole number, from 1 to 65536
                \(bad):3:2: x: unknown key; remove it, or see agent.toml.example for those that there are

                """
        )
        #expect(await terminal.run("check-config", good) == 0)
        #expect(terminal.out == "\(good): no problems found\n")
    }

    @Test("collect hands its roots and collectors on")
    func collect() async {
        let terminal = Terminal()
        let code = await terminal.run(
            "collect",
            "--procfs",
            "/p",
            "--rootfs=/r",
            "--collectors",
            "cpu,-uname"
        )
        #expect(code == 0)
        var expected = CollectRequest()
        expected.procfs = "/p"
        expected.rootfs = "/r"
        expected.collectors = ["cpu", "-uname"]
        #expect(terminal.collections == [expected])
    }
}

@Suite("Query command") struct QueryCommandTests {
    static let vector = """
        {"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"job":"node","__name__":"up"},"value":[1700000000.5,"1"]},
        {"metric":{"job":"a,\\"b\\"","zone":"x"},"value":[1700000000,"+Inf"]}]},"warnings":["careful"]}
        """
    static let matrix = """
        {"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"up"},"values":[[1700000000,"1"],[1700000015,"0"]]},
        {"metric":{"__name__":"up","a":"b"},"values":[[1700000000,"1"]]}]}}
        """

    @Test("an instant query is posted to the default server")
    func instant() async {
        let terminal = Terminal(Self.vector)
        #expect(await terminal.run("query", "up") == 0)
        #expect(
            terminal.requests == [
                QueryRequest(
                    url: "http://127.0.0.1:9477",
                    unixSocket: "",
                    token: "",
                    path: "/api/v1/query",
                    fields: [field("query", "up")]
                )
            ]
        )
    }

    @Test("a table has a line a series, remarks go to standard error")
    func table() async {
        let terminal = Terminal(Self.vector)
        #expect(await terminal.run("query", "up") == 0)
        #expect(
            terminal.out == """
                up{job="node"}             1
                {job="a,\\"b\\"", zone="x"}  +Inf

                """
        )
        #expect(terminal.err == "warning: careful\n")
    }

    @Test("a series of several points is a block")
    func blocks() async {
        let terminal = Terminal(Self.matrix)
        #expect(await terminal.run("query", "up[1m]") == 0)
        #expect(
            terminal.out == """
                up
                  2023-11-14T22:13:20.000Z  1
                  2023-11-14T22:13:35.000Z  0

                up{a="b"}
                  2023-11-14T22:13:20.000Z  1

                """
        )
    }

    @Test("CSV has a column a label")
    func csv() async {
        let terminal = Terminal(Self.vector)
        #expect(await terminal.run("query", "up", "--format", "csv") == 0)
        #expect(
            terminal.out == #"""
                time,value,__name__,job,zone
                2023-11-14T22:13:20.500Z,1,up,node,
                2023-11-14T22:13:20.000Z,+Inf,,"a,""b""",x

                """#
        )
    }

    @Test("JSON is the server's own")
    func json() async {
        let terminal = Terminal(Self.matrix)
        #expect(await terminal.run("query", "up", "--format=json") == 0)
        #expect(terminal.out == Self.matrix + "\n")
    }

    @Test("a scalar is its value, no series is said")
    func small() async {
        let scalar = Terminal(
            #"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"2.5"]}}"#
        )
        #expect(await scalar.run("query", "2.5") == 0)
        #expect(scalar.out == "2.5\n")
        let nothing = Terminal(
            #"{"status":"success","data":{"resultType":"vector","result":[]}}"#
        )
        #expect(await nothing.run("query", "-1") == 0)
        #expect(nothing.out == "(no series)\n")
    }

    @Test("a range takes its times and step, or a hundredth of the range")
    func range() async {
        let terminal = Terminal(Self.matrix)
        _ = await terminal.run("query", "up", "--start", "now-1h", "--step", "30s")
        _ = await terminal.run(
            "query",
            "up",
            "--start",
            "2023-11-14T22:00:00Z",
            "--end",
            "1700000000.25"
        )
        #expect(
            terminal.requests.map(\.fields) == [
                [
                    field("query", "up"), field("start", "1699996400"), field("end", "1700000000"),
                    field("step", "30"),
                ],
                [
                    field("query", "up"), field("start", "1699999200"),
                    field("end", "1700000000.25"), field("step", "8"),
                ],
            ]
        )
        #expect(terminal.requests[0].path == "/api/v1/query_range")
    }

    @Test("the token comes from a file, else from TSDB_API_TOKEN; a server may be a socket")
    func token() async throws {
        let directory = try TemporaryDirectory()
        let path = try write(directory, "token", "from-file\n")
        let terminal = Terminal(Self.vector)
        let environment = ["TSDB_API_TOKEN": "from-environment"]
        _ = await terminal.run("query", "up", environment: environment)
        _ = await terminal.run(
            "query",
            "up",
            "--token-file",
            path,
            "--server",
            "unix:/run/a.sock",
            environment: environment
        )
        #expect(terminal.requests.map(\.token) == ["from-environment", "from-file"])
        #expect(terminal.requests[1].unixSocket == "/run/a.sock")
        #expect(terminal.requests[1].url == "http://localhost")
    }

    @Test(
        "what fails ends with 1 and says why",
        arguments: [
            (
                #"{"status":"error","errorType":"bad_data","error":"1:4: unexpected end"}"#,
                "bad_data: 1:4: unexpected end"
            ),
            ("<html>", "the server answered 400, which is not an agent's answer: <html>"),
            ("", "the server answered 400, which is not an agent's answer: (no body)"),
        ]
    )
    func failures(body: String, expected: String) async {
        let terminal = Terminal(body, status: 400)
        #expect(await terminal.run("query", "up{") == 1)
        #expect(terminal.err == "tsdb-agent query: \(expected)\n")
        #expect(terminal.out == "")
    }

    @Test("a server that wants a token", arguments: [401, 403])
    func token(status: Int) async {
        let terminal = Terminal("a bearer token is needed\n", status: status)
        #expect(await terminal.run("query", "up") == 1)
        #expect(
            terminal.err == """
                tsdb-agent query: the server wants another token; give --token-file or set \
                TSDB_API_TOKEN

                """
        )
    }

    @Test("an agent that does not answer")
    func unanswered() async {
        // Nobody listens on port 9 (discard); this is the real client.
        let query = QueryRequest(
            url: "http://127.0.0.1:9",
            unixSocket: "",
            token: "",
            path: "/api/v1/query",
            fields: [field("query", "up")]
        )
        await #expect(throws: QueryFailure.self) { try await QueryClient.ask(query) }
    }

    @Test("a token file that is not there")
    func noToken() async {
        let terminal = Terminal(Self.vector)
        #expect(await terminal.run("query", "up", "--token-file", "/nonexistent/t") == 1)
        #expect(
            terminal.err
                == "tsdb-agent query: cannot read /nonexistent/t: No such file or directory (errno 2); "
                + "check --token-file\n"
        )
    }
}
