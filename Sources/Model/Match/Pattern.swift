// Transitional: replaced by the linear-time engine.
public struct PatternError: Error, Equatable {}
/// A pattern.
public struct Pattern: Sendable {
    let text: String
    /// Compiles.
    public init(_ text: String) throws(PatternError) { self.text = text }
    /// Matches.
    public func matches(_ candidate: String) -> Bool { candidate == text }
}
