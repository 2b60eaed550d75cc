// Bit patterns as a stream of differences: Gorilla's way with values, without times.

/// Encodes and decodes values of which each shares some bits with the one before.
enum XorStream {
    /// Writes the stream of `count` bit patterns into memory for `2 * count + 4` words.
    ///
    /// - Returns: the length in bytes.
    static func write(
        _ patterns: UnsafePointer<Int64>,
        _ count: Int,
        into words: UnsafeMutablePointer<UInt64>
    ) -> Int {
        var bits = BitWriter()
        // SAFETY: the caller's columns; a code has at most 77 bits.
        var last = UInt64(bitPattern: unsafe patterns[0])
        unsafe bits.put(last, 64, into: words)
        var oldLeading: UInt64 = 0
        var oldLength: UInt64 = 0
        for index in 1..<count {
            let pattern = UInt64(bitPattern: unsafe patterns[index])
            let difference = pattern ^ last
            last = pattern
            if difference == 0 {
                unsafe bits.put(0, 1, into: words)
                continue
            }
            let zeros = UInt64(truncatingIfNeeded: difference.leadingZeroBitCount)
            let leading = min(zeros, GorillaLayout.maximumLeading)
            let below = UInt64(truncatingIfNeeded: difference.trailingZeroBitCount)
            let length = 64 &- leading &- below
            let oldBelow = 64 &- oldLeading &- oldLength
            if oldLength != 0, leading >= oldLeading, below >= oldBelow,
                oldLength < length &+ GorillaLayout.windowSlack
            {
                unsafe bits.put(0b10, 2, into: words)
                unsafe bits.put(difference &>> oldBelow, oldLength, into: words)
            } else {
                unsafe bits.put(0b11 &<< 11 | leading &<< 6 | length & 63, 13, into: words)
                unsafe bits.put(difference &>> below, length, into: words)
                oldLeading = leading
                oldLength = length
            }
        }
        unsafe words[bits.wholeWordCount] = bits.unfinishedWord.bigEndian
        return (bits.bitCount + 7) / 8
    }

    /// No fewer bits than the stream would have.
    static func leastBitCount(_ patterns: UnsafePointer<Int64>, _ count: Int) -> Int {
        var bits = 64
        for index in 1..<count {
            // SAFETY: the caller's column.
            let difference = unsafe patterns[index] ^ patterns[index &- 1]
            let span = 64 &- difference.leadingZeroBitCount &- difference.trailingZeroBitCount
            bits &+= difference == 0 ? 1 : 2 &+ span
        }
        return bits
    }

    /// Decodes a stream of `count` values and steps over it.
    /// - Throws: `CodecError`.
    @inline(never)
    static func read(
        _ cursor: inout ColumnCursor,
        _ payload: Span<UInt8>,
        _ target: UnsafeMutablePointer<Double>,
        _ count: Int
    ) throws(CodecError) {
        let start = cursor.offset
        let bitCount = cursor.count &* 8
        var last = try cursor.u64().byteSwapped
        var position = start &* 8 &+ 64
        var length: UInt64 = 0
        var shift: UInt64 = 0
        // SAFETY: the caller's memory for `count` values.
        unsafe target[0] = Double(bitPattern: last)
        var index = 1
        while index < count {
            let word = BitReader.peek(payload, position)
            if word &>> 63 == 0 {
                let run = min(word.leadingZeroBitCount, BitReader.peekBits, count &- index)
                for place in index..<index &+ run {
                    unsafe target[place] = Double(bitPattern: last)
                }
                position &+= run
                index &+= run
            } else {
                if word &>> 62 == 3 {
                    let leading = word &>> 57 & 31
                    let stated = word &>> 51 & 63
                    length = stated == 0 ? 64 : stated
                    guard leading &+ length <= 64 else {
                        throw .invalidWindow(
                            atBit: position,
                            leading: Int(leading),
                            length: Int(length)
                        )
                    }
                    shift = 64 &- leading &- length
                    position &+= 13
                } else {
                    guard length != 0 else { throw .missingWindow(atBit: position) }
                    position &+= 2
                }
                last ^= BitReader.bits(payload, position, length) &<< shift
                position &+= Int(truncatingIfNeeded: length)
                unsafe target[index] = Double(bitPattern: last)
                index &+= 1
            }
            if position > bitCount {
                throw .truncatedBits(
                    atBit: position,
                    bitCount: bitCount,
                    point: index,
                    count: count
                )
            }
        }
        try cursor.skip((position &+ 7) &>> 3 &- cursor.offset)
    }
}
