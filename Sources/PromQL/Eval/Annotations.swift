// Warnings and infos of a query, in Prometheus's words.

struct Annotations {
    private(set) var warnings: [String] = []
    private(set) var infos: [String] = []
    private let bytes: [UInt8]
    private var known: Set<String> = []

    init(text: String) {
        bytes = Array(text.utf8)
    }

    /// Notes what makes the answer doubtful, at the place of `span`.
    mutating func warn(_ text: String, at span: Range<Int>) {
        let full = "PromQL warning: \(text) (\(place(span)))"
        if known.insert(full).inserted { warnings.append(full) }
    }

    /// Notes what the storage says about the samples that it gave.
    mutating func warn(storage texts: [String]) {
        for text in texts where known.insert(text).inserted { warnings.append(text) }
    }

    /// Notes what may be worth a look.
    mutating func info(_ text: String, at span: Range<Int>) {
        let full = "PromQL info: \(text) (\(place(span)))"
        if known.insert(full).inserted { infos.append(full) }
    }

    private func place(_ span: Range<Int>) -> String {
        let (line, column) = SourcePosition.of(span.lowerBound, in: bytes)
        return "\(line):\(column)"
    }
}
