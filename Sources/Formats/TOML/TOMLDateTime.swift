// Offset date-time, local date-time, local date, local time: TOML 1.0, RFC 3339.

/// One of TOML's four date and time types: `date` or `time` may be missing, never both.
public struct TOMLDateTime: Sendable, Hashable {
    /// A day of the proleptic Gregorian calendar, checked.
    public struct Date: Sendable, Hashable {
        /// 0 to 9999.
        public let year: Int
        /// 1 to 12.
        public let month: Int
        /// 1 to the month's last day.
        public let day: Int
    }

    /// A time of day, checked.
    public struct Time: Sendable, Hashable {
        /// 0 to 23.
        public let hour: Int
        /// 0 to 59.
        public let minute: Int
        /// 0 to 60 (a leap second).
        public let second: Int
        /// Further digits of the fraction are cut off.
        public let nanosecond: Int
    }

    /// The day, nil for a local time.
    public let date: Date?
    /// The time of day, nil for a local date.
    public let time: Time?
    /// East of UTC, nil when the type has no offset.
    public let offsetMinutes: Int?

    static func daysIn(month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension TOMLDateTime: CustomStringConvertible {
    /// RFC 3339 with a `T`, the fraction without trailing zeros, `Z` for no offset.
    public var description: String {
        var text = ""
        if let date {
            text += "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            if time != nil { text += "T" }
        }
        if let time {
            text += "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
            if time.nanosecond > 0 {
                var fraction = padded(time.nanosecond, 9)
                while fraction.hasSuffix("0") { fraction.removeLast() }
                text += "." + fraction
            }
        }
        guard let offsetMinutes else { return text }
        if offsetMinutes == 0 { return text + "Z" }
        let minutes = abs(offsetMinutes)
        return text + (offsetMinutes < 0 ? "-" : "+")
            + "\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
