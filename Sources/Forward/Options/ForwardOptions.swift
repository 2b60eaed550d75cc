// What a `[[forward]]` table of kind remote_write says; each option is defined here once.
internal import Codec
public import Formats
public import HTTP
public import Model

/// Settings of one remote_write destination.
public struct ForwardOptions: Sendable, Equatable {
    /// Where a destination without a cursor begins.
    public enum Start: String, Sendable, CaseIterable {
        /// With what is stored from now on.
        case now
        /// With the oldest that is stored.
        case oldest
    }

    /// Names the destination, in logs and metrics, and its cursor file: a new URL keeps the backlog.
    public var name: String
    /// Where requests go: http or https.
    public var url: String
    /// Where it begins when it has no cursor.
    public var start: Start = .now
    /// The version of remote write.
    public var message: WriteMessage = .auto
    /// The most samples of a request.
    public var maxSamplesPerSend = 2000
    /// The most requests under way at a time; never two with the same series.
    public var maxInFlight = 2
    /// How long a request may take before it counts as unanswered.
    public var remoteTimeout: Duration = .seconds(30)
    /// The pause after the first failure; it doubles with each further one.
    public var minBackoff: Duration = .milliseconds(30)
    /// The longest pause between tries, but for what `Retry-After` asks.
    public var maxBackoff: Duration = .seconds(5)
    /// Bytes of bodies a second, repetitions included; 0 for no limit.
    public var rateLimit = 0
    /// How often a receiver of 1.0 is told what is known of metrics, beside the samples.
    public var metadataInterval: Duration = .seconds(60)
    /// Sent with every request; those that the protocol sets cannot be overridden.
    public var headers: [Header] = []
    /// HTTP basic authentication.
    public var basicAuth: BasicAuth?
    /// The Authorization header.
    public var authorization: Authorization?
    /// How https is checked.
    public var tls = TLSOptions()
    /// A proxy for this destination; empty for none.
    public var proxyURL = ""
    /// Added to every series that does not have a label of that name.
    public var externalLabels = Labels()
    /// Applied then to the labels of every series; one that they drop is not sent there.
    public var writeRelabelRules = RelabelRules()

    /// Makes settings with everything else at its default.
    public init(name: String, url: String) {
        self.name = name
        self.url = url
    }
}

extension ForwardOptions {
    /// What the cursor file keeps of a version that the receiver took; of another URL or message it
    /// means nothing.
    func memo(of version: WriteVersion) -> UInt64 {
        XXH64.hash("\(version.rawValue) \(message.rawValue) \(url)".utf8.span)
    }

    /// The version that a kept memo speaks of; nil when it is about something else.
    func version(of memo: UInt64) -> WriteVersion? {
        WriteVersion.allCases.first { self.memo(of: $0) == memo }
    }

    /// A header that is sent with every request.
    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: String

        /// Makes a header.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A user and a password, which may lie in a file that is read anew when it changes.
    public struct BasicAuth: Sendable, Equatable {
        public var username: String
        public var password: String
        /// Read instead of `password` when not empty.
        public var passwordFile: String

        /// Makes a user.
        public init(username: String, password: String = "", passwordFile: String = "") {
            self.username = username
            self.password = password
            self.passwordFile = passwordFile
        }
    }

    /// `Authorization: type credentials`; the credentials may lie in a file.
    public struct Authorization: Sendable, Equatable {
        public var type: String
        public var credentials: String
        /// Read instead of `credentials` when not empty.
        public var credentialsFile: String

        /// Makes an authorization.
        public init(type: String = "Bearer", credentials: String = "", credentialsFile: String = "")
        {
            self.type = type
            self.credentials = credentials
            self.credentialsFile = credentialsFile
        }
    }
}
