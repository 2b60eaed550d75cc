// Doubles that are a short decimal number, as an integer and how to come back from it, bit for bit.

/// One way to make a double from an integer below 2^51.
///
/// Exporters compute what they print: seconds from milliseconds as `ms / 1000` or `ms * 0.001`, from
/// microseconds as `us / 1000 / 1000`. The results differ in the last bit, so each has its form.
struct Decimal: Equatable {
    static let divided: UInt8 = 0  // integer / 10^exponent
    static let multiplied: UInt8 = 1  // integer * 10^-exponent
    static let thousandths: UInt8 = 2  // integer / 1000 / 1000
    static let bits: UInt8 = 3  // the integer is the double's bit pattern

    static let largestExponent = 15

    var form: UInt8
    var exponent: Int

    static let powers: [16 of Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
    static let inverses: [16 of Double] = [
        1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13,
        1e-14, 1e-15,
    ]

    // 1.5 * 2^52: adding it rounds a number below 2^51 to an integer, which is then the low bits of
    // the sum. Plain additions, unlike conversions, become vector code on every processor.
    static let rounder = 0x1.8p52
    static let rounderBits = Int64(bitPattern: rounder.bitPattern)
    static let limit = 0x1p51

    /// The double of an integer; garbage, but no trap, beyond 2^51.
    @inline(__always)
    static func double(_ integer: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: integer &+ rounderBits)) - rounder
    }

    /// The double that `integer`, a whole number, stands for in this form.
    @inline(__always)
    static func value(
        _ integer: Double,
        _ form: UInt8,
        _ power: Double,
        _ inverse: Double
    )
        -> Double
    {
        switch form {
        case divided: integer / power
        case multiplied: integer * inverse
        default: integer / 1000 / 1000
        }
    }

    /// The integer from which `value` comes back bit for bit in this form.
    @inline(__always)
    static func integer(
        _ value: Double,
        _ form: UInt8,
        _ power: Double,
        _ inverse: Double,
        _ isExact: inout Bool
    ) -> Int64 {
        let scaled = value * power
        let sum = scaled + rounder
        let back = Decimal.value(sum - rounder, form, power, inverse)
        // The first compare is false for NaN, too; the second tells -0.0 from 0.
        isExact = abs(scaled) < limit && back.bitPattern == value.bitPattern
        return Int64(bitPattern: sum.bitPattern) &- rounderBits
    }

    /// The integer of one value in this form.
    func integer(_ value: Double) -> Int64? {
        var isExact = false
        let integer = Decimal.integer(
            value,
            form,
            Decimal.powers[exponent],
            Decimal.inverses[exponent],
            &isExact
        )
        return isExact ? integer : nil
    }

    /// The integers of `count` values in this form, as far as they have one.
    ///
    /// - Returns: whether every value has its integer.
    func integers(
        _ values: UnsafePointer<Double>,
        _ integers: UnsafeMutablePointer<Int64>,
        _ count: Int
    ) -> Bool {
        let power = Decimal.powers[exponent]
        let inverse = Decimal.inverses[exponent]
        // A loop for each form, so that each becomes vector code.
        return switch form {
        case Decimal.divided where exponent == 0:
            unsafe Decimal.integers(values, integers, count, 1) { $0 }
        case Decimal.divided:
            unsafe Decimal.integers(values, integers, count, power) { $0 / power }
        case Decimal.multiplied:
            unsafe Decimal.integers(values, integers, count, power) { $0 * inverse }
        default:
            unsafe Decimal.integers(values, integers, count, power) { $0 / 1000 / 1000 }
        }
    }

    @inline(__always)
    private static func integers(
        _ values: UnsafePointer<Double>,
        _ integers: UnsafeMutablePointer<Int64>,
        _ count: Int,
        _ power: Double,
        _ value: (Double) -> Double
    ) -> Bool {
        var different: UInt64 = 0
        for index in 0..<count {
            // SAFETY: the caller's columns of `count` elements.
            let wanted = unsafe values[index]
            let scaled = wanted * power
            let sum = scaled + rounder
            let isSmall = abs(scaled) < limit  // false for NaN, too
            different |= (value(sum - rounder).bitPattern ^ wanted.bitPattern) | (isSmall ? 0 : 1)
            unsafe integers[index] = Int64(bitPattern: sum.bitPattern) &- rounderBits
        }
        return different == 0
    }

    /// The integer nearest to `value`, which must be below 2^51.
    @inline(__always)
    static func nearest(_ value: Double) -> Int64 {
        Int64(bitPattern: (value + rounder).bitPattern) &- rounderBits
    }

    /// The value of one integer in this form.
    func value(_ integer: Int64) -> Double {
        if form == Decimal.bits { return Double(bitPattern: UInt64(bitPattern: integer)) }
        return Decimal.value(
            Decimal.double(integer),
            form,
            Decimal.powers[exponent],
            Decimal.inverses[exponent]
        )
    }

    /// The form with which most of a sample of the values comes back, and with the fewest digits.
    ///
    /// Nil when more than an eighth of the sample has none.
    static func fitting(_ values: UnsafePointer<Double>, _ count: Int) -> Decimal? {
        let stride = max(1, count / 32)
        let allowed = count / stride / 8 &+ 1
        var best: Decimal?
        var fewest = Int.max
        for form in [divided, multiplied, thousandths] {
            var exponent = form == thousandths ? 6 : 0
            let last = form == thousandths ? 6 : largestExponent
            var misses = 0
            var index = 0
            while index < count, misses <= allowed {
                // SAFETY: the caller's column.
                let value = unsafe values[index]
                if value.isFinite {
                    var tried = exponent
                    while tried <= last, Decimal(form: form, exponent: tried).integer(value) == nil
                    {
                        tried &+= 1
                    }
                    if tried <= last { exponent = tried } else { misses &+= 1 }
                }
                index &+= stride
            }
            if misses > allowed { continue }
            if misses < fewest || misses == fewest && exponent < best?.exponent ?? 99 {
                fewest = misses
                best = Decimal(form: form, exponent: exponent)
            }
            if form == divided, misses == 0, exponent <= 9 { break }
        }
        return best
    }
}
