// Integers and floats; dates begin with digits too and are told apart here.

extension TOMLParser {
    mutating func numberOrDate() throws(TOMLError) -> TOMLValue {
        if looksLikeDate || looksLikeTime { return .dateTime(try dateTime()) }
        let start = at
        while let byte, TOMLParser.isNumberByte(byte) { at += 1 }
        let token = Array(bytes[start..<at])
        let place = position(start)
        var digits = token[...]
        let sign = digits.first
        let signed = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
        if signed { digits = digits.dropFirst() }
        let negative = sign == UInt8(ascii: "-")
        if digits.elementsEqual("inf".utf8) { return .float(negative ? -.infinity : .infinity) }
        if digits.elementsEqual("nan".utf8) { return .float(.nan) }
        guard let first = digits.first, TOMLParser.digit(first, radix: 10) != nil else {
            throw bad(token, "use digits, inf or nan; a text needs \"quotes\"", place)
        }
        if first == UInt8(ascii: "0"), let radix = radix(digits) {
            if signed { throw bad(token, "0x, 0o and 0b numbers have no sign", place) }
            return .integer(
                try integer(digits.dropFirst(2), radix, negative: false, token, place)
            )
        }
        let float = digits.contains {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E")
        }
        if float { return .float(try self.float(digits, negative, token, place)) }
        if digits.count > 1, first == UInt8(ascii: "0") {
            throw bad(token, "no leading zeros; an octal number begins with 0o", place)
        }
        return .integer(try integer(digits, 10, negative: negative, token, place))
    }

    // What a number is made of, and what would be run together with it by mistake.
    private static func isNumberByte(_ byte: UInt8) -> Bool {
        isBareKey(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: ":")
    }

    private func radix(_ digits: ArraySlice<UInt8>) -> UInt8? {
        switch digits.dropFirst().first {
        case UInt8(ascii: "x"): 16
        case UInt8(ascii: "o"): 8
        case UInt8(ascii: "b"): 2
        default: nil
        }
    }

    private func integer(
        _ digits: ArraySlice<UInt8>,
        _ radix: UInt8,
        negative: Bool,
        _ token: [UInt8],
        _ place: TOMLPosition
    ) throws(TOMLError) -> Int64 {
        let plain = try withoutUnderscores(digits, radix, token, place)
        // Built downwards, so that the lowest number needs no special case.
        var number: Int64 = 0
        for byte in plain {
            let digit = Int64(TOMLParser.digit(byte, radix: radix) ?? 0)
            let (scaled, overflow) = number.multipliedReportingOverflow(by: Int64(radix))
            let (next, borrow) = scaled.subtractingReportingOverflow(digit)
            if overflow || borrow {
                throw TOMLError(.integerRange(String(decoding: token, as: UTF8.self)), at: place)
            }
            number = next
        }
        if negative { return number }
        let (positive, overflow) = Int64(0).subtractingReportingOverflow(number)
        if overflow {
            throw TOMLError(.integerRange(String(decoding: token, as: UTF8.self)), at: place)
        }
        return positive
    }

    private func float(
        _ text: ArraySlice<UInt8>,
        _ negative: Bool,
        _ token: [UInt8],
        _ place: TOMLPosition
    ) throws(TOMLError) -> Double {
        var rest = text
        var plain: [UInt8] = negative ? [UInt8(ascii: "-")] : []
        let whole = rest.prefix {
            $0 == UInt8(ascii: "_") || TOMLParser.digit($0, radix: 10) != nil
        }
        if whole.count > 1, whole.first == UInt8(ascii: "0") {
            throw bad(token, "no leading zeros", place)
        }
        plain += try withoutUnderscores(whole, 10, token, place)
        rest = rest.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix {
                $0 == UInt8(ascii: "_") || TOMLParser.digit($0, radix: 10) != nil
            }
            plain.append(UInt8(ascii: "."))
            plain += try withoutUnderscores(fraction, 10, token, place)
            rest = rest.dropFirst(1 + fraction.count)
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            plain.append(UInt8(ascii: "e"))
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                plain.append(sign)
                rest = rest.dropFirst()
            }
            plain += try withoutUnderscores(rest, 10, token, place)
            rest = []
        }
        guard rest.isEmpty, let number = Double(String(decoding: plain, as: UTF8.self)) else {
            throw bad(token, "a float is digits, then .digits, then an exponent", place)
        }
        return number
    }

    // Only digits, at least one; an underscore only between two of them.
    private func withoutUnderscores(
        _ text: ArraySlice<UInt8>,
        _ radix: UInt8,
        _ token: [UInt8],
        _ place: TOMLPosition
    ) throws(TOMLError) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(text.count)
        var afterDigit = false
        for byte in text {
            if byte == UInt8(ascii: "_") {
                guard afterDigit else {
                    throw bad(token, "an underscore stands between two digits", place)
                }
                afterDigit = false
            } else if TOMLParser.digit(byte, radix: radix) != nil {
                plain.append(byte)
                afterDigit = true
            } else {
                let found = byte < 0x20 ? "?" : String(UnicodeScalar(byte))
                throw bad(token, "'\(found)' is no digit here; a text needs \"quotes\"", place)
            }
        }
        guard afterDigit else {
            throw bad(
                token,
                text.isEmpty ? "a digit is missing" : "it ends in an underscore",
                place
            )
        }
        return plain
    }

    private func bad(_ token: [UInt8], _ why: String, _ place: TOMLPosition) -> TOMLError {
        TOMLError(.badNumber(String(decoding: token, as: UTF8.self), why: why), at: place)
    }
}
