// The version, as every part of the program names it.

/// What this program calls itself.
public enum AgentVersion {
    /// Semantic versioning; the file formats are versioned on their own.
    public static let text = "0.1.0"

    /// What it says to servers.
    static let userAgent = "tsdb-agent/\(text)"
}
