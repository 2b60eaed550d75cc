// Walks over the records of a part of the buffer, whatever its bytes are: Store.docc/write-ahead-log.md
import Codec
import Platform

/// What a record's head says of it.
struct BufferFrameHead: Equatable {
    var type: BufferFormat.RecordType
    var flags: UInt8
    /// The lower half of the number of the batch that it went out with.
    var number: UInt32
}

/// What the scanner found at a place of the part.
enum BufferFrameFound {
    /// A record whose checksum is right; its payload lies in the scanner's window.
    case record(BufferFrameHead, payload: Range<Int>)
    /// Bytes that are no record, with a good record after them.
    case damage(Range<Int64>)
    /// Nothing good from here to the end: a torn tail (empty at a clean end).
    case end(tail: Range<Int64>)
}

/// Reads a part of the buffer front to back through a bounded window.
struct BufferScanner {
    private static let windowBytes = 256 << 10
    // What the search behind damage may read and check. Bytes that were made to look like heads of
    // large records would otherwise cost their square; real damage costs about its length.
    private static let searchBudget: Int64 = 2 << 30

    private let source: any BufferSource
    /// Where the next frame begins.
    private(set) var offset: Int64
    private var windowStart: Int64 = 0
    private var budget = Int64.max
    // Once a read has failed no more is asked for than is needed.
    private var isCareful = false
    /// The bytes that `payload` ranges refer to.
    private(set) var window: [UInt8] = []

    /// Begins at the first record.
    init(_ source: any BufferSource) {
        self.source = source
        offset = source.start
    }

    /// The next frame or the next damage.
    ///
    /// - Parameter limit: where what is to be read ends; the part may still be growing.
    /// - Returns: what begins where the last one ended.
    /// - Throws: `Errno` of the source.
    mutating func next(limit: Int64) throws(Errno) -> BufferFrameFound {
        if offset >= limit { return .end(tail: offset..<offset) }
        if let frame = try frame(at: offset, limit) {
            offset += Int64(frame.length)
            return .record(frame.head, payload: frame.payload)
        }
        let start = offset
        var place = offset + 1
        budget = BufferScanner.searchBudget
        defer { budget = .max }
        while place < limit, budget > 0 {
            guard let candidate = try nextSyncMark(from: place, limit) else { break }
            if try frame(at: candidate, limit) != nil {
                offset = candidate
                return .damage(start..<candidate)
            }
            place = candidate + 1
        }
        offset = limit
        return .end(tail: start..<limit)
    }

    private struct Frame {
        var head: BufferFrameHead
        var payload: Range<Int>
        var length: Int
    }

    private mutating func frame(at place: Int64, _ limit: Int64) throws(Errno) -> Frame? {
        let overhead = BufferFormat.frameBytes
        guard limit - place >= Int64(overhead) else { return nil }
        guard let head = try load(place, BufferFormat.frameHeadBytes, limit) else { return nil }
        let length = Int(ByteLoads.u32(window.span, head))
        let number = ByteLoads.u32(window.span, head + 4)
        let type = BufferFormat.RecordType(rawValue: window[head + 10])
        let flags = window[head + 11]
        guard let type, ByteLoads.u16(window.span, head + 8) == BufferFormat.syncMark,
            length <= BufferFormat.maxPayloadBytes, Int64(length + overhead) <= limit - place,
            let start = try load(place, length + overhead, limit)
        else { return nil }
        if budget != .max { budget -= Int64(length) }
        let tail = start + BufferFormat.frameHeadBytes + length
        guard
            XXH64.hash(window.span.extracting(start..<tail)) == ByteLoads.u64(window.span, tail)
        else { return nil }
        return Frame(
            head: BufferFrameHead(type: type, flags: flags, number: number),
            payload: start + BufferFormat.frameHeadBytes..<tail,
            length: length + overhead
        )
    }

    // The first place from `place` on where a frame's head could begin.
    private mutating func nextSyncMark(from place: Int64, _ limit: Int64) throws(Errno) -> Int64? {
        var place = place
        let low = UInt8(truncatingIfNeeded: BufferFormat.syncMark)
        let high = UInt8(truncatingIfNeeded: BufferFormat.syncMark >> 8)
        while limit - place >= Int64(BufferFormat.frameHeadBytes) {
            let wanted = Int(min(Int64(BufferScanner.windowBytes), limit - place))
            guard let start = try load(place, wanted, limit) else { return nil }
            var index = start + 8
            while index + 1 < start + wanted {
                if window[index] == low, window[index + 1] == high {
                    return place + Int64(index - 8 - start)
                }
                index += 1
            }
            place += Int64(max(1, wanted - BufferFormat.frameHeadBytes + 1))
        }
        return nil
    }

    // Makes sure that `count` bytes from `place` are in the window; gives back where they begin there.
    // Nothing behind `limit` enters it: the writer may be at work there, or take it back.
    private mutating func load(
        _ place: Int64,
        _ count: Int,
        _ limit: Int64
    ) throws(Errno) -> Int? {
        if place >= windowStart, place + Int64(count) <= windowStart + Int64(window.count) {
            return Int(place - windowStart)
        }
        var wanted = count
        if !isCareful {
            wanted = Int(min(Int64(max(count, BufferScanner.windowBytes)), limit - place))
        }
        do throws(Errno) {
            window = try source.read(wanted, at: place)
        } catch {
            guard wanted > count else { throw error }
            // What comes before the place that cannot be read is read all the same.
            isCareful = true
            wanted = count
            window = try source.read(wanted, at: place)
        }
        if budget != .max { budget -= Int64(wanted) }
        windowStart = place
        return window.count >= count ? 0 : nil
    }
}
