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
        if value.isFinite, value.bitPattern != 1 &<< 63 { return 0 }
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
        var index = -1
        while index < count &- 1 {
            index &+= 1
            if index & 63 == 0 {
                // Whole blocks at once, as vector code, as long as all of it fits.
                let length = min(64, count &- index)
                // SAFETY: the block is part of both columns.
                if unsafe decimal.integers(values + index, scratch.integers + index, length) {
                    regular &+= length
                    index &+= length &- 1
                    last = unsafe scratch.integers[index]
                    continue
                }
            }
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
        for index in 0..<count { unsafe integers[index] &-= first }
        let divisor =
            decimal.form == Decimal.bits
            ? unsafe powerOfTwo(integers, count) : unsafe greatestDivisor(integers, count)
        let head = decimal.form &<< 4 | UInt8(decimal.exponent)
        writer.u8(divisor > 1 ? head | 1 &<< 6 : head)
        if divisor > 1 { writer.varint(divisor) }
        writer.varint(Varint.zigzag(first))
        if decimal.form == Decimal.bits {
            let shift = Int64(divisor.trailingZeroBitCount)
            for index in 0..<count { unsafe integers[index] &>>= shift }
        } else if divisor > 1 {
            // Below 2^53 a double holds every integer, and its division is faster.
            let divisor = Double(divisor)
            for index in 0..<count {
                unsafe integers[index] = Decimal.nearest(Double(integers[index]) / divisor)
            }
        }
        unsafe IntegerColumn.write(integers, count, scratch.block, to: &writer)
    }

    private static func powerOfTwo(_ integers: UnsafePointer<Int64>, _ count: Int) -> UInt64 {
        var all: Int64 = 0
        // SAFETY: the caller's column.
        for index in 0..<count { all |= unsafe integers[index] }
        return 1 &<< UInt64(min(62, all.trailingZeroBitCount))
    }

    // The greatest common divisor of integers below 2^52; 1 when all are 0.
    private static func greatestDivisor(_ integers: UnsafePointer<Int64>, _ count: Int) -> UInt64 {
        var divisor: UInt64 = 0
        var index = 0
        // SAFETY: the caller's column.
        while index < count, divisor != 1 {
            let rest = divisor == 0 ? 0 : 64
            if rest > 0, unsafe divides(divisor, integers + index, min(rest, count &- index)) {
                index &+= rest
                continue
            }
            let end = min(count, index &+ max(rest, 1))
            while index < end, divisor != 1 {
                var (larger, smaller) = (divisor, unsafe integers[index].magnitude)
                while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
                divisor = larger
                index &+= 1
            }
        }
        return max(1, divisor)
    }

    @inline(__always)
    private static func divides(
        _ divisor: UInt64,
        _ integers: UnsafePointer<Int64>,
        _ count: Int
    ) -> Bool {
        let divisor = Double(divisor)
        var allWhole = true
        for index in 0..<count {
            // SAFETY: the caller's column.
            let integer = Double(unsafe integers[index])
            let quotient = (integer / divisor + Decimal.rounder) - Decimal.rounder
            let isWhole = quotient * divisor == integer
            allWhole = allWhole && isWhole
        }
        return allWhole
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
        // A bit stream takes three times as long to decode: not for a gain of a few bytes.
        let start = writer.count
        let leastBytes = unsafe XorStream.leastBitCount(scratch.integers, count) / 8
        let decimal = Decimal(form: Decimal.bits, exponent: 0)
        // SAFETY: the columns are as long; the array is only used inside its closure.
        return unsafe withUnsafeTemporaryAllocation(of: Int64.self, capacity: count) { memory in
            guard let patterns = memory.baseAddress else {
                preconditionFailure("BUG: an allocation of \(count) words has no address")
            }
            unsafe patterns.update(from: scratch.integers, count: count)
            writeIntegers(decimal, count, scratch, to: &writer)
            let bytes = writer.count &- start
            guard leastBytes &+ leastBytes / 16 < bytes else { return ColumnarLayout.integers }
            return unsafe writeStream(patterns, count, bytes, start, to: &writer)
        }
    }

    // The stream in place of the integers, where it is shorter.
    private static func writeStream(
        _ patterns: UnsafePointer<Int64>,
        _ count: Int,
        _ integerBytes: Int,
        _ start: Int,
        to writer: inout ColumnWriter
    ) -> UInt8 {
        let words = 2 * count + 4
        // SAFETY: a code has at most 77 bits; the array is only used inside its closure.
        return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { memory in
            guard let stream = memory.baseAddress else {
                preconditionFailure("BUG: an allocation of \(words) words has no address")
            }
            let bytes = unsafe XorStream.write(patterns, count, into: stream)
            guard bytes &+ bytes / 16 < integerBytes else { return ColumnarLayout.integers }
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
