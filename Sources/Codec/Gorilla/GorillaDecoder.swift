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
        let timeStart = times.count
        let valueStart = values.count
        times.append(contentsOf: repeatElement(0, count: count))
        values.append(contentsOf: repeatElement(0, count: count))
        var stage = GorillaStage(payload)
        do throws(CodecError) {
            var timeSpan = times.mutableSpan
            var valueSpan = values.mutableSpan
            try stage.fill(
                payload,
                count,
                &timeSpan,
                timeStart,
                &valueSpan,
                valueStart
            )
        } catch {
            times.removeLast(count)
            values.removeLast(count)
            throw error
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
        let payload = [UInt8](capacity: words.count * 8 + 8) { bytes in
            for index in words.indices { append(UInt64(bigEndian: words[index]), &bytes, 8) }
            append(unfinishedWord, &bytes, (bitCount % 64 + 7) / 8)
        }
        try decode(payload.span, count: count, times: &times, values: &values)
    }

    private static func append(_ word: UInt64, _ bytes: inout OutputSpan<UInt8>, _ count: Int) {
        var rest = word
        for _ in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: rest &>> 56))
            rest &<<= 8
        }
    }
}

// What the decoder knows between two points.
private struct GorillaStage {
    var time: Int64
    var delta: Int64 = 0
    var value: UInt64
    var position = GorillaLayout.headerBytes * 8
    var length: UInt64 = 0  // 0: no window yet
    var shift: UInt64 = 0

    init(_ payload: Span<UInt8>) {
        time = Int64(bitPattern: ByteLoads.u64BigEndian(payload, 0))
        value = ByteLoads.u64BigEndian(payload, 8)
    }

    // The position is compared with the end once a point: until then a point that lies partly past
    // the end reads as zeros, and what was written of it is thrown away with the rest.
    @inline(__always)
    mutating func fill(
        _ payload: Span<UInt8>,
        _ count: Int,
        _ times: inout MutableSpan<Int64>,
        _ timeStart: Int,
        _ values: inout MutableSpan<Double>,
        _ valueStart: Int
    ) throws(CodecError) {
        let bitCount = payload.count &* 8
        times[timeStart] = time
        values[valueStart] = Double(bitPattern: value)
        var index = 1
        while index < count {
            let word = BitReader.peek(payload, position)
            if word &>> 63 == 0 {
                // Unchanged and on schedule: as many points as there are zero bits.
                let run = min(word.leadingZeroBitCount, BitReader.peekBits, count &- index)
                let same = Double(bitPattern: value)
                var next = time
                for place in index..<index &+ run {
                    next &+= delta
                    times[timeStart &+ place] = next
                    values[valueStart &+ place] = same
                }
                time = next
                position &+= run
                index &+= run
            } else {
                let point = try step(payload, word)
                times[timeStart &+ index] = time
                values[valueStart &+ index] = Double(bitPattern: point)
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
        guard (position &+ 7) &>> 3 == payload.count, BitReader.peek(payload, position) == 0 else {
            throw .leftover(atBit: position, bitCount: bitCount)
        }
    }

    // One point whose code begins with a one bit; its time is then in `time`.
    @inline(__always)
    private mutating func step(
        _ payload: Span<UInt8>,
        _ first: UInt64
    ) throws(CodecError) -> UInt64 {
        var word = first
        switch (~word).leadingZeroBitCount {
        case 1:
            time &+= delta
            position &+= 2
            return try change(payload, word &<< 2)
        case 2:
            delta &+= Int64(bitPattern: (word &<< 3) &>> 57) &- GorillaLayout.smallBias
            position &+= 10
            word &<<= 10
        case 3:
            delta &+= Int64(bitPattern: (word &<< 4) &>> 44) &- GorillaLayout.mediumBias
            position &+= 24
            word &<<= 24
        case 4:
            delta &+= Int64(bitPattern: BitReader.bits(payload, position &+ 5, 64))
            position &+= 69
            word = BitReader.peek(payload, position)
        default:
            time &+= delta
            position &+= 5
            return GorillaLayout.staleMarkerBits
        }
        time &+= delta
        position &+= 1
        return word &>> 63 == 0 ? value : try change(payload, word &<< 1)
    }

    // The new value, whose window bit is the top bit of `word`.
    @inline(__always)
    private mutating func change(
        _ payload: Span<UInt8>,
        _ word: UInt64
    ) throws(CodecError) -> UInt64 {
        if word &>> 63 == 0 {
            position &+= 1
            guard length != 0 else { throw .missingWindow(atBit: position) }
        } else {
            position &+= 12
            let leading = word &>> 58 & 31
            let stated = word &>> 52 & 63
            let width = stated == 0 ? 64 : stated
            if leading &+ width > 64 {
                guard leading == GorillaLayout.staleLeading, width == GorillaLayout.staleLength
                else {
                    throw .invalidWindow(
                        atBit: position,
                        leading: Int(leading),
                        length: Int(width)
                    )
                }
                return GorillaLayout.staleMarkerBits
            }
            length = width
            shift = 64 &- leading &- width
        }
        value ^= BitReader.bits(payload, position, length) &<< shift
        position &+= Int(truncatingIfNeeded: length)
        return value
    }
}
