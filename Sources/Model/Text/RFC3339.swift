// Times for people and for the HTTP API: 2026-01-31T12:00:00.250Z (RFC 3339, section 5.6).

/// Reads and writes RFC 3339 times in the proleptic Gregorian calendar.
public enum RFC3339 {
    /// The time that `text` says, nil when it is none.
    ///
    /// Fractions of a second may be of any length; what is finer than a millisecond is cut off.
    public static func parse(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let year = number(bytes[0..<4]),
            let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]), (1...12).contains(month), day >= 1,
            day <= days(month, year), hour < 24, minute < 60, second < 60
        else { return nil }
        var offset = 19
        var ms: Int64 = 0
        if bytes[offset] == UInt8(ascii: ".") {
            let digits = bytes[20...].prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard !digits.isEmpty else { return nil }
            var unit: Int64 = 100
            for digit in digits.prefix(3) {
                ms += Int64(digit - 0x30) * unit
                unit /= 10
            }
            offset = digits.endIndex
        }
        guard let shift = zone(bytes[offset...]) else { return nil }
        let seconds = daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
        return Timestamp(ms: (seconds - shift) * 1000 + ms)
    }

    /// The time in UTC with three decimals, such as `2026-01-31T12:00:00.250Z`.
    ///
    /// Years outside 0 to 9999, which RFC 3339 has not, are written with the digits they need.
    public static func format(_ time: Timestamp) -> String {
        let (days, ms) = floored(time.ms, 86_400_000)
        let (year, month, day) = date(days)
        let second = ms / 1000
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) + ":"
            + padded(second % 60, 2) + "." + padded(ms % 1000, 3) + "Z"
    }

    // `Z` or `+hh:mm`, in seconds east of UTC.
    private static func zone(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard let sign = bytes.first else { return nil }
        if sign == UInt8(ascii: "Z") { return bytes.count == 1 ? 0 : nil }
        let start = bytes.startIndex
        guard bytes.count == 6, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            bytes[start + 3] == UInt8(ascii: ":"), let hour = number(bytes[start + 1..<start + 3]),
            let minute = number(bytes[start + 4..<start + 6]), hour < 24, minute < 60
        else { return nil }
        return (hour * 3600 + minute * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + Int64(digit - 0x30)
        }
        return value
    }

    private static func days(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    // Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the
    // leap day is the last one; 400 years have 146,097 days.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = floored(month <= 2 ? year - 1 : year, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floored(days + 719_468, 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    // Division that rounds down, with the rest that then is never negative.
    private static func floored(_ number: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let rest = ((number % divisor) + divisor) % divisor
        // Not `number - rest`, which overflows at the earliest times.
        return (number / divisor - (number % divisor < 0 ? 1 : 0), rest)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number.magnitude)
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        return (number < 0 ? "-" : "") + zeros + digits
    }
}
