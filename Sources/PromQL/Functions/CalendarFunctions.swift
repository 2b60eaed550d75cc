// Dates from Unix seconds, UTC, proleptic Gregorian. Days-from-civil arithmetic: Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms".

enum CalendarFunctions {
    /// A second of the calendar.
    struct Moment {
        let year: Int64
        let month: Int64
        let day: Int64
        let dayOfWeek: Int64
        let dayOfYear: Int64
        let secondOfDay: Int64

        /// nil for what is no time: NaN, infinities, and times no calendar has.
        init?(seconds: Double) {
            guard seconds.magnitude < 1e15 else { return nil }
            let whole = Int64(seconds)
            let days = (whole - Moment.wrapped(whole, 86_400)) / 86_400
            secondOfDay = Moment.wrapped(whole, 86_400)
            dayOfWeek = Moment.wrapped(days + 4, 7)
            // Counted from 1 March of year 0, so that leap days come last.
            let shifted = days + 719_468
            let era = (shifted - Moment.wrapped(shifted, 146_097)) / 146_097
            let dayOfEra = shifted - era * 146_097
            let yearOfEra =
                (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfMarchYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let marchMonth = (5 * dayOfMarchYear + 2) / 153
            day = dayOfMarchYear - (153 * marchMonth + 2) / 5 + 1
            month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
            year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
            let before = Moment.daysBefore[Int(month - 1)]
            dayOfYear = before + (month > 2 && Moment.isLeap(year) ? 1 : 0) + day
        }

        var daysInMonth: Int64 {
            switch month {
            case 2: Moment.isLeap(year) ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        }

        private static let daysBefore: [Int64] = [
            0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334,
        ]

        private static func isLeap(_ year: Int64) -> Bool {
            year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        }

        private static func wrapped(_ number: Int64, _ divisor: Int64) -> Int64 {
            let rest = number % divisor
            return rest < 0 ? rest + divisor : rest
        }
    }

    /// The part of a moment that the function of this name gives, nil when there is none.
    static func field(_ name: String) -> ((Moment) -> Double)? {
        switch name {
        case "day_of_month": { Double($0.day) }
        case "day_of_week": { Double($0.dayOfWeek) }
        case "day_of_year": { Double($0.dayOfYear) }
        case "days_in_month": { Double($0.daysInMonth) }
        case "hour": { Double($0.secondOfDay / 3600) }
        case "minute": { Double($0.secondOfDay / 60 % 60) }
        case "month": { Double($0.month) }
        case "year": { Double($0.year) }
        default: nil
        }
    }
}
