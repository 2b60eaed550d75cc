// What is wrong in a text of series, and where.

/// The first thing that cannot be read.
public struct SeriesTextError: Error, Equatable {
    /// Counted from 1.
    public let line: Int
    /// In bytes, counted from 1; 0 where it is about the line as a whole.
    public let column: Int
    /// What.
    public let text: String

    /// Makes an error.
    public init(line: Int, column: Int = 0, _ text: String) {
        self.line = line
        self.column = column
        self.text = text
    }

    init(_ error: ExpositionError) {
        self.init(line: error.line, column: error.column, "\(error.problem)")
    }
}

extension SeriesTextError: CustomStringConvertible {
    /// `3:7: what`, to be put behind a file's name.
    public var description: String {
        column > 0 ? "\(line):\(column): \(text)" : "\(line): \(text)"
    }
}
