// Records of comma-separated values (RFC 4180), as they arrive in pieces of any size.

/// Takes bytes, gives records.
struct CSVRecords: Sendable {
    /// The bytes of the record's cells, unquoted, one behind the other.
    private(set) var bytes: [UInt8] = []
    /// Where each cell ends in `bytes`.
    private(set) var ends: [Int] = []
    /// The line on which the record begins, counted from 1.
    private(set) var line = 1
    private var nextLine = 1
    private var state = State.start

    private enum State {
        // At the begin of a cell; inside one; inside quotes; behind a quote in quotes.
        case start, plain, quoted, closed
    }

    /// Cell `index` of the record.
    subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// Takes one byte; true when it ends a record, which is then there until the next byte.
    /// - Throws: what is no CSV, or longer than any record may be.
    mutating func take(_ byte: UInt8) throws(SeriesTextError) -> Bool {
        if state == .start, ends.isEmpty, bytes.isEmpty { line = nextLine }
        if byte == 0x0a { nextLine += 1 }
        switch (state, byte) {
        case (.quoted, UInt8(ascii: "\"")): state = .closed
        case (.quoted, _): bytes.append(byte)
        case (.closed, UInt8(ascii: "\"")):
            bytes.append(byte)
            state = .quoted
        case (_, UInt8(ascii: ",")):
            ends.append(bytes.count)
            state = .start
        case (_, 0x0a): return endRecord()
        case (.start, UInt8(ascii: "\"")): state = .quoted
        case (.closed, 0x0d): state = .closed
        case (.closed, _):
            throw SeriesTextError(line: line, "a closing quote is not followed by a comma")
        default:
            bytes.append(byte)
            state = .plain
        }
        guard bytes.count <= ExpositionParser.lineLimit else {
            throw SeriesTextError(
                line: line,
                "the record is longer than \(ExpositionParser.lineLimit) bytes"
            )
        }
        return false
    }

    /// Ends the last record when the text has no line feed at its end; true when there was one.
    /// - Throws: a quote that nothing closes.
    mutating func finish() throws(SeriesTextError) -> Bool {
        if state == .quoted { throw SeriesTextError(line: line, "a quote is never closed") }
        if state == .start, ends.isEmpty { return false }
        return endRecord()
    }

    /// Forgets the record.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    private mutating func endRecord() -> Bool {
        if state == .plain, bytes.last == 0x0d { bytes.removeLast() }
        ends.append(bytes.count)
        state = .start
        return true
    }
}
