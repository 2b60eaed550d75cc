// Every word of what is wrong with a configuration.
import Platform
import Testing

@testable import Agent

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
                "[[forward]]\nname = \"a\"\nkind = \"agent\"\nurl = \"http://a\"",
                "agent.toml:3:8: forward[0].kind: \"agent\" is not supported yet; write "
                    + "\"remote_write\", \"s3\""
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"s3\"\nurl = \"http://a\"",
                "agent.toml:1:3: forward[0].bucket: \"\" is no bucket: 3 to 63 lower-case letters, "
                    + "digits, dashes and dots"
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"s3\"\nurl = \"http://a\"\nbucket = \"bkt\"\n"
                    + "prefix = \"host=a\"",
                "agent.toml:6:1: forward[0].prefix: \"host=a\" cannot be used: use only letters, "
                    + "digits and - _ . /"
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"s3\"\nurl = \"http://a\"\nbucket = \"bkt\"\n"
                    + "access_key_id = \"a\"",
                "agent.toml:1:3: forward[0].secret_access_key_file: is missing; set both halves, or "
                    + "none to take them from the environment"
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"s3\"\nurl = \"http://a\"\nbucket = \"bkt\"\n"
                    + "mode = \"live\"",
                "agent.toml:6:1: forward[0].mode: an object store takes sealed segments only; leave "
                    + "it out"
            ),
            (
                "[[forward]]\nname = \"a\"\nkind = \"remote_write\"\nurl = \"http://a/w\"\n"
                    + "mode = \"sealed\"",
                "agent.toml:5:1: forward[0].mode: remote_write follows the tail; write \"live\" or "
                    + "leave it out"
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
