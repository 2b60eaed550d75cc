// Reads the text of pseudo-files as bytes: lines, fields, numbers.

/// Steps through the lines of a buffer and the fields of a line.
struct ProcText {
    private let bytes: [UInt8]
    private let path: String
    private var nextLine = 0
    private var offset = 0
    private var end = 0
    private(set) var line = 0

    init(_ file: ProcFile) {
        bytes = file.bytes
        path = file.path
    }

    /// Goes to the next line; false at the end.
    mutating func advance() -> Bool {
        guard nextLine < bytes.count else { return false }
        offset = nextLine
        end = offset
        while end < bytes.count, bytes[end] != 10 { end += 1 }
        nextLine = end + 1
        line += 1
        return true
    }

    /// The next field of the line, between blanks; nil at its end.
    mutating func field() -> ArraySlice<UInt8>? {
        while offset < end, ProcText.isBlank(bytes[offset]) { offset += 1 }
        guard offset < end else { return nil }
        let start = offset
        while offset < end, !ProcText.isBlank(bytes[offset]) { offset += 1 }
        return bytes[start..<offset]
    }

    /// The next field as a number; nil at the end of the line.
    /// - Throws: `.malformed` when there is a field and it is no number.
    mutating func number() throws(HostError) -> UInt64? {
        guard let field = field() else { return nil }
        guard let number = ProcText.number(field) else {
            throw malformed("\"\(String(decoding: field, as: UTF8.self))\" is not a number")
        }
        return number
    }

    /// The rest of the line up to `byte`, which is stepped over; nil when it is not there.
    mutating func upTo(_ byte: UInt8) -> ArraySlice<UInt8>? {
        guard let place = bytes[offset..<end].firstIndex(of: byte) else { return nil }
        defer { offset = place + 1 }
        return bytes[offset..<place]
    }

    /// As `upTo`, up to the last such byte of the line: a network alias such as `eth0:1` has two.
    mutating func upToLast(_ byte: UInt8) -> ArraySlice<UInt8>? {
        guard let place = bytes[offset..<end].lastIndex(of: byte) else { return nil }
        defer { offset = place + 1 }
        return bytes[offset..<place]
    }

    /// What is left of the line.
    var rest: ArraySlice<UInt8> { bytes[offset..<end] }

    func malformed(_ what: String) -> HostError {
        .malformed(path: path, line: line, what: what)
    }

    /// Digits only; nil for anything else and for what does not fit.
    static func number(_ digits: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            let (product, large) = value.multipliedReportingOverflow(by: 10)
            let (sum, larger) = product.addingReportingOverflow(UInt64(digit - 0x30))
            if large || larger { return nil }
            value = sum
            count += 1
        }
        return count > 0 ? value : nil
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
}

extension ArraySlice<UInt8> {
    /// Whether these bytes spell `word`.
    func spells(_ word: StaticString) -> Bool {
        elementsEqual(word.description.utf8)
    }
}
