// What a configuration file says, what stands above it, and every word of what is wrong with it.
import Platform
import Store
import Testing

@testable import Agent

private func load(
    _ text: String,
    environment: [String: String] = [:],
    options: [String] = [],
    directory: String = ""
) throws(ConfigErrors) -> LoadedConfig {
    try ConfigLoader(environment: environment, options: options)
        .load(Array(text.utf8), file: "agent.toml", directory: directory)
}

private func problems(
    _ text: String,
    environment: [String: String] = [:],
    options: [String] = []
) -> [String] {
    do throws(ConfigErrors) {
        _ = try load(text, environment: environment, options: options)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

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

@Suite("Configuration errors") struct ConfigErrorTests {
    @Test(
        "each says where, which key, what is wrong, and what to do",
        arguments: [
            (
                "[storage]\nretention_tme = \"1d\"",
                "agent.toml:2:1: storage.retention_tme: unknown key; did you mean retention_time?"
            ),
            (
                "[agent]\nretention_time = \"1d\"",
                "agent.toml:2:1: agent.retention_time: unknown key here; did you mean storage.retention_time?"
            ),
            (
                "[nonsense]\na = 1",
                "agent.toml:1:2: nonsense: unknown key; remove it, or see agent.toml.example for those "
                    + "that there are"
            ),
            (
                "[agent]\nlog_level = true",
                "agent.toml:2:13: agent.log_level: is true or false; write it as text in quotes"
            ),
            (
                "[agent]\nlog_level = \"warning\"",
                "agent.toml:2:13: agent.log_level: \"warning\" is not known here; did you mean \"warn\"?"
            ),
            (
                "[agent]\nlog_format = \"xml\"",
                "agent.toml:2:14: agent.log_format: \"xml\" is not known here; write one of "
                    + "\"logfmt\", \"json\""
            ),
            (
                "[api]\nmax_connections = 0",
                "agent.toml:2:19: api.max_connections: is 0; write a whole number, from 1 to 65536"
            ),
            (
                "[storage]\nretention_time = \"1 day\"",
                "agent.toml:2:18: storage.retention_time: \"1 day\" is not a duration; write text such "
                    + "as \"15s\" or \"1h30m\", or a number of seconds"
            ),
            (
                "[storage]\nchunk_time_limit = \"1ms\"",
                "agent.toml:2:20: storage.chunk_time_limit: is 1ms; write at least 1s"
            ),
            (
                "[storage]\nhead_size_limit = \"64 megs\"",
                "agent.toml:2:19: storage.head_size_limit: \"64 megs\" is not a size; write a number of "
                    + "bytes or text such as \"64MB\" (B, KB, MB, GB, TB)"
            ),
            (
                "[buffer]\nbackend = \"redis\"",
                "agent.toml:2:11: buffer.backend: \"redis\" is not supported yet; write \"file\""
            ),
            (
                "[storage]\nretention_size = \"1MB\"",
                "agent.toml:2:1: storage.retention_size: is 1048576 bytes, too few for buffer and "
                    + "segments; write at least \"8MB\", or 0 for no cap"
            ),
            (
                "[storage]\nread_mode = \"pred\"",
                "agent.toml:2:13: storage.read_mode: \"pred\" is not known here; did you mean \"pread\"?"
            ),
            (
                "[cache]\nhigh_watermark = 1.5",
                "agent.toml:2:18: cache.high_watermark: is 1.5; write a number from 0 to 1"
            ),
            (
                "[cache]\nlow_watermark = nan",
                "agent.toml:2:17: cache.low_watermark: is nan; write a number from 0 to 1"
            ),
            (
                "[cache]\nlow_watermark = \"70%\"",
                "agent.toml:2:17: cache.low_watermark: is a text; write a number from 0 to 1"
            ),
            (
                "[cache]\nlow_watermark = 0.95",
                "agent.toml:2:1: cache.low_watermark: is 0.95, above the high_watermark of 0.9; lower it"
            ),
            (
                "[redis]\npool_size = 8",
                "agent.toml:2:13: redis.pool_size: not supported yet; leave it out "
                    + "(only 4 is taken so far)"
            ),
            (
                "agent = 1",
                "agent.toml:1:9: agent: is a whole number; write a table of keys"
            ),
            (
                "[storage]\nbase_path = \"${NO_SUCH}\"",
                "agent.toml:2:13: storage.base_path: ${NO_SUCH} is not set in the environment; set it, "
                    + "or give a default: ${NO_SUCH:-value}"
            ),
            (
                "[storage]\nbase_path = \"${A\"",
                "agent.toml:2:13: storage.base_path: has a ${ without a }; close it: ${NAME} or "
                    + "${NAME:-default}"
            ),
            (
                "[api]\nlisten = [\"0.0.0.0:9477\"]",
                "agent.toml:2:1: api.listen: \"0.0.0.0:9477\" is open to other machines and asks for no "
                    + "token; set bearer_token_file, or allow_unauthenticated = true"
            ),
            (
                "[api]\nlisten = [\"9477\"]",
                "agent.toml:2:1: api.listen: address \"9477\" has no port; write \"127.0.0.1:9477\", "
                    + "\"[::1]:9477\" or \"unix:/path\""
            ),
            (
                "[host]\ncollectors = [\"cpus\"]",
                "agent.toml:2:1: host.collectors: no collector is named \"cpus\"; did you mean cpu?"
            ),
            (
                "[host]\nlabels = { \"a-b\" = \"c\" }",
                "agent.toml:2:12: host.labels.a-b: not the name of a label; use letters, digits and _, "
                    + "no digit first"
            ),
            (
                "[[scrape_configs]]\nmetrics_path = \"/m\"",
                "agent.toml:1:3: scrape_configs[0].job_name: is missing; every job needs a name"
            ),
            (
                "[[scrape_configs]]\njob_name = \"a\"\nscrape_interval = \"5s\"\nscrape_timeout = \"6s\"",
                "agent.toml:4:1: scrape_configs[0].scrape_timeout: is 6s, longer than the interval of 5s; "
                    + "shorten it"
            ),
            (
                "[[scrape_configs]]\njob_name = \"a\"\n[[scrape_configs]]\njob_name = \"a\"",
                "agent.toml:4:1: scrape_configs[1].job_name: \"a\" names two jobs; rename one"
            ),
            (
                "[[scrape_configs]]\njob_name = \"a\"\nstatic_configs = [{ targets = [\"http://a:1\"] }]",
                "agent.toml:3:21: scrape_configs[0].static_configs[0].targets: \"http://a:1\" is not a "
                    + "target; write \"host:port\" or \"unix:/path\", scheme and path have keys of their own"
            ),
            (
                "[[scrape_configs]]\njob_name = \"a\"\nrelabel_configs = [{ action = \"drop\" }]",
                "agent.toml:3:1: scrape_configs[0].relabel_configs: not supported yet; leave it out "
                    + "(only [] is taken so far)"
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"s3\"\nurl = \"http://a\"",
                "agent.toml:3:8: forward[0].kind: \"s3\" is not supported yet; write \"remote_write\""
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"remote_write\"\nurl = \"ftp://a\"",
                "agent.toml:4:1: forward[0].url: \"ftp://a\" is not a URL; write it whole, as "
                    + "\"http://127.0.0.1:9090/api/v1/write\""
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"remote_write\"\nurl = \"http://a:99999/w\"",
                "agent.toml:4:1: forward[0].url: port \"99999\" is not a number from 1 to 65535"
            ),
            (
                "[[scrape_configs]]\njob_name = \"a\"\nstatic_configs = [{ targets = [\"a:99999\"] }]",
                "agent.toml:3:21: scrape_configs[0].static_configs[0].targets: \"a:99999\" is not a "
                    + "target; write \"host:port\" or \"unix:/path\", scheme and path have keys of their own"
            ),
            (
                "[agent]\nlog_level = ",
                "agent.toml:2:13: found the end of the file, expected a value (a text needs \"quotes\")"
            ),
        ]
    )
    func texts(file: String, expected: String) {
        #expect(problems(file) == [expected])
    }

    @Test("all of them are told at once, in the order of the file, overrides last")
    func together() {
        let found = problems(
            "[api]\nmax_connections = -1\n[storage]\nfoo = 1\nbase_path = 3\n",
            environment: ["TSDB_BUFFER_FSYNC": "often"],
            options: ["agent.bar=1", "baz"]
        )
        #expect(
            found == [
                "agent.toml:2:19: api.max_connections: is -1; write a whole number, from 1 to 65536",
                "agent.toml:4:1: storage.foo: unknown key; remove it, or see agent.toml.example for "
                    + "those that there are",
                "agent.toml:5:13: storage.base_path: is a whole number; write it as text in quotes",
                "environment TSDB_BUFFER_FSYNC: buffer.fsync: \"often\" is not known here; write one of "
                    + "\"always\", \"interval\", \"never\"",
                "--set agent.bar: agent.bar: unknown key; remove it, or see agent.toml.example for "
                    + "those that there are",
                "--set baz: has no value; write --set section.key=value",
            ]
        )
    }

    @Test("a default of what is not there yet is no problem")
    func laterDefaults() {
        #expect(problems("[redis]\npool_size = 4\n[redis.retry]\nmax_retries = 3\n") == [])
    }

    @Test("the block cache and how segments are read reach the store")
    func cache() throws {
        #expect(try load("").config.storeOptions.readMode == .map)
        #expect(try load("").config.storeOptions.cache == BlockCache.Limits())
        let options = try load(
            """
            [storage]
            read_mode = "pread"
            [cache]
            max_size_bytes = "3MB"
            num_shards = 2
            low_watermark = 0
            high_watermark = 0.25
            eviction_interval_ms = 50
            """
        ).config.storeOptions
        #expect(options.readMode == .pread)
        #expect(
            options.cache
                == BlockCache.Limits(
                    maxBytes: 3 << 20,
                    shards: 2,
                    lowWatermark: 0,
                    highWatermark: 0.25,
                    evictionIntervalMs: 50
                )
        )
    }

    @Test("cache_size_mb is another name for max_size_bytes")
    func cacheSize() throws {
        func maxBytes(_ text: String) throws -> Int {
            try load(text).config.storeOptions.cache.maxBytes
        }
        #expect(try maxBytes("[storage]\ncache_size_mb = 5") == 5 << 20)
        #expect(try maxBytes("[storage]\ncache_size_mb = 0") == 0)
        let both = "[storage]\ncache_size_mb = 5\n[cache]\nmax_size_bytes = "
        #expect(try maxBytes(both + "\"5MB\"") == 5 << 20)
        #expect(
            problems(both + "5") == [
                "agent.toml:2:1: storage.cache_size_mb: is 5, but cache.max_size_bytes is 5 bytes; both "
                    + "mean the same: leave one of them out"
            ]
        )
    }

    @Test("a file that is not there")
    func missing() {
        let files = PosixFileSystem()
        #expect(throws: ConfigErrors.self) {
            try ConfigLoader().load(path: "/nonexistent/agent.toml", files)
        }
        do throws(ConfigErrors) {
            _ = try ConfigLoader().load(path: "/nonexistent/agent.toml", files)
        } catch {
            #expect(
                error.description
                    == "/nonexistent/agent.toml:1:1: cannot read the file: No such file or directory "
                    + "(errno 2); check the path and its permissions"
            )
        }
    }
}

@Suite("Shown configuration") struct ConfigTextTests {
    @Test("shows what was set, from wherever, and no secret")
    func redacted() throws {
        let text = try load(
            """
            [agent]
            instance = "${WHO:-me}"
            [host.filesystem]
            interval = "60s"
            [[scrape_configs]]
            job_name = "a"
            basic_auth = { username = "u", password = "hunter2" }
            http_headers = { X-Key = "hunter2", X-More = { secrets = ["hunter2"] } }
            proxy_url = "http://u:hunter2@proxy:3128/"
            [[forward]]
            name = "f"
            kind = "remote_write"
            url = "https://u:hunter2@example.org/w?a=b"
            authorization = { credentials = "${TOKEN}", type = "Bearer" }
            """,
            environment: ["TOKEN": "hunter2", "TSDB_AGENT_LOG_LEVEL": "debug"]
        ).shownText
        #expect(!text.contains("hunter2"))
        #expect(
            text == """
                [agent]
                instance = "${WHO:-me}"
                log_level = "debug"

                [host]
                filesystem = { interval = "60s" }

                [[scrape_configs]]
                job_name = "a"
                basic_auth = { username = "u", password = "<secret>" }
                http_headers = { X-Key = "<secret>", X-More = { secrets = ["<secret>"] } }
                proxy_url = "http://<secret>@proxy:3128/"

                [[forward]]
                name = "f"
                kind = "remote_write"
                url = "https://<secret>@example.org/w?a=b"
                authorization = { credentials = "<secret>", type = "Bearer" }

                """
        )
        #expect(try load(text).config.host.tables["filesystem"]?.intervalMs == 60_000)
    }
}

@Suite("Nearest name") struct NearestNameTests {
    @Test(
        "finds what was meant, and nothing when nothing was",
        arguments: [
            ("scrape_interal", "scrape_interval"), ("srcape_interval", "scrape_interval"),
            ("timeout", nil), ("joob_name", "job_name"), ("", nil), ("xyz", nil),
            ("scrape", "scrape_interval"), ("params2x3", "params"),
        ] as [(String, String?)]
    )
    func nearest(name: String, expected: String?) {
        #expect(NearestName.find(name, in: ["job_name", "scrape_interval", "params"]) == expected)
    }

    @Test("counts a swap of two neighbours as one edit")
    func swap() {
        #expect(NearestName.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
        #expect(NearestName.distance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    }
}
