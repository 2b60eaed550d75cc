// The log's own dates. (Model writes RFC 3339 for the API; Platform imports no sibling.)

/// Days-from-civil arithmetic on the proleptic Gregorian calendar, UTC.
enum CivilTime {
    /// `2026-11-22T16:04:05.678Z`; years outside 0 to 9999 are clamped to that range.
    static func rfc3339(_ timeMs: Int64) -> String {
        let clamped = min(max(timeMs, -62_167_219_200_000), 253_402_300_799_999)
        let days = floorDivide(clamped, 86_400_000)
        let msOfDay = clamped - days * 86_400_000
        let (year, month, day) = civil(days)
        let (hour, minute) = (msOfDay / 3_600_000, msOfDay / 60_000 % 60)
        let (second, ms) = (msOfDay / 1_000 % 60, msOfDay % 1_000)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2) + "."
            + padded(ms, 3) + "Z"
    }

    // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: eras of 400
    // years, a year that begins on 1 March so that the leap day comes last.
    private static func civil(_ daysSince1970: Int64) -> (Int64, Int64, Int64) {
        let shifted = daysSince1970 + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
