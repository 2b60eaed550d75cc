// One `[[forward]]`: a destination and how to reach it.
public import Formats
public import Forward

/// A destination.
public struct ForwardSection: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case remoteWrite = "remote_write"
        case archive = "s3"
    }
    public enum Mode: String, Sendable, CaseIterable {
        case live, sealed
    }
    public enum Start: String, Sendable, CaseIterable {
        case now, oldest
    }

    /// The cursor belongs to the name: a new URL keeps the backlog.
    public var name = ""
    public var kind: Kind?
    public var url = ""
    /// Nil: what the kind does.
    public var mode: Mode?
    public var message = WriteMessage.auto
    public var maxSamplesPerSend: Int64 = 2000
    public var maxInFlight: Int64 = 2
    public var remoteTimeoutMs: Int64 = 30_000
    public var minBackoffMs: Int64 = 30
    public var maxBackoffMs: Int64 = 5000
    /// Bytes a second; 0 is no limit.
    public var rateLimit: Int64 = 0
    public var start = Start.now
    /// Of what is sent, after the external labels were added.
    public var writeRelabelRules: [RelabelRule] = []
    public var access = AccessSection()
    /// The object store's own keys.
    public var bucket = ""
    public var prefix = ""
    public var region = ""
    public var pathStyle = true
    public var accessKeyID = ""
    public var accessKeyIDFile = ""
    public var secretAccessKey = ""
    public var secretAccessKeyFile = ""
    public var sessionTokenFile = ""
}
