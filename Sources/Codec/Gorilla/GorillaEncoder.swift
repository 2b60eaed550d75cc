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
    @usableFromInline var point: GorillaPoint
    @usableFromInline var bits = BitWriter()
    @usableFromInline var points: UInt32 = 1

    /// Starts a stream with its first point.
    ///
    /// - Parameters:
    ///   - time: milliseconds since 1970, any.
    ///   - value: the bit pattern of the first value.
    ///   - words: memory for at least `GorillaLayout.headerWords` words.
    @inlinable
    public init(time: Int64, value: UInt64, into words: UnsafeMutablePointer<UInt64>) {
        start = time
        point = GorillaPoint(time: time, value: value)
        // SAFETY: the caller vouches for the header's two words.
        unsafe bits.put(UInt64(bitPattern: time), 64, into: words)
        unsafe bits.put(value, 64, into: words)
    }

    /// The time of the first point.
    @inlinable public var firstTime: Int64 { start }
    /// The time of the last point.
    @inlinable public var lastTime: Int64 { point.last }
    /// The bit pattern of the last point's value.
    @inlinable public var lastValue: UInt64 {
        point.ended ? GorillaLayout.staleMarkerBits : point.base
    }
    /// The number of points.
    @inlinable public var pointCount: Int { Int(truncatingIfNeeded: points) }
    /// Whether one of the points is a stale marker.
    @inlinable public var hasStaleMarkers: Bool { point.marked }
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
        points &+= 1
        var target = unsafe GorillaWords(bits: bits, words: words, first: first)
        point.append(time, value, to: &target)
        bits = target.bits
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
}

// The caller's memory during one append.
@safe
@usableFromInline
struct GorillaWords: GorillaBits {
    @usableFromInline var bits: BitWriter
    @usableFromInline let words: UnsafeMutablePointer<UInt64>
    @usableFromInline let first: Int

    @inlinable
    @inline(__always)
    init(bits: BitWriter, words: UnsafeMutablePointer<UInt64>, first: Int) {
        self.bits = bits
        unsafe self.words = unsafe words
        self.first = first
    }

    @inlinable
    @inline(__always)
    mutating func put(_ code: UInt64, _ width: UInt64) {
        // SAFETY: the caller of `append` vouches for room for all words of a point.
        unsafe bits.put(code, width, into: words, from: first)
    }
}
