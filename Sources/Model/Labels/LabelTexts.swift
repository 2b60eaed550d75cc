// An answer to the question for names or values of labels.

/// Texts, each once in bytewise order, and what could not be read and may be missing among them.
public struct LabelTexts: Sendable, Equatable {
    /// The names or values.
    public var texts: [String]
    /// What could not be read, in words for people.
    public var warnings: [String]

    /// Makes an answer.
    public init(_ texts: [String], warnings: [String] = []) {
        self.texts = texts
        self.warnings = warnings
    }
}
