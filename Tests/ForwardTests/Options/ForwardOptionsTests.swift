import HTTP
import Model
import Testing

@testable import Forward

@Suite("Forward options") struct ForwardOptionsTests {
    static func changed(_ change: (inout ForwardOptions) -> Void) -> [String] {
        var options = ForwardOptions(name: "central", url: "http://127.0.0.1:9090/api/v1/write")
        change(&options)
        return options.problems().map(\.description)
    }

    @Test("the defaults can be used")
    func defaults() {
        #expect(ForwardOptionsTests.changed { _ in } == [])
        #expect(ForwardOptionsTests.changed { $0.url = "https://[::1]:9090/w" } == [])
    }

    static let wrong: [(String, @Sendable (inout ForwardOptions) -> Void)] = [
        ("name: a destination needs a name: its place is kept under it", { $0.name = "" }),
        ("name: white space and control characters are not allowed", { $0.name = "a b" }),
        (
            "name: 65 bytes are too long; use at most 64",
            { $0.name = String(repeating: "n", count: 65) }
        ),
        (
            "url: \"ftp://x\" is no http:// or https:// URL; write for example "
                + "\"http://127.0.0.1:9090/api/v1/write\"", { $0.url = "ftp://x" }
        ),
        (
            "url: \"http:///x\" is no http:// or https:// URL; write for example "
                + "\"http://127.0.0.1:9090/api/v1/write\"", { $0.url = "http:///x" }
        ),
        ("max_samples_per_send: 0 is not between 1 and 100000", { $0.maxSamplesPerSend = 0 }),
        ("max_in_flight: 9 is not between 1 and 8", { $0.maxInFlight = 9 }),
        ("remote_timeout: 0.0 seconds is not between 1ms and 1h", { $0.remoteTimeout = .zero }),
        (
            "min_backoff: 6.0 seconds is not between 1ms and max_backoff (5.0 seconds)",
            { $0.minBackoff = .seconds(6) }
        ),
        ("max_backoff: 7200.0 seconds is longer than 1h", { $0.maxBackoff = .seconds(7200) }),
        (
            "headers: content-Type is set by the protocol; remove it",
            { $0.headers = [.init("content-Type", "x")] }
        ),
        ("headers: \"a b\" is no header name", { $0.headers = [.init("a b", "x")] }),
        (
            "headers: the value of X holds a control character",
            { $0.headers = [.init("X", "a\r\nEvil: 1")] }
        ),
        (
            "authorization: basic_auth is set too; keep one of the two",
            {
                $0.basicAuth = .init(username: "u")
                $0.authorization = .init(credentials: "c")
            }
        ),
        (
            "basic_auth: both password and password_file are set; keep one of the two",
            { $0.basicAuth = .init(username: "u", password: "p", passwordFile: "f") }
        ),
        ("basic_auth: a username cannot hold a colon", { $0.basicAuth = .init(username: "a:b") }),
        (
            "authorization: there are no credentials; set credentials_file",
            { $0.authorization = .init() }
        ),
        (
            "tls_config: cert_file and key_file belong together; set both or none",
            { $0.tls.certFile = "c" }
        ),
        (
            "external_labels: __name__ would name every series that has no name",
            { $0.externalLabels = Labels([Label("__name__", "x")]) }
        ),
    ]

    @Test("each mistake is named with its key and what to do", arguments: wrong.indices)
    func mistakes(index: Int) {
        let (text, change) = ForwardOptionsTests.wrong[index]
        #expect(ForwardOptionsTests.changed(change) == [text])
    }

    @Test("all mistakes are told at once")
    func many() {
        let texts = ForwardOptionsTests.changed {
            $0.name = ""
            $0.maxInFlight = 0
        }
        #expect(
            texts == [
                "name: a destination needs a name: its place is kept under it",
                "max_in_flight: 0 is not between 1 and 8",
            ]
        )
    }
}
