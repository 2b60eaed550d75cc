// The form of a date in headers: RFC 9110, section 5.6.7 (IMF-fixdate).

enum HTTPDate {
    /// Writes seconds since 1970 UTC as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func text(seconds: Int64) -> String {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = Int(seconds - days * 86400)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let (year, month, day) = civil(days: days)
        let weekday = weekdays[Int((days % 7 + 7) % 7)]
        return "\(weekday), \(pair(day)) \(months[month - 1]) \(year) "
            + "\(pair(second / 3600)):\(pair(second / 60 % 60)):\(pair(second % 60)) GMT"
    }

    // Days since 1970 to a date of the proleptic Gregorian calendar, counting years from March so
    // that the leap day is a year's last (H. Hinnant, "chrono-compatible low-level date algorithms").
    private static func civil(days: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let day = Int(dayOfYear - (153 * fromMarch + 2) / 5 + 1)
        let month = Int(fromMarch < 10 ? fromMarch + 3 : fromMarch - 9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func pair(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
