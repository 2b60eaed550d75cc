// "Did you mean": the known name that is nearest to a mistyped one.

/// Finds the name that was probably meant.
enum NearestName {
    /// The nearest of `names`; nil when none is near enough to be meant.
    ///
    /// Near enough is one edit in three bytes of the longer name, or a name of which the other is
    /// the beginning. Of equally near ones the first stays.
    static func find(_ name: String, in names: [String]) -> String? {
        var best: (name: String, distance: Int)?
        for candidate in names {
            let distance = distance(Array(name.utf8), Array(candidate.utf8))
            let limit = max(1, max(name.utf8.count, candidate.utf8.count) / 3)
            if distance <= limit, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        if let best { return best.name }
        return names.first { candidate in
            min(name.utf8.count, candidate.utf8.count) >= 3
                && (candidate.hasPrefix(name) || name.hasPrefix(candidate))
        }
    }

    /// Edits (insert, remove, change, swap two neighbours) from one text to the other.
    static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        // Three rows of the table: a swap looks two rows back.
        var before: [Int] = []
        var last = Array(0...other.count)
        for (row, byte) in one.enumerated() {
            var next = [row + 1]
            for (column, candidate) in other.enumerated() {
                var least = min(last[column + 1], next[column]) + 1
                least = min(least, last[column] + (byte == candidate ? 0 : 1))
                if row > 0, column > 0, byte == other[column - 1], one[row - 1] == candidate {
                    least = min(least, before[column - 1] + 1)
                }
                next.append(least)
            }
            before = last
            last = next
        }
        return last[other.count]
    }
}
