// What a configuration file says, and what stands above it.
import Testing

@testable import Agent

@Suite("Configuration") struct ConfigLoaderTests {
    @Test("an empty file is all defaults")
    func empty() throws {
        let loaded = try load("")
        #expect(loaded.config == AgentConfig())
        #expect(loaded.config.agent.selfIntervalMs == 0)
        #expect(loaded.warnings == [])
        #expect(loaded.shownText == "")
    }

    @Test("without a file the agent watches itself every 15 s")
    func withoutFile() throws {
        let config = try ConfigLoader().loadWithoutFile().config
        #expect(config.agent.selfIntervalMs == 15_000)
        #expect(config.host.enabled)
        #expect(config.forward == [])
        #expect(config.storage.basePath == "tsdb-data")
    }

    @Test("every kind of value is read")
    func values() throws {
        let config = try load(
            """
            [agent]
            log_level = "warn"
            self_interval = 2.5
            [storage]
            base_path = "data"
            chunk_time_limit = 60
            retention_time = "1d12h"
            head_size_limit = "2GB"
            [host]
            collectors = ["-uname"]
            labels = { rack = "r1", dc = "fra" }
            [host.filesystem]
            interval = "60s"
            exclude = "^/dev($|/)"
            """
        ).config
        #expect(config.agent.logLevel == .warn)
        #expect(config.agent.selfIntervalMs == 2500)
        #expect(config.storage.basePath == "data")
        #expect(config.storage.chunkTimeLimitMs == 60_000)
        #expect(config.storage.retentionTimeMs == 36 * 3_600_000)
        #expect(config.storage.headSizeLimit == 2 << 30)
        #expect(config.host.collectors == ["-uname"])
        #expect(config.host.labels == [ConfigLabel("dc", "fra"), ConfigLabel("rack", "r1")])
        #expect(config.host.tables["filesystem"]?.intervalMs == 60_000)
        #expect(config.host.tables["filesystem"]?.exclude == "^/dev($|/)")
        #expect(config.host.tables["cpu"] == nil)
    }

    @Test("a scrape job with all that it may say")
    func job() throws {
        let config = try load(
            """
            [global]
            scrape_interval = "5s"
            [[scrape_configs]]
            job_name = "demo"
            params = { module = ["a", "b"], target = "x" }
            honor_labels = true
            sample_limit = 100
            body_size_limit = "1MB"
            static_configs = [ { targets = ["127.0.0.1:9100", "unix:/run/a.sock"], labels = { env = "prod" } } ]
            file_sd_configs = [ { files = ["targets/*.json"], refresh_interval = "1m" } ]
            authorization = { credentials_file = "token" }
            tls_config = { ca_file = "/etc/ca.pem", insecure_skip_verify = true }
            http_headers = { X-One = "1", X-Two = { values = ["2"], secrets = ["3"] } }
            """,
            directory: "/etc/tsdb"
        ).config
        let job = try #require(config.scrapeConfigs.first)
        #expect(job.intervalMs(config.global) == 5000)
        #expect(job.timeoutMs(config.global) == 5000)
        #expect(
            job.params == [
                ConfigParameter("module", ["a", "b"]), ConfigParameter("target", ["x"]),
            ]
        )
        #expect(job.honorLabels && job.honorTimestamps)
        #expect(job.sampleLimit == 100 && job.bodySizeLimit == 1 << 20)
        #expect(job.staticConfigs[0].targets == ["127.0.0.1:9100", "unix:/run/a.sock"])
        #expect(job.staticConfigs[0].labels == [ConfigLabel("env", "prod")])
        #expect(job.fileDiscoveries[0].files == ["/etc/tsdb/targets/*.json"])
        #expect(job.fileDiscoveries[0].refreshIntervalMs == 60_000)
        #expect(job.access.authorization.credentialsFile == "/etc/tsdb/token")
        #expect(job.access.tls.caFile == "/etc/ca.pem" && job.access.tls.insecureSkipVerify)
        #expect(
            job.access.headers == [
                ConfigHeader("X-One", ["1"]),
                ConfigHeader("X-Two", ["2", "3"]),
            ]
        )
    }

    @Test("a destination with all that it may say")
    func destination() throws {
        let config = try load(
            """
            [[forward]]
            name = "central"
            kind = "remote_write"
            url = "https://example.org/api/v1/write"
            start = "oldest"
            max_samples_per_send = 500
            remote_timeout = "5s"
            min_backoff = 0.05
            headers = { X-Scope-OrgID = "t1" }
            basic_auth = { username = "u", password = "p" }
            """
        ).config
        let destination = try #require(config.forward.first)
        #expect(destination.kind == .remoteWrite && destination.start == .oldest)
        #expect(destination.maxSamplesPerSend == 500 && destination.remoteTimeoutMs == 5000)
        #expect(destination.minBackoffMs == 50)
        #expect(destination.access.basicAuth.username == "u")
        #expect(destination.access.headers == [ConfigHeader("X-Scope-OrgID", ["t1"])])
    }

    @Test("--set stands above the environment, that above the file, that above the default")
    func precedence() throws {
        let file = "[storage]\nbase_path = \"file\"\nretention_time = \"1d\"\n"
        let environment = ["TSDB_STORAGE_BASE_PATH": "env", "TSDB_STORAGE_RETENTION_TIME": "2d"]
        #expect(try load(file).config.storage.basePath == "file")
        let both = try load(file, environment: environment).config.storage
        #expect(both.basePath == "env" && both.retentionTimeMs == 2 * 86_400_000)
        let all = try load(file, environment: environment, options: ["storage.base_path=set"])
        #expect(all.config.storage.basePath == "set")
        #expect(all.config.storage.retentionTimeMs == 2 * 86_400_000)
    }

    @Test(
        "an override is TOML where it reads as TOML, else text",
        arguments: [
            ("TSDB_AGENT_INSTANCE", "7", "7"), ("TSDB_AGENT_INSTANCE", "\"7\"", "7"),
            ("TSDB_AGENT_INSTANCE", "web 1", "web 1"),
            ("TSDB_AGENT_INSTANCE", "${HOME}", "${HOME}"),
        ]
    )
    func overrideText(name: String, value: String, expected: String) throws {
        #expect(try load("", environment: [name: value]).config.agent.instance == expected)
    }

    @Test("overrides reach lists, maps and tables in tables")
    func overrideShapes() throws {
        let config = try load(
            "",
            environment: [
                "TSDB_API_LISTEN": "127.0.0.1:1", "TSDB_GLOBAL_EXTERNAL_LABELS": "{ dc = \"a\" }",
                "TSDB_HOST_FILESYSTEM_EXCLUDE": "^/x$", "TSDB_HOST_ENABLED": "false",
            ],
            options: [
                "host.collectors=[\"cpu\"]", "agent.log_level=error",
                "scrape_configs=[{ job_name = \"a\" }]",
            ]
        ).config
        #expect(config.api.listen == ["127.0.0.1:1"])
        #expect(config.global.externalLabels == [ConfigLabel("dc", "a")])
        #expect(config.host.tables["filesystem"]?.exclude == "^/x$")
        #expect(!config.host.enabled && config.host.collectors == ["cpu"])
        #expect(config.agent.logLevel == .error)
        #expect(config.scrapeConfigs.map(\.jobName) == ["a"])
    }

    @Test("an unknown variable of the environment warns, the client's token does not")
    func warnings() throws {
        let loaded = try load(
            "",
            environment: [
                "TSDB_STORAGE_BASEPATH": "x", "TSDB_API_TOKEN": "t", "PATH": "/bin", "TSDB_Q": "1",
            ]
        )
        #expect(
            loaded.warnings == [
                "environment TSDB_Q: unknown variable, ignored; it names no key",
                "environment TSDB_STORAGE_BASEPATH: unknown variable, ignored; "
                    + "did you mean TSDB_STORAGE_BASE_PATH?",
            ]
        )
    }

    @Test("variables are expanded in every text of the file but patterns of relabelling")
    func expansion() throws {
        let config = try load(
            """
            [agent]
            instance = "${HOST}-${ROLE:-edge}-${EMPTY:-e}-$5"
            [[scrape_configs]]
            job_name = "a"
            static_configs = [ { targets = ["${HOST}:1"] } ]
            """,
            environment: ["HOST": "h", "EMPTY": ""]
        ).config
        #expect(config.agent.instance == "h-edge-e-$5")
        #expect(config.scrapeConfigs[0].staticConfigs[0].targets == ["h:1"])
    }

    @Test("base_path starts at the working directory, all other paths at the file's")
    func paths() throws {
        let config = try load(
            """
            [api]
            bearer_token_file = "token"
            [storage]
            base_path = "data"
            [host]
            procfs = "proc"
            """,
            directory: "conf"
        ).config
        #expect(config.storage.basePath == "data")
        #expect(config.api.bearerTokenFile == "conf/token")
        #expect(config.host.procfs == "conf/proc")
        #expect(config.host.sysfs == "/sys")
    }
}
