// What is wrong with a destination's settings, all of it at once, in the words of the configuration.
internal import HTTP
internal import Model

/// One thing that is wrong with a destination's settings.
public struct ForwardProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The key in the `[[forward]]` table.
    public let key: String
    /// What is wrong, and what to do.
    public let text: String

    public var description: String { "\(key): \(text)" }
}

extension ForwardOptions {
    /// The bounds of what makes sense.
    public enum Bounds {
        /// Characters of a name: the escaped file name must fit into 255 bytes.
        public static let nameBytes = 64
        /// The most samples a request can be told to have.
        public static let samplesPerSend = 1...100_000
        /// As many requests as a cursor has borders.
        public static let inFlight = 1...CursorRecord.borderLimit
    }

    /// Everything that is wrong, in the order of the keys; empty when the settings can be used.
    public func problems() -> [ForwardProblem] {
        var found: [ForwardProblem] = []
        func expect(_ isFine: Bool, _ key: String, _ text: @autoclosure () -> String) {
            if !isFine { found.append(ForwardProblem(key: key, text: text())) }
        }
        expect(!name.isEmpty, "name", "a destination needs a name: its place is kept under it")
        expect(
            name.utf8.count <= Bounds.nameBytes,
            "name",
            "\(name.utf8.count) bytes are too long; use at most \(Bounds.nameBytes)"
        )
        expect(
            name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f },
            "name",
            "white space and control characters are not allowed"
        )
        expect(
            hasHost("http://") || hasHost("https://"),
            "url",
            "\"\(url)\" is no http:// or https:// URL; write for example "
                + "\"http://127.0.0.1:9090/api/v1/write\""
        )
        expect(
            Bounds.samplesPerSend.contains(maxSamplesPerSend),
            "max_samples_per_send",
            "\(maxSamplesPerSend) is not between 1 and \(Bounds.samplesPerSend.upperBound)"
        )
        expect(
            Bounds.inFlight.contains(maxInFlight),
            "max_in_flight",
            "\(maxInFlight) is not between 1 and \(Bounds.inFlight.upperBound)"
        )
        expect(
            remoteTimeout >= .milliseconds(1) && remoteTimeout <= .seconds(3600),
            "remote_timeout",
            "\(remoteTimeout) is not between 1ms and 1h"
        )
        expect(
            minBackoff >= .milliseconds(1) && minBackoff <= maxBackoff,
            "min_backoff",
            "\(minBackoff) is not between 1ms and max_backoff (\(maxBackoff))"
        )
        expect(
            maxBackoff <= .seconds(3600),
            "max_backoff",
            "\(maxBackoff) is longer than 1h"
        )
        expect(rateLimit >= 0, "rate_limit", "\(rateLimit) is below 0; write 0 for no limit")
        for header in headers {
            if let problem = header.problem { expect(false, "headers", problem) }
        }
        expect(
            basicAuth == nil || authorization == nil,
            "authorization",
            "basic_auth is set too; keep one of the two"
        )
        if let basicAuth {
            expect(
                basicAuth.password.isEmpty || basicAuth.passwordFile.isEmpty,
                "basic_auth",
                "both password and password_file are set; keep one of the two"
            )
            expect(
                !basicAuth.username.utf8.contains(UInt8(ascii: ":")),
                "basic_auth",
                "a username cannot hold a colon"
            )
        }
        if let authorization {
            expect(
                authorization.credentials.isEmpty || authorization.credentialsFile.isEmpty,
                "authorization",
                "both credentials and credentials_file are set; keep one of the two"
            )
            expect(
                !authorization.credentials.isEmpty || !authorization.credentialsFile.isEmpty,
                "authorization",
                "there are no credentials; set credentials_file"
            )
        }
        expect(
            tls.certFile.isEmpty == tls.keyFile.isEmpty,
            "tls_config",
            "cert_file and key_file belong together; set both or none"
        )
        expect(
            externalLabels["__name__"] == nil,
            "external_labels",
            "__name__ would name every series that has no name"
        )
        return found
    }

    // A prefix is not enough: there must be something to connect to.
    private func hasHost(_ scheme: String) -> Bool {
        guard url.hasPrefix(scheme) else { return false }
        let rest = url.utf8.dropFirst(scheme.utf8.count)
        guard let first = rest.first, first != UInt8(ascii: "/"), first != UInt8(ascii: ":") else {
            return false
        }
        return rest.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    }
}

extension ForwardOptions.Header {
    /// The headers that remote write sets itself ("Custom headers … MUST NOT override").
    static let reserved = [
        "content-encoding", "content-type", "content-length", "host", "transfer-encoding",
        "retry-attempt", "user-agent", "x-prometheus-remote-write-version",
    ]

    var problem: String? {
        if Self.reserved.contains(name.lowercased()) {
            return "\(name) is set by the protocol; remove it"
        }
        let isToken = !name.isEmpty && name.utf8.allSatisfy(Self.isTokenByte)
        if !isToken { return "\"\(name)\" is no header name" }
        // A line break in a value would start a header of its own.
        let isClean = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
        return isClean ? nil : "the value of \(name) holds a control character"
    }

    // RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
