// The way back to values, from bytes that may be anything.

extension ColumnarValues {
    /// Decodes the values from the cursor, which is in `payload`, whose first byte is `head`.
    /// - Throws: `CodecError`.
    @inline(__always)
    static func read(
        _ cursor: inout ColumnCursor,
        _ payload: Span<UInt8>,
        _ head: UInt8,
        _ target: UnsafeMutablePointer<Double>,
        _ count: Int
    ) throws(CodecError) {
        let layout = head &>> ColumnarLayout.valuesShift & 7
        switch layout {
        case ColumnarLayout.constantInteger:
            let value = Decimal.double(Varint.unzigzag(try cursor.varint()))
            // SAFETY: the caller's memory for `count` values.
            unsafe target.update(repeating: value, count: count)
        case ColumnarLayout.integers:
            try unsafe readIntegers(&cursor, target, count)
        case ColumnarLayout.constantDecimal, ColumnarLayout.constantBits:
            let value = try readConstant(&cursor, layout)
            unsafe target.update(repeating: value, count: count)
        case ColumnarLayout.xor:
            try unsafe XorStream.read(&cursor, payload, target, count)
        case ColumnarLayout.raw:
            guard cursor.remaining / 8 >= count else { throw cursor.truncated(count &* 8) }
            for index in 0..<count {
                unsafe target[index] = Double(bitPattern: try cursor.u64())
            }
        default: throw cursor.malformed("values of layout \(layout)")
        }
        if head & ColumnarLayout.exceptionsFlag != 0 {
            try unsafe readExceptions(&cursor, target, count)
        }
    }

    private static func readConstant(
        _ cursor: inout ColumnCursor,
        _ layout: UInt8
    ) throws(CodecError) -> Double {
        if layout == ColumnarLayout.constantBits {
            return Double(bitPattern: try cursor.u64())
        }
        let byte = try cursor.u8()
        let exponent = Int(byte & 15)
        let form = byte &>> 4
        if form == Decimal.bits {
            guard 1...7 ~= exponent else { throw cursor.malformed("the special value \(exponent)") }
            return Double(bitPattern: ColumnarLayout.specials[exponent])
        }
        guard form <= Decimal.thousandths else {
            throw cursor.malformed("decimals of form \(form)")
        }
        let integer = Varint.unzigzag(try cursor.varint())
        return Decimal(form: form, exponent: exponent).value(integer)
    }

    @inline(__always)
    private static func readIntegers(
        _ cursor: inout ColumnCursor,
        _ target: UnsafeMutablePointer<Double>,
        _ count: Int
    ) throws(CodecError) {
        let head = try cursor.u8()
        guard head < 0x80 else { throw cursor.malformed("integers of layout \(head)") }
        let form = head &>> 4 & 3
        let exponent = Int(head & 15)
        let divisor = head & 0x40 == 0 ? 1 : Int64(bitPattern: try cursor.varint())
        let first = Varint.unzigzag(try cursor.varint())
        let decimal = Decimal(form: form, exponent: exponent)
        var reader = IntegerColumn.Reader()
        var start = 0
        while start < count {
            let length = min(ColumnarLayout.blockCount, count &- start)
            // SAFETY: the caller's memory for `count` values; integers become values in place.
            let block = unsafe target + start
            let words = unsafe UnsafeMutableRawPointer(block).assumingMemoryBound(to: UInt64.self)
            if try unsafe reader.next(&cursor, words, length) {
                let integer = Int64(bitPattern: unsafe words[0]) &* divisor &+ first
                unsafe block.update(repeating: decimal.value(integer), count: length)
            } else {
                unsafe convert(words, length, divisor, first, decimal)
            }
            start &+= length
        }
    }

    // Each form has its own loop, so that each becomes vector code.
    @inline(__always)
    private static func convert(
        _ words: UnsafeMutablePointer<UInt64>,
        _ count: Int,
        _ divisor: Int64,
        _ first: Int64,
        _ decimal: Decimal
    ) {
        let power = Decimal.powers[decimal.exponent]
        let inverse = Decimal.inverses[decimal.exponent]
        switch decimal.form {
        case Decimal.bits:
            unsafe convert(words, count, divisor, first) { UInt64(bitPattern: $0) }
        case Decimal.divided where decimal.exponent == 0:
            unsafe convert(words, count, divisor, first) { Decimal.double($0).bitPattern }
        case Decimal.divided:
            unsafe convert(words, count, divisor, first) {
                (Decimal.double($0) / power).bitPattern
            }
        case Decimal.multiplied:
            unsafe convert(words, count, divisor, first) {
                (Decimal.double($0) * inverse).bitPattern
            }
        default:
            unsafe convert(words, count, divisor, first) {
                (Decimal.double($0) / 1000 / 1000).bitPattern
            }
        }
    }

    @inline(__always)
    private static func convert(
        _ words: UnsafeMutablePointer<UInt64>,
        _ count: Int,
        _ divisor: Int64,
        _ first: Int64,
        _ pattern: (Int64) -> UInt64
    ) {
        // SAFETY: the caller's memory for `count` words.
        if divisor == 1 {
            for index in 0..<count {
                unsafe words[index] = pattern(Int64(bitPattern: words[index]) &+ first)
            }
        } else {
            for index in 0..<count {
                unsafe words[index] =
                    pattern(Int64(bitPattern: words[index]) &* divisor &+ first)
            }
        }
    }

    @inline(never)
    private static func readExceptions(
        _ cursor: inout ColumnCursor,
        _ target: UnsafeMutablePointer<Double>,
        _ count: Int
    ) throws(CodecError) {
        let exceptions = try cursor.varint()
        guard exceptions <= UInt64(count) else {
            throw cursor.malformed("\(exceptions) exceptions among \(count) values")
        }
        var place = 0
        for _ in 0..<exceptions {
            let field = try cursor.varint()
            let distance = field &>> 3
            guard distance < UInt64(count &- place) else {
                throw cursor.malformed("an exception behind \(count) values")
            }
            place &+= Int(distance)
            let code = Int(field & 7)
            let pattern = code == 0 ? try cursor.u64() : ColumnarLayout.specials[code]
            // SAFETY: just compared with `count`.
            unsafe target[place] = Double(bitPattern: pattern)
            place &+= 1
        }
    }
}
