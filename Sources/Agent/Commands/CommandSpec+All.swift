// Every command there is.

extension CommandSpec {
    static let run = CommandSpec(
        name: "run",
        operands: "",
        operandCount: 0...0,
        summary: "Runs the agent in the foreground, logs on stderr",
        options: [
            Option(name: "config", value: "FILE", help: "the configuration, agent.toml"),
            Option(
                name: "set",
                value: "KEY=VALUE",
                help: "sets one key, such as storage.base_path=/data",
                repeats: true
            ),
        ],
        notes: [
            "Without --config it collects this host and its own metrics, forwards nothing and keeps",
            "its data in ./tsdb-data. SIGTERM and SIGINT flush, seal and end it; a second one ends it",
            "at once. TSDB_SECTION_KEY in the environment sets a key too; --set stands above it.",
        ]
    )
    static let checkConfig = CommandSpec(
        name: "check-config",
        operands: "FILE",
        operandCount: 1...1,
        summary: "Checks a configuration and tells everything that is wrong with it",
        options: []
    )
    static let collect = CommandSpec(
        name: "collect",
        operands: "",
        operandCount: 0...0,
        summary: "Collects this host once and writes the metrics as Prometheus text",
        options: [
            Option(name: "procfs", value: "DIR", help: "where proc is mounted (/proc)"),
            Option(name: "sysfs", value: "DIR", help: "where sysfs is mounted (/sys)"),
            Option(name: "rootfs", value: "DIR", help: "the root of the host's file systems (/)"),
            Option(name: "collectors", value: "A,B", help: "only these, or without those: -name"),
        ]
    )
    static let query = CommandSpec(
        name: "query",
        operands: "EXPR",
        operandCount: 1...1,
        summary: "Asks a running agent a PromQL query",
        options: ServerAddress.options + [
            Option(name: "time", value: "T", help: "at this time instead of now"),
            Option(name: "start", value: "T", help: "from this time on: a range query"),
            Option(name: "end", value: "T", help: "up to this time (now)"),
            Option(
                name: "step",
                value: "D",
                help: "in these steps, such as 15s (a 100th of the range)"
            ),
            Option(name: "format", value: "NAME", help: "table (default), json or csv"),
        ],
        notes: [
            "A time is RFC 3339 (2026-01-31T12:00:00Z), seconds since 1970, now, or now-1h30m."
        ]
    )
    static let inspect = CommandSpec(
        name: "inspect",
        operands: "PATH",
        operandCount: 1...1,
        summary: "Shows a file of the store in readable form: segment, buffer, cursor",
        options: []
    )
    static let version = CommandSpec(
        name: "version",
        operands: "",
        operandCount: 0...0,
        summary: "Shows the version",
        options: []
    )

    /// In the order of the help.
    static let all = [run, checkConfig, collect, query, inspect, version]

    /// The text of `tsdb-agent --help`.
    static var overview: String {
        let rows = all.map { ("\($0.name) \($0.operands)", $0.summary) }
        return """
            tsdb-agent scrapes, stores, answers and forwards time series.

            Usage: tsdb-agent COMMAND [arguments] [options]

            Commands:
            \(Columns.text(rows, indent: "  "))
            tsdb-agent COMMAND --help tells more. Exit codes: 0 done, 1 it failed, 2 wrong usage.

            """
    }
}
