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
        summary: "Shows a file of the store, or a directory, in readable form",
        options: []
    )
    static let verify = CommandSpec(
        name: "verify",
        operands: "PATH…",
        operandCount: 1...Int.max,
        summary: "Checks every checksum of files of the store; a directory means all in it",
        options: ArchivePlace.options,
        notes: [
            "s3://BUCKET/PREFIX is an archive: every object is fetched and checked, and the sequence of",
            "batches must have no gap. " + ArchivePlace.note,
            ArchivePlace.secondNote,
            "Nothing is changed. Damage is told by file, byte and what is wrong, and ends it with 1.",
            "While an agent runs, its newest buffer file may seem to end in a torn record.",
        ]
    )
    static let export = CommandSpec(
        name: "export",
        operands: "",
        operandCount: 0...0,
        summary: "Writes series with all their samples to standard output",
        options: [
            Option(name: "format", value: "NAME", help: "openmetrics (default) or csv"),
            Option(
                name: "match",
                value: "SELECTOR",
                help: "only these series, such as up{job=\"node\"}; again for others too",
                repeats: true
            ),
            Option(name: "start", value: "T", help: "only samples from this time on"),
            Option(name: "end", value: "T", help: "only samples up to this time"),
        ] + DataPlace.options,
        notes: [
            "Out of the running agent at --server, or out of the directory of a stopped one, which is",
            "only read (--config, --set storage.base_path=DIR). Series come sorted. CSV keeps every",
            "bit: an empty value is a stale marker, and a NaN of its own kind comes with its bits;",
            "OpenMetrics has no words for these. A time is RFC 3339, seconds since 1970, now, now-1h.",
        ]
    )
    static let `import` = CommandSpec(
        name: "import",
        operands: "FILE…",
        operandCount: 1...Int.max,
        summary: "Stores series that export or other programs wrote; - is standard input",
        options: [
            Option(
                name: "format",
                value: "NAME",
                help: "openmetrics, prometheus or csv (by the file's name; openmetrics)"
            ),
            Option(
                name: "label",
                value: "NAME=VALUE",
                help: "set this label on every series",
                repeats: true
            ),
        ] + DataPlace.options + ArchivePlace.ownOptions,
        notes: [
            "s3://BUCKET/PREFIX is an archive, checked as it is read. " + ArchivePlace.note,
            ArchivePlace.secondNote,
            "Into the running agent at --server, or into the directory of a stopped one (--config,",
            "--set storage.base_path=DIR). Samples of any age and order are taken; those that the",
            "store has are left out, so that the same file may be imported again. Times are seconds",
            "in OpenMetrics, milliseconds in Prometheus text; without one it is the time of import.",
        ]
    )
    static let ledger = CommandSpec(
        name: "ledger",
        operands: "",
        operandCount: 0...0,
        summary: "Shows what became of every sample, by source and destination",
        options: [
            Option(
                name: "check",
                value: nil,
                help: "exit 1 when it does not balance, and say where"
            ),
            Option(name: "format", value: "NAME", help: "table (default) or json"),
        ] + DataPlace.options,
        notes: [
            "Of the running agent at --server, or of the directory of a stopped one (--config,",
            "--set storage.base_path=DIR). What waits is counted in the store, not worked out.",
        ]
    )
    static let version = CommandSpec(
        name: "version",
        operands: "",
        operandCount: 0...0,
        summary: "Shows the version",
        options: []
    )

    /// In the order of the help.
    static let all = [
        run, checkConfig, collect, query, ledger, export, `import`, inspect, verify,
        version,
    ]

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
