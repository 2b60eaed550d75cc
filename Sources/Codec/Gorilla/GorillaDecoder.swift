// Reads a Gorilla payload that may be anything. Layout: Codec.docc/gorilla-bitstream.md

/// Decodes Gorilla payloads into columns.
///
/// Any bytes give either exactly `count` points or an error: nothing traps, nothing is read outside,
/// and no more memory is taken than 16 bytes for each bit of the payload.
public enum GorillaDecoder {
    /// Adds the points of `payload` at the end of both columns.
    ///
    /// - Parameters:
    ///   - payload: the bytes of one stream, to its last byte and no further.
    ///   - count: the number of points, from the chunk's header.
    ///   - times: grows by `count`, or not at all on an error.
    ///   - values: grows by `count`, or not at all on an error.
    /// - Throws: `CodecError`, with the bit offset.
    public static func decode(
        _ payload: Span<UInt8>,
        count: Int,
        times: inout [Int64],
        values: inout [Double]
    ) throws(CodecError) {
        guard count > 0, payload.count >= GorillaLayout.headerBytes,
            count - 1 <= (payload.count - GorillaLayout.headerBytes) * 8
        else {
            if count == 0, payload.isEmpty { return }
            throw .impossibleCount(count: count, byteCount: payload.count)
        }
        // SAFETY: the source is read only inside the closure, and only below its length.
        try unsafe payload.withUnsafeBytes { bytes throws(CodecError) in
            guard let source = bytes.baseAddress else { return }
            try unsafe append(source, bytes.count, count, &times, &values)
        }
    }

    /// Adds the points of a stream that is still growing, from what a reader noted about it.
    ///
    /// - Parameters:
    ///   - words: the whole words, as the encoder left them in memory (big-endian).
    ///   - unfinishedWord: the encoder's `unfinishedWord` of the same moment.
    ///   - bitCount: the encoder's `bitCount` of the same moment.
    ///   - count: the encoder's `pointCount` of the same moment.
    ///   - times: grows by `count`, or not at all on an error.
    ///   - values: grows by `count`, or not at all on an error.
    /// - Throws: `CodecError`, with the bit offset.
    public static func decode(
        words: Span<UInt64>,
        unfinishedWord: UInt64,
        bitCount: Int,
        count: Int,
        times: inout [Int64],
        values: inout [Double]
    ) throws(CodecError) {
        guard bitCount >= 0, bitCount / 64 == words.count else {
            throw .truncated(
                atByte: words.count * 8,
                wanted: bitCount / 8,
                available: words.count * 8
            )
        }
        let tailBytes = (bitCount & 63 + 7) / 8
        let byteCount = words.count * 8 + tailBytes
        guard count > 0, byteCount >= GorillaLayout.headerBytes, count - 1 <= bitCount - 128 else {
            if count == 0, byteCount == 0 { return }
            throw .impossibleCount(count: count, byteCount: byteCount)
        }
        // SAFETY: the memory holds all words and one more; a big-endian word is eight bytes of the
        // stream as they stand.
        try unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words.count + 1) {
            memory throws(CodecError) in
            guard let copy = memory.baseAddress else { return }
            unsafe words.withUnsafeBufferPointer { words in
                if let source = words.baseAddress {
                    unsafe copy.update(from: source, count: words.count)
                }
            }
            unsafe copy[words.count] = unfinishedWord.bigEndian
            try unsafe append(UnsafeRawPointer(copy), byteCount, count, &times, &values)
        }
    }

    // Decodes straight into what the columns have reserved.
    @inline(__always)
    private static func append(
        _ source: UnsafeRawPointer,
        _ byteCount: Int,
        _ count: Int,
        _ times: inout [Int64],
        _ values: inout [Double]
    ) throws(CodecError) {
        try times.append(addingCapacity: count) { times throws(CodecError) in
            try values.append(addingCapacity: count) { values throws(CodecError) in
                try unsafe times.withUnsafeMutableBufferPointer {
                    times,
                    timeCount throws(CodecError) in
                    try unsafe values.withUnsafeMutableBufferPointer {
                        values,
                        valueCount throws(CodecError) in
                        guard let times = times.baseAddress, let values = values.baseAddress else {
                            preconditionFailure("BUG: columns without an address")
                        }
                        try unsafe GorillaStage.fill(source, byteCount, count, times, values)
                        timeCount = count
                        valueCount = count
                    }
                }
            }
        }
    }
}

// What the decoder knows between two points.
private struct GorillaStage {
    var time: Int64
    var delta: Int64 = 0
    var value: UInt64
    var position: Int  // in bits, from the start of the memory that is being read
    var length: UInt64 = 0  // 0: no window yet
    var shift: UInt64 = 0
    var index = 1

    // No point reads further than this from where it begins: 145 bits, in loads of 8 bytes.
    static let reach = 32

    /// Decodes `count` points, at least 1, from `byteCount` bytes, at least the header.
    ///
    /// No load is compared with the end. Instead, the points that begin in the last 32 bytes
    /// are read from a copy with zeros behind it: a point that lies partly past the end reads as zeros there,
    /// and then the position, compared once a point, is past the end.
    static func fill(
        _ source: UnsafeRawPointer,
        _ byteCount: Int,
        _ count: Int,
        _ times: UnsafeMutablePointer<Int64>,
        _ values: UnsafeMutablePointer<Double>
    ) throws(CodecError) {
        // SAFETY: the header's 16 bytes are there; both targets have room for `count` elements.
        var stage = GorillaStage(
            time: Int64(bitPattern: unsafe load(source, 0)),
            value: unsafe load(source, 8),
            position: GorillaLayout.headerBytes * 8
        )
        unsafe times[0] = stage.time
        unsafe values[0] = Double(bitPattern: stage.value)
        let tailStart = max(0, byteCount &- reach)
        if tailStart > GorillaLayout.headerBytes {
            // A point that begins before `tailStart` ends, loads included, before `byteCount`.
            try unsafe stage.run(source, tailStart &* 8 &- 1, count, times, values, 0)
        }
        var tail = [64 of UInt8](repeating: 0)
        var span = tail.mutableSpan
        try unsafe span.withUnsafeMutableBytes { copy throws(CodecError) in
            guard let copy = copy.baseAddress else { return }
            let held = byteCount &- tailStart
            // SAFETY: at most 32 of 64 bytes; the points that begin among them read 32 more at most.
            unsafe copy.copyMemory(from: source + tailStart, byteCount: held)
            stage.position &-= tailStart &* 8
            try unsafe stage.run(UnsafeRawPointer(copy), held &* 8, count, times, values, tailStart)
            guard stage.index == count, stage.position <= held &* 8 else {
                throw .truncatedBits(
                    atBit: stage.position &+ tailStart &* 8,
                    bitCount: byteCount &* 8,
                    point: stage.index,
                    count: count
                )
            }
            // The end first: before the copy, where a few points of many bytes end, nothing is to be read.
            guard (stage.position &+ 7) &>> 3 == held,
                unsafe peek(UnsafeRawPointer(copy), stage.position) == 0
            else {
                throw .leftover(
                    atBit: stage.position &+ tailStart &* 8,
                    bitCount: byteCount &* 8
                )
            }
        }
    }

    @inline(__always)
    static func load(_ source: UnsafeRawPointer, _ byte: Int) -> UInt64 {
        // SAFETY: the caller has compared with the end.
        UInt64(bigEndian: unsafe source.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
    }

    /// The bits from `position` on, from the top; 57 of them are real.
    @inline(__always)
    static func peek(_ source: UnsafeRawPointer, _ position: Int) -> UInt64 {
        unsafe load(source, position &>> 3) &<< UInt64(truncatingIfNeeded: position & 7)
    }

    /// The `width` bits, 1 to 64, from `position` on.
    @inline(__always)
    static func bits(_ source: UnsafeRawPointer, _ position: Int, _ width: UInt64) -> UInt64 {
        if width <= 57 { return unsafe peek(source, position) &>> (64 &- width) }
        let low = width &- 32
        return unsafe (peek(source, position) &>> 32) &<< low
            | peek(source, position &+ 32) &>> (64 &- low)
    }

    // Decodes points as long as they begin at or before `last`. One long function over local
    // variables: split up, or kept in the struct, the state does not stay in registers.
    @inline(never)
    mutating func run(
        _ source: UnsafeRawPointer,
        _ last: Int,
        _ count: Int,
        _ times: UnsafeMutablePointer<Int64>,
        _ values: UnsafeMutablePointer<Double>,
        _ skipped: Int
    ) throws(CodecError) {
        var time = self.time
        var delta = self.delta
        var value = self.value
        var position = self.position
        var length = self.length
        var lastLength = length
        var shift = self.shift
        var index = self.index
        // SAFETY: the index is compared with the count before each point.
        while true {
            var word: UInt64 = 0
            while index < count, position <= last {
                word = unsafe GorillaStage.peek(source, position)
                if Int64(bitPattern: word) >= 0 { break }
                if word &>> 62 == 0b10 {
                    position &+= 2
                    word &<<= 2
                    time &+= delta
                } else if word &>> 59 == 0b11111 {
                    position &+= 5
                    time &+= delta
                    unsafe times[index] = time
                    unsafe values[index] = Double(bitPattern: GorillaLayout.staleMarkerBits)
                    index &+= 1
                    continue
                } else {
                    if word &>> 61 == 0b110 {
                        delta &+= Int64(bitPattern: (word &<< 3) &>> 57) &- GorillaLayout.smallBias
                        position &+= 11
                        word &<<= 10
                    } else if word &>> 60 == 0b1110 {
                        delta &+= Int64(bitPattern: (word &<< 4) &>> 44) &- GorillaLayout.mediumBias
                        position &+= 25
                        word &<<= 24
                    } else {
                        let change = unsafe GorillaStage.bits(source, position &+ 5, 64)
                        delta &+= Int64(bitPattern: change)
                        position &+= 70
                        word = unsafe GorillaStage.peek(source, position &- 1)
                    }
                    time &+= delta
                    if Int64(bitPattern: word) >= 0 {
                        unsafe times[index] = time
                        unsafe values[index] = Double(bitPattern: value)
                        index &+= 1
                        continue
                    }
                    word &<<= 1
                }
                unsafe times[index] = time
                if Int64(bitPattern: word) < 0 {
                    // A new window, of 1 to 64 bits, of which 64 is written as 0.
                    position &+= 12
                    let leading = word &>> 58 & 31
                    let stated = word &>> 52 & 63
                    length = stated == 0 ? 64 : stated
                    if leading &+ length > 64 {
                        guard length == GorillaLayout.staleLength,
                            leading == GorillaLayout.staleLeading
                        else {
                            throw .invalidWindow(
                                atBit: position &+ skipped &* 8,
                                leading: Int(leading),
                                length: Int(length)
                            )
                        }
                        length = lastLength
                        unsafe values[index] = Double(bitPattern: GorillaLayout.staleMarkerBits)
                        index &+= 1
                        continue
                    }
                    lastLength = length
                    shift = 64 &- leading &- length
                } else {
                    position &+= 1
                    if length == 0 { throw .missingWindow(atBit: position &+ skipped &* 8) }
                }
                value ^= unsafe GorillaStage.bits(source, position, length) &<< shift
                position &+= Int(truncatingIfNeeded: length)
                unsafe values[index] = Double(bitPattern: value)
                index &+= 1
            }
            if index >= count || position > last { break }
            // Unchanged and on schedule: as many points as there are zero bits. Two loops, because
            // one would first compare whether the columns overlap.
            let run = min(word.leadingZeroBitCount, BitReader.peekBits, count &- index)
            let same = Double(bitPattern: value)
            for place in 0..<run { unsafe values[index &+ place] = same }
            for place in 0..<run {
                unsafe times[index &+ place] =
                    time &+ delta &* Int64(truncatingIfNeeded: place &+ 1)
            }
            time &+= delta &* Int64(truncatingIfNeeded: run)
            index &+= run
            position &+= run
        }
        self.time = time
        self.delta = delta
        self.value = value
        self.position = position
        self.length = length
        self.shift = shift
        self.index = index
    }
}
