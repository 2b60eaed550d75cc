// Compresses the samples of one series as they come. Layout: Codec.docc/gorilla-bitstream.md

/// The state of one growing Gorilla stream: plain data of 56 bytes, no reference inside.
///
/// The stream's whole words go to memory of the caller, who keeps room for
/// `GorillaLayout.maximumWordsPerPoint` more words before each append and may move them as long as
/// the words go along, or may have each append write to a place of its own (`first`). Words that were
/// written never change, and the unfinished word lives here, so a reader can copy this struct under a
/// lock and read `wholeWordCount` words later while the writer goes on.
///
/// Times and values may be anything: intervals wrap around exactly, values are compared by their bits.
public struct GorillaEncoder: Sendable {
    @usableFromInline var start: Int64
    @usableFromInline var last: Int64
    @usableFromInline var delta: Int64 = 0
    @usableFromInline var base: UInt64  // the last value that was not coded as a stale marker
    @usableFromInline var bits = BitWriter()
    @usableFromInline var points: UInt32 = 1
    @usableFromInline var leading: UInt8 = 0
    @usableFromInline var length: UInt8 = 0  // 0: no window yet
    @usableFromInline var marked: Bool  // a stale marker is among the points
    @usableFromInline var ended: Bool = false  // the last point was coded as a stale marker

    /// Starts a stream with its first point.
    ///
    /// - Parameters:
    ///   - time: milliseconds since 1970, any.
    ///   - value: the bit pattern of the first value.
    ///   - words: memory for at least `GorillaLayout.headerWords` words.
    @inlinable
    public init(time: Int64, value: UInt64, into words: UnsafeMutablePointer<UInt64>) {
        start = time
        last = time
        base = value
        marked = value == GorillaLayout.staleMarkerBits
        // SAFETY: the caller vouches for the header's two words.
        unsafe bits.put(UInt64(bitPattern: time), 64, into: words)
        unsafe bits.put(value, 64, into: words)
    }

    /// The time of the first point.
    @inlinable public var firstTime: Int64 { start }
    /// The time of the last point.
    @inlinable public var lastTime: Int64 { last }
    /// The bit pattern of the last point's value.
    @inlinable public var lastValue: UInt64 { ended ? GorillaLayout.staleMarkerBits : base }
    /// The number of points.
    @inlinable public var pointCount: Int { Int(truncatingIfNeeded: points) }
    /// Whether one of the points is a stale marker.
    @inlinable public var hasStaleMarkers: Bool { marked }
    /// The number of bits so far.
    @inlinable public var bitCount: Int { bits.bitCount }
    /// The number of words in the caller's memory that are final.
    @inlinable public var wholeWordCount: Int { bits.wholeWordCount }
    /// The bits after the last whole word, from the top; the rest is zero.
    @inlinable public var unfinishedWord: UInt64 { bits.unfinishedWord }
    /// The length of the payload if it ended here.
    @inlinable public var payloadByteCount: Int { (bits.bitCount &+ 7) &>> 3 }

    /// Adds one point.
    ///
    /// - Parameters:
    ///   - time: milliseconds since 1970, any.
    ///   - value: the bit pattern of the value.
    ///   - words: the stream's memory, with room for `GorillaLayout.maximumWordsPerPoint` words
    ///     after the words that are there.
    ///   - first: the number of whole words that lie elsewhere, before those in `words`: 0 where
    ///     `words` holds the stream from its first word, `wholeWordCount` where it holds none of it yet.
    @inlinable
    public mutating func append(
        time: Int64,
        value: UInt64,
        into words: UnsafeMutablePointer<UInt64>,
        from first: Int = 0
    ) {
        let interval = time &- last
        let change = interval &- delta
        let difference = value ^ base
        last = time
        delta = interval
        points &+= 1
        ended = false
        if change == 0 {
            if difference == 0 {
                unsafe bits.put(0, 1, into: words, from: first)
            } else if value == GorillaLayout.staleMarkerBits {
                unsafe bits.put(0b11111, 5, into: words, from: first)
                marked = true
                ended = true
            } else {
                unsafe putValue(difference, 0b10, 2, into: words, from: first)
            }
            return
        }
        var code: UInt64
        var width: UInt64
        let small = UInt64(bitPattern: change &+ GorillaLayout.smallBias)
        let medium = UInt64(bitPattern: change &+ GorillaLayout.mediumBias)
        if small < 1 &<< 7 {
            (code, width) = (0b110 &<< 7 | small, 10)
        } else if medium < 1 &<< 20 {
            (code, width) = (0b1110 &<< 20 | medium, 24)
        } else {
            unsafe bits.put(0b11110, 5, into: words, from: first)
            unsafe bits.put(UInt64(bitPattern: change), 64, into: words, from: first)
            (code, width) = (0, 0)
        }
        if difference == 0 {
            unsafe bits.put(code &<< 1, width &+ 1, into: words, from: first)
            return
        }
        code = code &<< 1 | 1
        width &+= 1
        if value == GorillaLayout.staleMarkerBits {
            let window = 1 &<< 11 | GorillaLayout.staleLeading &<< 6 | GorillaLayout.staleLength
            unsafe bits.put(code &<< 12 | window, width &+ 12, into: words, from: first)
            marked = true
            ended = true
        } else {
            unsafe putValue(difference, code, width, into: words, from: first)
        }
    }

    /// Puts the unfinished word after the whole ones.
    ///
    /// The first `payloadByteCount` bytes of the memory are then the payload. The stream may go on
    /// afterwards.
    ///
    /// - Parameter words: the stream's memory, with room for one more word.
    @inlinable
    public func finish(into words: UnsafeMutablePointer<UInt64>) {
        // SAFETY: the caller vouches for room for one more word.
        unsafe words[wholeWordCount] = unfinishedWord.bigEndian
    }

    // Writes `code`, then the difference in the last window or in a new one.
    @inlinable
    @inline(__always)
    mutating func putValue(
        _ difference: UInt64,
        _ code: UInt64,
        _ width: UInt64,
        into words: UnsafeMutablePointer<UInt64>,
        from first: Int
    ) {
        base ^= difference
        let zeros = UInt64(truncatingIfNeeded: difference.leadingZeroBitCount)
        let above = min(zeros, GorillaLayout.maximumLeading)
        let below = UInt64(truncatingIfNeeded: difference.trailingZeroBitCount)
        let needed = 64 &- above &- below
        let oldLeading = UInt64(leading)
        let oldLength = UInt64(length)
        let oldBelow = 64 &- oldLeading &- oldLength
        var code = code
        var width = width
        var payload: UInt64
        var payloadWidth: UInt64
        if oldLength != 0, above >= oldLeading, below >= oldBelow,
            oldLength < needed &+ GorillaLayout.windowSlack
        {
            code = code &<< 1
            width &+= 1
            (payload, payloadWidth) = (difference &>> oldBelow, oldLength)
        } else {
            code = code &<< 12 | 1 &<< 11 | above &<< 6 | needed & 63
            width &+= 12
            leading = UInt8(truncatingIfNeeded: above)
            length = UInt8(truncatingIfNeeded: needed)
            (payload, payloadWidth) = (difference &>> below, needed)
        }
        if width &+ payloadWidth <= 64 {
            payload |= code &<< payloadWidth
            payloadWidth &+= width
        } else {
            unsafe bits.put(code, width, into: words, from: first)
        }
        unsafe bits.put(payload, payloadWidth, into: words, from: first)
    }
}
