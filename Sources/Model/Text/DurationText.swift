// Durations as Prometheus writes them: 15s, 1h30m, 7d.

/// Why a text is not a duration.
public enum DurationTextError: Error, Hashable {
    case empty
    case invalid(text: String)
    case outOfRange(text: String)
}

extension DurationTextError: CustomStringConvertible {
    /// Prometheus's words.
    public var description: String {
        switch self {
        case .empty: "empty duration string"
        case .invalid(let text): "not a valid duration string: \"\(text)\""
        case .outOfRange: "duration out of range"
        }
    }
}

/// Reads and writes durations, in milliseconds.
public enum DurationText {
    // A year is 365 days, as in Prometheus; units stand in this order, each at most once.
    private static let units: [(name: String, ms: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The longest duration, what Go's nanoseconds hold: about 292 years.
    public static let maxMs: Int64 = .max / 1_000_000

    /// Milliseconds of a text such as `1h30m`; `0` needs no unit.
    /// - Throws: `DurationTextError` in Prometheus's words.
    public static func parse(_ text: String) throws(DurationTextError) -> Int64 {
        if text.isEmpty { throw .empty }
        if text == "0" { return 0 }
        let bytes = Array(text.utf8)
        var offset = 0
        var nextUnit = 0
        var total: Int64 = 0
        var overflow = false
        while offset < bytes.count {
            let digits = bytes[offset...].prefix { $0 >= 0x30 && $0 <= 0x39 }
            let unit = bytes[digits.endIndex...].prefix { $0 >= 0x61 && $0 <= 0x7a }
            let name = String(decoding: unit, as: UTF8.self)
            guard !digits.isEmpty,
                let index = units[nextUnit...].firstIndex(where: { $0.name == name })
            else { throw .invalid(text: text) }
            let number = Int64(String(decoding: digits, as: UTF8.self))
            let (part, tooLong) = (number ?? .max).multipliedReportingOverflow(by: units[index].ms)
            let (sum, tooMuch) = total.addingReportingOverflow(part)
            overflow = overflow || tooLong || tooMuch || number == nil || sum > maxMs
            if !overflow { total = sum }
            nextUnit = index + 1
            offset = unit.endIndex
        }
        if overflow { throw .outOfRange(text: text) }
        return total
    }

    /// The text of a duration: `90d`, `1h30m`, `0s`.
    ///
    /// Years and weeks only when nothing is left over.
    public static func format(_ ms: Int64) -> String {
        if ms == 0 { return "0s" }
        var rest = ms.magnitude
        var text = ms < 0 ? "-" : ""
        for (name, unit) in units {
            let unit = UInt64(unit)
            if name == "y" || name == "w", rest % unit != 0 { continue }
            if rest >= unit { text += "\(rest / unit)\(name)" }
            rest %= unit
        }
        return text
    }
}
