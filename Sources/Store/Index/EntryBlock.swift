// Numbered entries of different lengths in one block. Byte layout: Store.docc/segment-file.md
import Codec

/// Which block of which file: for errors.
struct BlockPlace {
    let path: String
    let part: SegmentPart
    let offset: Int

    /// Runs what reads the block, and says of an error where it was.
    func decoding<R>(
        _ body: () throws(CodecError) -> R
    ) throws(SegmentError) -> R {
        do throws(CodecError) { return try body() } catch {
            throw undecodable(error)
        }
    }

    /// An error of a block that is not what it should be.
    func undecodable(_ cause: CodecError) -> SegmentError {
        .undecodable(path: path, part: part, offset: offset, cause: cause)
    }

    /// An error of a block that contradicts another.
    func contradiction(_ what: String) -> SegmentError {
        .contradiction(path: path, part: part, offset: offset, what: what)
    }
}

/// A block of entries that can be read from every sixteenth on.
///
/// The bytes may be anything: what does not fit is an error.
struct EntryBlock {
    static let groupEntries = 16

    /// The block, unpacked.
    let bytes: [UInt8]
    /// The number of entries.
    let count: Int
    /// Which block this is.
    let place: BlockPlace
    private let base: Int

    init(_ bytes: [UInt8], at place: BlockPlace) throws(SegmentError) {
        let count = try place.decoding { () throws(CodecError) in try EntryBlock.count(bytes.span) }
        self.bytes = bytes
        self.count = count
        self.place = place
        base = 4 + 4 * EntryBlock.groups(of: count)
    }

    // Throws unless the starts of all groups are there.
    private static func count(_ bytes: Span<UInt8>) throws(CodecError) -> Int {
        guard bytes.count >= 4 else {
            throw .truncated(atByte: 0, wanted: 4, available: bytes.count)
        }
        let count = Int(ByteLoads.u32(bytes, 0))
        let groups = groups(of: count)
        guard groups <= (bytes.count - 4) / 4 else {
            throw .truncated(atByte: 4, wanted: 4 * groups, available: bytes.count - 4)
        }
        return count
    }

    private static func groups(of count: Int) -> Int { (count + groupEntries - 1) / groupEntries }

    /// A cursor before the first entry of the group that holds entry `index`.
    func cursor(beforeGroupOf index: Int) -> ByteCursor {
        let group = index / EntryBlock.groupEntries
        return ByteCursor(at: base + Int(ByteLoads.u32(bytes.span, 4 + 4 * group)))
    }

    /// Throws unless there is an entry `index`.
    func check(_ index: Int) throws(SegmentError) {
        guard index >= 0, index < count else {
            throw place.contradiction("entry \(index) of \(count) is wanted")
        }
    }
}

/// Collects the entries of a block.
struct EntryBlockWriter {
    private var starts: [UInt32] = []
    private(set) var count = 0
    /// The entries so far; the next one is written behind `beginEntry`.
    var entries = ByteSink()

    /// Notes that the next entry begins here; true when it is the first of a group.
    mutating func beginEntry() -> Bool {
        let isFirst = count % EntryBlock.groupEntries == 0
        if isFirst { starts.append(UInt32(entries.count)) }
        count += 1
        return isFirst
    }

    /// The block of all entries since the last one, if there are any.
    mutating func finish() -> [UInt8] {
        var sink = ByteSink()
        sink.bytes.reserveCapacity(4 + 4 * starts.count + entries.count)
        sink.u32(UInt32(count))
        for start in starts { sink.u32(start) }
        sink.raw(entries.bytes)
        starts.removeAll(keepingCapacity: true)
        entries.bytes.removeAll(keepingCapacity: true)
        count = 0
        return sink.bytes
    }
}
