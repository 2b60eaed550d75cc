// How a batch's values are written against what the stream brought before: Store.docc/write-ahead-log.md
import Codec

/// What the coder knows of one place in a stream's list: 16 bytes, the same in writer and reader.
struct ValueState {
    /// Kinds of `kind` beside the scales 0 to `ValueCoding.largestScale`.
    static let raw: UInt8 = 0xfe
    static let none: UInt8 = 0xff

    /// The last value: as a whole number of 1 / 10^kind, or as its bits.
    var word: UInt64 = 0
    /// 16 times the usual length of a step in bits, 0 before the first one; of a raw value the
    /// leading zeros of the window, plus 1.
    var spread: UInt16 = 0
    /// A scale, `raw`, or `none` when nothing came since the key.
    var kind = ValueState.none
    /// How many more steps are written with a bit of their own for "the same".
    var zeros: UInt8 = 1
}

/// Codes columns of values as bits: each against the last one of its place since the key.
///
/// Numbers that are short decimals take the difference of their digits in a Rice code whose
/// parameter follows the place's steps; all others take the XOR of their bits. Exact for every bit
/// pattern: a number is written as a decimal only where the reader's division gives back its bits.
enum ValueCoding {
    /// Decimals have at most this many digits behind the point.
    static let largestScale = 12
    // A longer unary part is cut off, and the step stated by its length.
    private static let unaryLimit = 12
    private static let zeroRun: UInt8 = 4
    /// The most bytes that one value takes: 1 + 13 + 3 + 64 bits.
    static let maxValueBytes = 11

    /// Appends the values, but for those of verdict `.dropped`, as whole bytes.
    ///
    /// - Parameters:
    ///   - values: one a place.
    ///   - verdicts: one a place; empty where none is dropped.
    ///   - states: one a place; moved on.
    ///   - bytes: grows.
    static func encode(
        _ values: [Double],
        _ verdicts: [SampleVerdict],
        _ states: inout [ValueState],
        into bytes: inout [UInt8]
    ) {
        precondition(values.count == states.count, "BUG: columns of different length")
        bytes.append(addingCapacity: values.count * maxValueBytes + 8) { output in
            var bits = BitOutput()
            let values = values.span
            let verdicts = verdicts.span
            var states = states.mutableSpan
            for place in values.indices where verdicts.isEmpty || verdicts[place] != .dropped {
                append(values[place], &states[place], &bits, &output)
            }
            bits.finish(&output)
        }
    }

    @inline(__always)
    private static func append(
        _ value: Double,
        _ state: inout ValueState,
        _ bits: inout BitOutput,
        _ output: inout OutputSpan<UInt8>
    ) {
        if state.kind <= largestScale {
            guard let number = scaled(value, Int(state.kind)) else {
                if state.zeros > 0 { bits.put(0, 1, &output) }
                bits.put(0, unaryLimit + 1, &output)
                return appendFresh(value, &state, &bits, &output)
            }
            let step = Varint.zigzag(number &- Int64(bitPattern: state.word))
            state.word = UInt64(bitPattern: number)
            appendStep(step, &state, &bits, &output)
        } else if state.kind == ValueState.raw {
            appendRaw(value, &state, &bits, &output)
        } else {
            appendFresh(value, &state, &bits, &output)
        }
    }

    @inline(__always)
    private static func appendStep(
        _ step: UInt64,
        _ state: inout ValueState,
        _ bits: inout BitOutput,
        _ output: inout OutputSpan<UInt8>
    ) {
        if state.zeros > 0 {
            bits.put(step == 0 ? 1 : 0, 1, &output)
            if step == 0 {
                state.zeros = zeroRun
                return
            }
            if state.spread == 0 {
                let length = bitLength(step)
                bits.put(UInt64(length), 6, &output)
                bits.put(step & ~(1 << UInt64(length - 1)), length - 1, &output)
                state.note(length)
                return
            }
            appendRice(step - 1, state.riceBits, &bits, &output)
            state.note(bitLength(step))
            return
        }
        appendRice(step, state.riceBits, &bits, &output)
        if step == 0 { state.zeros = zeroRun } else { state.note(bitLength(step)) }
    }

    @inline(__always)
    private static func appendRice(
        _ number: UInt64,
        _ low: Int,
        _ bits: inout BitOutput,
        _ output: inout OutputSpan<UInt8>
    ) {
        let quotient = number >> UInt64(low)
        if quotient < unaryLimit {
            bits.put(1 << quotient, Int(quotient) + 1, &output)
            bits.put(number & (1 << UInt64(low) - 1), low, &output)
        } else {
            let length = bitLength(number)
            let head = 1 << UInt64(unaryLimit) | UInt64(length) << UInt64(unaryLimit + 1)
            bits.put(head, unaryLimit + 7, &output)
            bits.put(number & ~(1 << UInt64(length - 1)), length - 1, &output)
        }
    }

    private static func appendFresh(
        _ value: Double,
        _ state: inout ValueState,
        _ bits: inout BitOutput,
        _ output: inout OutputSpan<UInt8>
    ) {
        state = ValueState()
        guard let (scale, number) = decimal(value) else {
            bits.put(0, 3, &output)
            bits.put(value.bitPattern, 64, &output)
            state.word = value.bitPattern
            state.kind = ValueState.raw
            return
        }
        state.word = UInt64(bitPattern: number)
        state.kind = UInt8(scale)
        let digits = Varint.zigzag(number)
        if digits == 0 { return bits.put(1, 1, &output) }
        if scale == 0 {
            bits.put(0b10, 2, &output)
        } else {
            bits.put(0b100 | UInt64(scale) << 3, 7, &output)
        }
        let length = bitLength(digits)
        bits.put(UInt64(length), 6, &output)
        bits.put(digits & ~(1 << UInt64(length - 1)), length - 1, &output)
    }

    private static func appendRaw(
        _ value: Double,
        _ state: inout ValueState,
        _ bits: inout BitOutput,
        _ output: inout OutputSpan<UInt8>
    ) {
        let changed = value.bitPattern ^ state.word
        if changed == 0 { return bits.put(1, 1, &output) }
        let zeros = changed.leadingZeroBitCount
        // What became a short decimal again (after a stale marker, say) is cheaper as one.
        if zeros < 24, decimal(value) != nil {
            bits.put(0, 3, &output)
            return appendFresh(value, &state, &bits, &output)
        }
        state.word = value.bitPattern
        let window = Int(state.spread) - 1
        if window >= 0, zeros >= window, zeros < window + 5 {
            bits.put(0b10, 2, &output)
            bits.put(changed, 64 - window, &output)
        } else {
            bits.put(0b100 | UInt64(zeros) << 3, 9, &output)
            bits.put(changed, 64 - zeros, &output)
            state.spread = UInt16(zeros + 1)
        }
    }

    /// Reads one value a place, but for places that are not `present`.
    ///
    /// - Parameters:
    ///   - cursor: moved behind the values.
    ///   - bytes: what `encode` wrote, and maybe more behind.
    ///   - present: one a place; empty where all are.
    ///   - states: one a place; moved on.
    ///   - values: grows by one a place that is present.
    /// - Throws: `CodecError` when the bytes end early or hold what the coder does not write.
    static func decode(
        _ cursor: inout ByteCursor,
        _ bytes: Span<UInt8>,
        _ present: [Bool],
        _ states: inout [ValueState],
        _ values: inout [Double]
    ) throws(CodecError) {
        var bits = BitInput(at: cursor.offset)
        let present = present.span
        var states = states.mutableSpan
        for place in states.indices where present.isEmpty || present[place] {
            let value = read(&states[place], &bits, bytes)
            guard let value, bits.isInside(bytes) else {
                throw .malformed(atByte: bits.byteOffset, what: "a value that ends nowhere")
            }
            values.append(value)
        }
        cursor.offset = bits.byteOffset
    }

    @inline(__always)
    private static func read(
        _ state: inout ValueState,
        _ bits: inout BitInput,
        _ bytes: Span<UInt8>
    ) -> Double? {
        if state.kind <= largestScale {
            if state.zeros > 0, bits.take(bytes, 1) == 1 {
                state.zeros = zeroRun
                return number(state)
            }
            return readStep(&state, &bits, bytes)
        }
        return state.kind == ValueState.raw
            ? readRaw(&state, &bits, bytes) : readFresh(&state, &bits, bytes)
    }

    @inline(__always)
    private static func readStep(
        _ state: inout ValueState,
        _ bits: inout BitInput,
        _ bytes: Span<UInt8>
    ) -> Double? {
        let isFlagged = state.zeros > 0
        var step: UInt64
        if isFlagged, state.spread == 0 {
            // No length is 0: that is where the escape begins.
            if bits.peek(bytes, 6) == 0 {
                bits.skip(unaryLimit + 1)
                return readFresh(&state, &bits, bytes)
            }
            step = bits.takeLengthAndBits(bytes)
        } else {
            let word = bits.peek(bytes, unaryLimit + 1)
            guard word != 0 else {
                bits.skip(unaryLimit + 1)
                return readFresh(&state, &bits, bytes)
            }
            let quotient = word.trailingZeroBitCount
            bits.skip(quotient + 1)
            if quotient < unaryLimit {
                step = UInt64(quotient) << UInt64(state.riceBits) | bits.take(bytes, state.riceBits)
            } else {
                step = bits.takeLengthAndBits(bytes)
            }
            if isFlagged { step &+= 1 }
        }
        if step == 0 { state.zeros = zeroRun } else { state.note(bitLength(step)) }
        state.word = state.word &+ UInt64(bitPattern: Varint.unzigzag(step))
        return number(state)
    }

    private static func readFresh(
        _ state: inout ValueState,
        _ bits: inout BitInput,
        _ bytes: Span<UInt8>
    ) -> Double? {
        state = ValueState()
        let head = bits.peek(bytes, 3)
        guard head != 0 else {
            bits.skip(3)
            state.word = bits.take64(bytes)
            state.kind = ValueState.raw
            return Double(bitPattern: state.word)
        }
        bits.skip(head.trailingZeroBitCount + 1)
        state.kind = head & 7 == 4 ? UInt8(bits.take(bytes, 4)) : 0
        guard state.kind <= largestScale else { return nil }
        if head & 1 == 0 {
            state.word = UInt64(bitPattern: Varint.unzigzag(bits.takeLengthAndBits(bytes)))
        }
        return number(state)
    }

    private static func readRaw(
        _ state: inout ValueState,
        _ bits: inout BitInput,
        _ bytes: Span<UInt8>
    ) -> Double? {
        let head = bits.peek(bytes, 3)
        guard head != 0 else {
            bits.skip(3)
            return readFresh(&state, &bits, bytes)
        }
        bits.skip(head.trailingZeroBitCount + 1)
        if head & 1 == 0 {
            if head & 3 == 0 { state.spread = UInt16(bits.take(bytes, 6)) + 1 }
            guard state.spread > 0 else { return nil }
            let length = 65 - Int(state.spread)
            state.word ^= length == 64 ? bits.take64(bytes) : bits.take(bytes, length)
        }
        return Double(bitPattern: state.word)
    }

    @inline(__always)
    private static func bitLength(_ number: UInt64) -> Int { 64 - number.leadingZeroBitCount }

    @inline(__always)
    private static func number(_ state: ValueState) -> Double {
        let number = Double(Int64(bitPattern: state.word))
        return state.kind == 0 ? number : number / power(Int(state.kind))
    }

    @inline(__always)
    private static func power(_ scale: Int) -> Double {
        switch scale {
        case 1: 10
        case 2: 100
        case 3: 1e3
        case 4: 1e4
        case 5: 1e5
        case 6: 1e6
        case 7: 1e7
        case 8: 1e8
        case 9: 1e9
        case 10: 1e10
        case 11: 1e11
        case 12: 1e12
        default: 1
        }
    }

    // The value as k / 10^scale, only where that division gives back the same bits: never for -0.0,
    // NaN and infinities.
    @inline(__always)
    private static func scaled(_ value: Double, _ scale: Int) -> Int64? {
        let product = scale == 0 ? value : value * power(scale)
        guard product.magnitude < 9_007_199_254_740_992 else { return nil }
        if scale == 0 {
            let number = Int64(product)
            return Double(number).bitPattern == value.bitPattern ? number : nil
        }
        let number = Int64(product + (product < 0 ? -0.5 : 0.5))
        return (Double(number) / power(scale)).bitPattern == value.bitPattern ? number : nil
    }

    // The smallest scale at which the value is exact. What is exact at one scale is so at every larger
    // one in range, so that noise is turned away by one test at the largest.
    private static func decimal(_ value: Double) -> (scale: Int, number: Int64)? {
        if let number = scaled(value, 0) { return (0, number) }
        var largest = largestScale
        while largest > 0, value.magnitude * power(largest) >= 4_503_599_627_370_496 {
            largest -= 1
        }
        guard largest > 0, scaled(value, largest) != nil else { return nil }
        for scale in 1...largest {
            if let number = scaled(value, scale) { return (scale, number) }
        }
        return nil
    }
}

extension ValueState {
    /// The parameter of the Rice code.
    @inline(__always)
    fileprivate var riceBits: Int { max(0, (Int(spread) + 8) >> 4 - 1) }

    /// Learns from a step of this many bits.
    @inline(__always)
    fileprivate mutating func note(_ length: Int) {
        zeros = zeros > 0 ? zeros - 1 : 0
        let usual = Int(spread)
        spread = UInt16(usual == 0 ? 16 * length : usual + (16 * length - usual) >> 2)
    }
}
