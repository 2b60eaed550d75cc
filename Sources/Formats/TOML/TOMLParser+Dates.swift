// Dates and times: RFC 3339, section 5.6, without its leap second table.

extension TOMLParser {
    /// Whether `1979-` stands here.
    var looksLikeDate: Bool { (0..<4).allSatisfy(isDigit) && peek(4) == UInt8(ascii: "-") }

    /// Whether `07:` stands here.
    var looksLikeTime: Bool { isDigit(0) && isDigit(1) && peek(2) == UInt8(ascii: ":") }

    mutating func dateTime() throws(TOMLError) -> TOMLDateTime {
        let start = at
        guard looksLikeDate else {
            let time = try time(start)
            try endDate(start)
            return TOMLDateTime(date: nil, time: time, offsetMinutes: nil)
        }
        let date = try date(start)
        guard try dateGoesOn(start) else {
            try endDate(start)
            return TOMLDateTime(date: date, time: nil, offsetMinutes: nil)
        }
        let time = try time(start)
        let offset = try offset(start)
        try endDate(start)
        return TOMLDateTime(date: date, time: time, offsetMinutes: offset)
    }

    private func isDigit(_ distance: Int) -> Bool {
        peek(distance).map { TOMLParser.digit($0, radix: 10) != nil } ?? false
    }

    // After the date: a T, or a space if a time follows it.
    private mutating func dateGoesOn(_ start: Int) throws(TOMLError) -> Bool {
        switch byte {
        case UInt8(ascii: "T"), UInt8(ascii: "t"):
            at += 1
            return true
        case 0x20 where isDigit(1):
            at += 1
            return true
        default:
            return false
        }
    }

    private mutating func date(_ start: Int) throws(TOMLError) -> TOMLDateTime.Date {
        let year = try number(4, start)
        try mark(UInt8(ascii: "-"), start)
        let month = try number(2, start)
        try mark(UInt8(ascii: "-"), start)
        let day = try number(2, start)
        guard 1...12 ~= month else { throw badDate(start, "there is no month \(month)") }
        guard 1...TOMLDateTime.daysIn(month: month, of: year) ~= day else {
            throw badDate(start, "month \(month) of \(year) has no day \(day)")
        }
        return TOMLDateTime.Date(year: year, month: month, day: day)
    }

    private mutating func time(_ start: Int) throws(TOMLError) -> TOMLDateTime.Time {
        let hour = try number(2, start)
        try mark(UInt8(ascii: ":"), start)
        let minute = try number(2, start)
        try mark(UInt8(ascii: ":"), start)
        let second = try number(2, start)
        guard hour < 24, minute < 60, second < 61 else {
            throw badDate(start, "hours go to 23, minutes and seconds to 59")
        }
        var nanosecond = 0
        if byte == UInt8(ascii: ".") {
            at += 1
            guard isDigit(0) else { throw badDate(start, "digits are missing after the dot") }
            var weight = 100_000_000
            while let byte, let digit = TOMLParser.digit(byte, radix: 10) {
                nanosecond += Int(digit) * weight
                weight /= 10
                at += 1
            }
        }
        return TOMLDateTime.Time(
            hour: hour,
            minute: minute,
            second: second,
            nanosecond: nanosecond
        )
    }

    private mutating func offset(_ start: Int) throws(TOMLError) -> Int? {
        switch byte {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            at += 1
            return 0
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            let negative = byte == UInt8(ascii: "-")
            at += 1
            let hours = try number(2, start)
            try mark(UInt8(ascii: ":"), start)
            let minutes = try number(2, start)
            guard hours < 24, minutes < 60 else {
                throw badDate(start, "an offset goes to 23:59")
            }
            return (hours * 60 + minutes) * (negative ? -1 : 1)
        default:
            return nil
        }
    }

    private mutating func number(_ digits: Int, _ start: Int) throws(TOMLError) -> Int {
        var number = 0
        for _ in 0..<digits {
            guard let byte, let digit = TOMLParser.digit(byte, radix: 10) else {
                throw badDate(start, "it is written 1979-05-27T07:32:00Z, two digits each")
            }
            number = number * 10 + Int(digit)
            at += 1
        }
        return number
    }

    private mutating func mark(_ wanted: UInt8, _ start: Int) throws(TOMLError) {
        guard byte == wanted else {
            throw badDate(start, "it is written 1979-05-27T07:32:00Z, two digits each")
        }
        at += 1
    }

    // Nothing that belongs to a word or number may follow directly.
    private mutating func endDate(_ start: Int) throws(TOMLError) {
        guard let byte else { return }
        if TOMLParser.isBareKey(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: "+")
        {
            throw badDate(start, "something follows it that does not belong there")
        }
    }

    private mutating func badDate(_ start: Int, _ why: String) -> TOMLError {
        var end = start
        while end < bytes.count, end - start < 40 {
            let byte = bytes[end]
            let belongs =
                TOMLParser.isBareKey(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "+") || byte == 0x20 && end < at
            if !belongs { break }
            end += 1
        }
        return TOMLError(
            .badDateTime(String(decoding: bytes[start..<end], as: UTF8.self), why: why),
            at: position(start)
        )
    }
}
