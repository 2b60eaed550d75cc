// One `[[forward]]`: a destination and how to reach it.
public import Formats

/// A destination.
public struct ForwardSection: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case remoteWrite = "remote_write"
    }
    public enum Mode: String, Sendable, CaseIterable {
        case live
    }
    public enum Message: String, Sendable, CaseIterable {
        case auto
        case version1 = "prometheus.WriteRequest"
    }
    public enum Start: String, Sendable, CaseIterable {
        case now, oldest
    }

    /// The cursor belongs to the name: a new URL keeps the backlog.
    public var name = ""
    public var kind: Kind?
    public var url = ""
    public var mode = Mode.live
    public var message = Message.auto
    public var maxSamplesPerSend: Int64 = 2000
    public var maxInFlight: Int64 = 2
    public var remoteTimeoutMs: Int64 = 30_000
    public var minBackoffMs: Int64 = 30
    public var maxBackoffMs: Int64 = 5000
    public var start = Start.now
    /// Of what is sent, after the external labels were added.
    public var writeRelabelRules: [RelabelRule] = []
    public var access = AccessSection()
}
