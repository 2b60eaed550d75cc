// Values: constant, decimal integers, bit patterns or an XOR stream. Layout:
// Codec.docc/columnar-payload.md, "Values"

/// Encodes the values of a chunk.
enum ColumnarValues {
    /// Writes the values.
    ///
    /// - Returns: how they are coded, for the first byte of the payload.
    static func write(
        _ values: UnsafePointer<Double>,
        _ count: Int,
        _ scratch: ColumnarScratch,
        to writer: inout ColumnWriter
    ) -> UInt8 {
        if unsafe isConstant(values, count) {
            return writeConstant(unsafe values[0], to: &writer) &<< ColumnarLayout.valuesShift
        }
        let start = writer.count
        var exceptions = 0
        var layout = ColumnarLayout.integers
        if let decimal = unsafe integers(values, count, scratch, &exceptions) {
            writeIntegers(decimal, count, scratch, to: &writer)
        } else {
            exceptions = unsafe patterns(values, count, scratch)
            layout = unsafe writePatterns(values, count, exceptions, scratch, to: &writer)
        }
        if exceptions > 0 { unsafe writeExceptions(values, exceptions, scratch, to: &writer) }
        if writer.count &- start > count &* 8 {
            writer.rewind(to: start)
            // SAFETY: the caller's column.
            for index in 0..<count { writer.u64(unsafe values[index].bitPattern) }
            return ColumnarLayout.raw &<< ColumnarLayout.valuesShift
        }
        let flag = exceptions > 0 ? ColumnarLayout.exceptionsFlag : 0
        return layout &<< ColumnarLayout.valuesShift | flag
    }

    private static func isConstant(_ values: UnsafePointer<Double>, _ count: Int) -> Bool {
        // SAFETY: the caller's column of at least one value.
        let first = unsafe values[0].bitPattern
        var start = 1
        while start < count {
            let end = min(count, start &+ 64)
            var different: UInt64 = 0
            for index in start..<end { different |= unsafe values[index].bitPattern ^ first }
            if different != 0 { return false }
            start = end
        }
        return true
    }

    private static func writeConstant(_ value: Double, to writer: inout ColumnWriter) -> UInt8 {
        let special = specialCode(value)
        if special != 0 {
            writer.u8(Decimal.bits &<< 4 | special)
            return ColumnarLayout.constantDecimal
        }
        if let integer = Decimal(form: Decimal.divided, exponent: 0).integer(value) {
            writer.varint(Varint.zigzag(integer))
            return ColumnarLayout.constantInteger
        }
        for form in [Decimal.divided, Decimal.multiplied] {
            for exponent in 1...Decimal.largestExponent {
                if let integer = Decimal(form: form, exponent: exponent).integer(value),
                    Varint.length(of: Varint.zigzag(integer)) < 7
                {
                    writer.u8(form &<< 4 | UInt8(exponent))
                    writer.varint(Varint.zigzag(integer))
                    return ColumnarLayout.constantDecimal
                }
            }
        }
        writer.u64(value.bitPattern)
        return ColumnarLayout.constantBits
    }

    /// The code of a value that has one of its own, or 0.
    private static func specialCode(_ value: Double) -> UInt8 {
        if value.isFinite, value != 0 { return 0 }
        for code in 1..<8 where ColumnarLayout.specials[code] == value.bitPattern {
            return UInt8(code)
        }
        return 0
    }

    // The values as integers of one decimal form; the exceptions get their neighbour's.
    private static func integers(
        _ values: UnsafePointer<Double>,
        _ count: Int,
        _ scratch: ColumnarScratch,
        _ exceptions: inout Int
    ) -> Decimal? {
        guard var decimal = unsafe Decimal.fitting(values, count) else { return nil }
        var largest = false
        repeat {
            switch unsafe attempt(values, count, decimal, scratch, &exceptions) {
            case .fits: return decimal
            case .needs(let exponent):
                largest = exponent == Decimal.largestExponent
                decimal.exponent = exponent
            case .fails: return nil
            }
        } while !largest
        return unsafe attempt(values, count, decimal, scratch, &exceptions) == .fits
            ? decimal : nil
    }

    private enum Attempt: Equatable {
        case fits
        case needs(exponent: Int)
        case fails
    }

    private static func attempt(
        _ values: UnsafePointer<Double>,
        _ count: Int,
        _ decimal: Decimal,
        _ scratch: ColumnarScratch,
        _ exceptions: inout Int
    ) -> Attempt {
        exceptions = 0
        let limit = ColumnarScratch.exceptionLimit(count)
        let power = Decimal.powers[decimal.exponent]
        let inverse = Decimal.inverses[decimal.exponent]
        var last: Int64 = 0
        var regular = 0
        for index in 0..<count {
            // SAFETY: the caller's column; the scratch columns are as long as needed.
            let value = unsafe values[index]
            var isExact = false
            let integer = Decimal.integer(value, decimal.form, power, inverse, &isExact)
            if isExact {
                unsafe scratch.integers[index] = integer
                last = integer
                if regular == 0 {
                    for earlier in 0..<index { unsafe scratch.integers[earlier] = integer }
                }
                regular &+= 1
                continue
            }
            if decimal.form != Decimal.thousandths, specialCode(value) == 0, value.isFinite {
                var exponent = decimal.exponent &+ 1
                let highest = min(decimal.exponent &+ 4, Decimal.largestExponent)
                while exponent <= highest {
                    if Decimal(form: decimal.form, exponent: exponent).integer(value) != nil {
                        return .needs(exponent: exponent)
                    }
                    exponent &+= 1
                }
            }
            if exceptions == limit { return .fails }
            unsafe scratch.integers[index] = last
            unsafe scratch.exceptions[exceptions] = UInt64(index)
            exceptions &+= 1
        }
        return regular > 0 ? .fits : .fails
    }

    private static func writeIntegers(
        _ decimal: Decimal,
        _ count: Int,
        _ scratch: ColumnarScratch,
        to writer: inout ColumnWriter
    ) {
        let integers = unsafe scratch.integers
        // SAFETY: the scratch column holds `count` integers.
        let first = unsafe integers[0]
        var divisor: UInt64 = 0
        if decimal.form == Decimal.bits {
            var all: Int64 = 0
            for index in 0..<count { all |= unsafe integers[index] &- first }
            divisor = 1 &<< UInt64(min(62, all.trailingZeroBitCount))
        } else {
            for index in 0..<count where divisor != 1 {
                divisor = greatestDivisor(divisor, (unsafe integers[index] &- first).magnitude)
            }
        }
        let head = decimal.form &<< 4 | UInt8(decimal.exponent)
        writer.u8(divisor > 1 ? head | 1 &<< 6 : head)
        if divisor > 1 { writer.varint(divisor) }
        writer.varint(Varint.zigzag(first))
        if divisor > 1 {
            let divisor = Int64(divisor)
            for index in 0..<count {
                unsafe integers[index] = (integers[index] &- first) / divisor
            }
        } else {
            for index in 0..<count { unsafe integers[index] &-= first }
        }
        unsafe IntegerColumn.write(integers, count, scratch.block, to: &writer)
    }

    private static func greatestDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (larger, smaller) = (first, second)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }

    // The bit patterns as integers. Values with a code of their own become exceptions, as long as
    // there are few.
    private static func patterns(
        _ values: UnsafePointer<Double>,
        _ count: Int,
        _ scratch: ColumnarScratch
    ) -> Int {
        var exceptions = 0
        let limit = ColumnarScratch.exceptionLimit(count)
        // SAFETY: as in `attempt`.
        var last: Int64?
        for index in 0..<count {
            let value = unsafe values[index]
            if exceptions < limit, specialCode(value) != 0 {
                unsafe scratch.exceptions[exceptions] = UInt64(index)
                unsafe scratch.integers[index] = last ?? 0
                exceptions &+= 1
                continue
            }
            let pattern = Int64(bitPattern: value.bitPattern)
            if last == nil {
                for earlier in 0..<index { unsafe scratch.integers[earlier] = pattern }
            }
            last = pattern
            unsafe scratch.integers[index] = pattern
        }
        return exceptions
    }

    // The patterns as integers or as an XOR stream, whichever is shorter.
    private static func writePatterns(
        _ values: UnsafePointer<Double>,
        _ count: Int,
        _ exceptions: Int,
        _ scratch: ColumnarScratch,
        to writer: inout ColumnWriter
    ) -> UInt8 {
        let words = 2 * count + 4
        // SAFETY: a code has at most 77 bits; each array is only used inside its closure.
        return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { memory in
            guard let stream = memory.baseAddress else {
                preconditionFailure("BUG: an allocation of \(words) words has no address")
            }
            let bytes = unsafe XorStream.write(scratch.integers, count, into: stream)
            let start = writer.count
            let decimal = Decimal(form: Decimal.bits, exponent: 0)
            writeIntegers(decimal, count, scratch, to: &writer)
            // A bit stream takes three times as long to decode: not for a gain of a few bytes.
            guard bytes &+ bytes / 16 < writer.count &- start else {
                return ColumnarLayout.integers
            }
            writer.rewind(to: start)
            unsafe writer.end.copyMemory(from: stream, byteCount: bytes)
            writer.advance(bytes)
            return ColumnarLayout.xor
        }
    }

    private static func writeExceptions(
        _ values: UnsafePointer<Double>,
        _ exceptions: Int,
        _ scratch: ColumnarScratch,
        to writer: inout ColumnWriter
    ) {
        writer.varint(UInt64(exceptions))
        var next: UInt64 = 0
        for exception in 0..<exceptions {
            // SAFETY: the scratch column holds `exceptions` places inside the values.
            let index = unsafe scratch.exceptions[exception]
            let value = unsafe values[Int(index)]
            let code = specialCode(value)
            writer.varint((index &- next) &<< 3 | UInt64(code))
            if code == 0 { writer.u64(value.bitPattern) }
            next = index &+ 1
        }
    }
}
