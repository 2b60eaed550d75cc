// The loop of the Gorilla decoder. Layout: Codec.docc/gorilla-bitstream.md

/// What the decoder knows between two points.
@safe
struct GorillaStage {
    // SAFETY: made by `fill` over memory that outlives it.
    let end: UnsafeRawPointer  // of the payload, which has at least 16 bytes
    let timesEnd: UnsafeMutablePointer<Int64>
    let valuesEnd: UnsafeMutablePointer<Double>
    // Neighbours are not used together: two stores of one word each and a load of both would wait.
    var time: Int64
    var length: UInt64 = 0  // of the window; 0: none yet
    var delta: Int64 = 0
    var position: Int  // in bits, from `end`: below zero as long as there are bits to come
    var value: UInt64
    var index: Int  // from the columns' end: below zero as long as there are points to come
    var wild: UInt64 = 0  // all intervals, less one each
    var shift: UInt64 = 0  // of the window, from the lowest bit

    /// Decodes `count` points, at least 1, from `byteCount` bytes, at least the header.
    ///
    /// - Returns: whether the times ascend for certain, if they end later than they begin.
    static func fill(
        _ source: UnsafeRawPointer,
        _ byteCount: Int,
        _ count: Int,
        _ times: UnsafeMutablePointer<Int64>,
        _ values: UnsafeMutablePointer<Double>
    ) throws(CodecError) -> Bool {
        // SAFETY: the header's 16 bytes are there; both targets have room for `count` elements.
        var stage = unsafe GorillaStage(
            end: source + byteCount,
            timesEnd: times + count,
            valuesEnd: values + count,
            time: Int64(bitPattern: load(source, 0)),
            position: (GorillaLayout.headerBytes &- byteCount) &* 8,
            value: load(source, 8),
            index: 1 &- count
        )
        unsafe times[0] = stage.time
        unsafe values[0] = Double(bitPattern: stage.value)
        while stage.index < 0, stage.position < GorillaStage.tail {
            stage.codes()
            if stage.index >= 0 || stage.position >= GorillaStage.tail { break }
            try stage.rare(byteCount)
        }
        while stage.index < 0, stage.position < 0 {
            stage.lastCodes()
            if stage.index >= 0 || stage.position >= 0 { break }
            try stage.rare(byteCount)
        }
        guard stage.index == 0, stage.position <= 0 else {
            throw .truncatedBits(
                atBit: stage.position &+ byteCount &* 8,
                bitCount: byteCount &* 8,
                point: stage.index &+ count,
                count: count
            )
        }
        guard stage.position > -8, stage.peekChecked(stage.position) == 0 else {
            throw .leftover(
                atBit: stage.position &+ byteCount &* 8,
                bitCount: byteCount &* 8
            )
        }
        // 2^20 intervals, which is as many as there may be, below 2^42 each do not wrap around.
        if count == 1 { return true }
        let begins = unsafe times[0] < times[1]
        return begins && stage.wild &>> 42 == 0 && count <= ColumnarLayout.maximumCount
    }

    // A point that begins before these bits, from the end, is read without compares with the end: it has
    // 145 bits at most, and a load takes 8 bytes.
    private static let tail = -256

    @inline(__always)
    private static func load(_ source: UnsafeRawPointer, _ byte: Int) -> UInt64 {
        // SAFETY: the caller has compared with the end.
        UInt64(bigEndian: unsafe source.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
    }

    /// The bits from `position` on, from the top; 57 of them are real.
    @inline(__always)
    private func peek(_ position: Int) -> UInt64 {
        // SAFETY: the caller has compared with the tail.
        unsafe GorillaStage.load(end, position &>> 3)
            &<< UInt64(truncatingIfNeeded: position & 7)
    }

    /// The bits from `position` on, from the top; all of them are real.
    @inline(__always)
    private func peekAll(_ position: Int) -> UInt64 {
        // SAFETY: the caller has compared with the tail.
        let ninth = unsafe end.load(fromByteOffset: position &>> 3 &+ 8, as: UInt8.self)
        return peek(position) | UInt64(ninth) &>> UInt64(truncatingIfNeeded: 8 &- position & 7)
    }

    /// As `peek`, at any position; behind the end there are zeros.
    @inline(__always)
    private func peekChecked(_ position: Int) -> UInt64 {
        // SAFETY: the payload has 8 bytes.
        let byte = min(position &>> 3, -8)
        return unsafe GorillaStage.load(end, byte) << (position &- byte &* 8)
    }

    /// As `peekAll`, at any position; behind the end there are zeros.
    @inline(__always)
    private func peekAllChecked(_ position: Int) -> UInt64 {
        let byte = position &>> 3 &+ 8
        // SAFETY: just compared.
        let ninth = byte < 0 ? unsafe end.load(fromByteOffset: byte, as: UInt8.self) : 0
        return peekChecked(position)
            | UInt64(ninth) &>> UInt64(truncatingIfNeeded: 8 &- position & 7)
    }

    // The codes before the tail.
    @inline(never)
    private mutating func codes() {
        codes(GorillaStage.tail) {
            $0.peek($1)
        } all: {
            $0.peekAll($1)
        }
    }

    // The codes in the tail.
    @inline(never)
    private mutating func lastCodes() {
        codes(0) {
            $0.peekChecked($1)
        } all: {
            $0.peekAllChecked($1)
        }
    }

    // The codes of nearly all points: on schedule or nearly so, in windows of less than 64 bits.
    // Stops before any other code. One long function over local variables, without a call and with
    // one way back: so all of its state stays in registers.
    @inline(__always)
    private mutating func codes(
        _ last: Int,
        peek: (GorillaStage, Int) -> UInt64,
        all peekAll: (GorillaStage, Int) -> UInt64
    ) {
        let stage = self
        let timesEnd = unsafe self.timesEnd
        let valuesEnd = unsafe self.valuesEnd
        var position = self.position
        var index = self.index
        var time = self.time
        var delta = self.delta
        var value = self.value
        var length = self.length
        var shift = self.shift
        var wild = self.wild
        // SAFETY: the index is compared with the count before each point.
        while index < 0, position < last {
            let word = peek(stage, position)
            var isCoded = true
            if Int64(bitPattern: word) >= 0 {
                // Unchanged and on schedule: as many points as there are zero bits.
                let run = min(word.leadingZeroBitCount, BitReader.peekBits, 0 &- index)
                if run > 1 {
                    let isWritten = unsafe GorillaStage.repeated(
                        run,
                        value,
                        time,
                        delta,
                        timesEnd + index,
                        valuesEnd + index,
                        0 &- index
                    )
                    if !isWritten { break }
                }
                position &+= run
                index &+= run &- 1
                time &+= delta &* Int64(truncatingIfNeeded: run)
                isCoded = false
            } else if word & 1 &<< 62 == 0 {
                if word & 1 &<< 61 == 0 {
                    if length == 0 { break }
                    position &+= 3
                } else {
                    let stated = word &>> 50 & 63
                    let leading = word &>> 56 & 31
                    if stated &- 1 > 63 &- leading { break }
                    length = stated
                    shift = 64 &- leading &- stated
                    position &+= 14
                }
                time &+= delta
            } else if word & 1 &<< 61 == 0 {
                let change = Int64(bitPattern: (word &<< 3) &>> 57) &- GorillaLayout.smallBias
                if word & 1 &<< 53 == 0 {
                    position &+= 11
                    isCoded = false
                } else if word & 1 &<< 52 == 0 {
                    if length == 0 { break }
                    position &+= 12
                } else {
                    let stated = word &>> 41 & 63
                    let leading = word &>> 47 & 31
                    if stated &- 1 > 63 &- leading { break }
                    length = stated
                    shift = 64 &- leading &- stated
                    position &+= 23
                }
                delta &+= change
                wild |= UInt64(bitPattern: delta &- 1)
                time &+= delta
            } else {
                break
            }
            if isCoded {
                let difference =
                    length <= 57
                    ? peek(stage, position)
                    : peekAll(stage, position)
                position &+= Int(truncatingIfNeeded: length)
                value ^= (difference &>> (0 &- length)) &<< shift
            }
            unsafe timesEnd[index] = time
            unsafe valuesEnd[index] = Double(bitPattern: value)
            index &+= 1
        }
        self.position = position
        self.index = index
        self.time = time
        self.delta = delta
        self.value = value
        self.length = length
        self.shift = shift
        self.wild = wild
    }

    // One point of any code but `0`, or a run of unchanged points.
    @inline(never)
    mutating func rare(_ byteCount: Int) throws(CodecError) {
        // SAFETY: the caller compared index and position.
        var word = peekChecked(position)
        var isMarker = false
        if Int64(bitPattern: word) >= 0 {
            let run = min(word.leadingZeroBitCount, BitReader.peekBits, 0 &- index)
            var rest = run
            position &+= run
            var next = GorillaStage.four(time, delta)
            let step = SIMD4(repeating: delta &* 4)
            while rest >= 4 {
                unsafe GorillaStage.write(
                    1,
                    &next,
                    step,
                    value,
                    timesEnd + index,
                    valuesEnd + index
                )
                index &+= 4
                rest &-= 4
            }
            time &+= delta &* Int64(truncatingIfNeeded: run &- rest)
            for _ in 0..<rest { point(value) }
            return
        }
        if word &>> 62 == 0b10 {
            word &<<= 2
            position &+= 2
        } else if word &>> 59 == 0b11111 {
            isMarker = true
            position &+= 5
        } else {
            if word &>> 61 == 0b110 {
                delta &+= Int64(bitPattern: (word &<< 3) &>> 57) &- GorillaLayout.smallBias
                position &+= 10
                word &<<= 10
            } else if word &>> 60 == 0b1110 {
                delta &+= Int64(bitPattern: (word &<< 4) &>> 44) &- GorillaLayout.mediumBias
                position &+= 24
                word &<<= 24
            } else {
                delta &+= Int64(bitPattern: peekAllChecked(position &+ 5))
                position &+= 69
                word = peekChecked(position)
            }
            wild |= UInt64(bitPattern: delta &- 1)
            position &+= 1
            if Int64(bitPattern: word) >= 0 { return point(value) }
            word &<<= 1
        }
        if isMarker { return point(GorillaLayout.staleMarkerBits) }
        if Int64(bitPattern: word) >= 0 {
            position &+= 1
            guard length != 0 else { throw .missingWindow(atBit: position &+ byteCount &* 8) }
        } else {
            // A new window, of 1 to 64 bits, of which 64 is written as 0.
            position &+= 12
            let leading = word &>> 58 & 31
            let stated = word &>> 52 & 63
            if leading == GorillaLayout.staleLeading, stated == GorillaLayout.staleLength {
                return point(GorillaLayout.staleMarkerBits)
            }
            length = stated == 0 ? 64 : stated
            guard leading &+ length <= 64 else {
                throw .invalidWindow(
                    atBit: position &+ byteCount &* 8,
                    leading: Int(leading),
                    length: Int(length)
                )
            }
            shift = 64 &- leading &- length
        }
        let difference = peekAllChecked(position)
        value ^= (difference &>> (64 &- length)) &<< shift
        position &+= Int(truncatingIfNeeded: length)
        point(value)
    }

    // The next point of `rare`, `delta` after the last one.
    private mutating func point(_ pattern: UInt64) {
        time &+= delta
        // SAFETY: as above.
        unsafe timesEnd[index] = time
        unsafe valuesEnd[index] = Double(bitPattern: pattern)
        index &+= 1
    }

    /// Writes `run` points, 2 to 57, with the same value, `delta` apart, the first after `time`.
    ///
    /// Writes 4, 16 or 64 of them, for which there must be room.
    ///
    /// - Returns: whether there is.
    @inline(__always)
    private static func repeated(
        _ run: Int,
        _ value: UInt64,
        _ time: Int64,
        _ delta: Int64,
        _ times: UnsafeMutablePointer<Int64>,
        _ values: UnsafeMutablePointer<Double>,
        _ room: Int
    ) -> Bool {
        if room < (run <= 4 ? 4 : run <= 16 ? 16 : 64) { return false }
        var next = four(time, delta)
        let step = SIMD4(repeating: delta &* 4)
        unsafe write(1, &next, step, value, times, values)
        if run <= 4 { return true }
        unsafe write(3, &next, step, value, times + 4, values + 4)
        if run <= 16 { return true }
        unsafe write(12, &next, step, value, times + 16, values + 16)
        return true
    }

    // The four times that follow `time`.
    @inline(__always)
    private static func four(_ time: Int64, _ delta: Int64) -> SIMD4<Int64> {
        let twice = delta &+ delta
        let first = SIMD2(time &+ delta, time &+ twice)
        return SIMD4(lowHalf: first, highHalf: first &+ SIMD2(repeating: twice))
    }

    // Writes `fours` times four points.
    @inline(__always)
    private static func write(
        _ fours: Int,
        _ next: inout SIMD4<Int64>,
        _ step: SIMD4<Int64>,
        _ value: UInt64,
        _ times: UnsafeMutablePointer<Int64>,
        _ values: UnsafeMutablePointer<Double>
    ) {
        let same = SIMD4(repeating: value)
        // SAFETY: the caller compared with the room that there is.
        let times = UnsafeMutableRawPointer(times)
        let values = UnsafeMutableRawPointer(values)
        for four in 0..<fours {
            unsafe times.storeBytes(of: next, toByteOffset: four &* 32, as: SIMD4<Int64>.self)
            unsafe values.storeBytes(of: same, toByteOffset: four &* 32, as: SIMD4<UInt64>.self)
            next &+= step
        }
    }
}
