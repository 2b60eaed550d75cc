// The fixed parts of a segment file. Byte layout: Store.docc/segment-file.md
import Codec
public import Model

/// Numbers of the format.
enum SegmentFormat {
    static let version: UInt16 = 1
    /// `GSEG` in file order.
    static let magic: UInt32 = 0x4745_5347
    /// `GORI.END` in file order.
    static let endMagic: UInt64 = 0x444e_452e_4952_4f47
    static let headerBytes = 64
    static let footerFixedBytes = 104
    static let trailerBytes = 32
    static let minimumBytes = headerBytes + footerFixedBytes + trailerBytes
    static let blockEntryBytes = 32
    /// A block is closed at this many bytes; only one item may go beyond.
    static let blockBytes = 16 << 10
    /// All row blocks but the last hold so many series.
    static let seriesPerRowBlock = 1024
    /// What a file is called until it is whole.
    static let temporarySuffix = ".tmp"
}

/// What a segment says about itself.
public struct SegmentSummary: Equatable, Sendable {
    /// Whose batches these are.
    public var storeID: StoreID
    /// Which batches.
    public var range: SequenceRange
    /// From the first to the last sample; empty in a segment without samples.
    public var timeRange: TimeRange = TimeRange(.max, .min)
    /// The number of series.
    public var seriesCount = 0
    /// The number of chunks, late ones included.
    public var chunkCount = 0
    /// The number of samples, late ones included.
    public var sampleCount = 0
    /// The number of chunks with late samples.
    public var lateChunkCount = 0
    /// The number of late samples.
    public var lateSampleCount = 0
    /// The length of the file.
    public var byteCount = 0
    /// What the ledger wrote, opaque here.
    public var ledger: [UInt8] = []
    /// The names of the segments that this one replaces.
    public var replaced: [String] = []
    /// The last batch before the latest large step back of the clock inside `range`; zero for none.
    ///
    /// Times up to there say nothing about what is late after it: neither this segment nor an earlier
    /// one gives last times.
    public var clockStep = SequenceNumber.zero

    /// Starts a summary without samples.
    public init(storeID: StoreID, range: SequenceRange) {
        self.storeID = storeID
        self.range = range
    }
}

extension SegmentSummary {
    /// The 64 bytes at the start of the file.
    func header() -> [UInt8] {
        var sink = ByteSink()
        sink.u32(SegmentFormat.magic)
        sink.u16(SegmentFormat.version)
        sink.u16(0)
        sink.raw(storeID.bytes)
        sink.u64(range.after.raw)
        sink.u64(range.through.raw)
        sink.i64(timeRange.start.ms)
        sink.i64(timeRange.end.ms)
        sink.u64(XXH64.hash(sink.bytes.span))
        return sink.bytes
    }

    /// Reads the header; everything else stays empty until the footer was read.
    init(header: Span<UInt8>, path: String) throws(SegmentError) {
        guard header.count >= SegmentFormat.headerBytes else {
            throw .tooShort(path: path, byteCount: header.count)
        }
        let magic = ByteLoads.u32(header, 0)
        guard magic == SegmentFormat.magic else {
            throw .magic(path: path, part: .header, offset: 0, found: UInt64(magic))
        }
        let stored = ByteLoads.u64(header, 56)
        let computed = XXH64.hash(header.extracting(0..<56))
        guard stored == computed else {
            throw .checksum(
                path: path,
                part: .header,
                offset: 0,
                stored: stored,
                computed: computed
            )
        }
        let version = ByteLoads.u16(header, 4)
        guard version == SegmentFormat.version, ByteLoads.u16(header, 6) == 0 else {
            throw .newerVersion(path: path, version: version)
        }
        self.init(
            storeID: StoreID(bytes: [UInt8](copying: header.extracting(8..<24))),
            range: SequenceRange(
                after: SequenceNumber(raw: ByteLoads.u64(header, 24)),
                through: SequenceNumber(raw: ByteLoads.u64(header, 32))
            )
        )
        guard range.through.isPossible else {
            throw .contradiction(
                path: path,
                part: .header,
                offset: 32,
                what: "start \(range.through.start) is later than any there can be"
            )
        }
        guard range.after <= range.through else {
            throw .contradiction(
                path: path,
                part: .header,
                offset: 24,
                what: "batches after \(range.after) through \(range.through)"
            )
        }
        timeRange = TimeRange(
            Timestamp(ms: Int64(bitPattern: ByteLoads.u64(header, 40))),
            Timestamp(ms: Int64(bitPattern: ByteLoads.u64(header, 48)))
        )
    }
}

/// Where the parts of a segment are: everything that a reader keeps of it in memory.
struct SegmentLayout: Equatable {
    /// Where the chunks end and the blocks begin.
    var chunksEnd = 0
    /// Where the directory begins; it ends where the footer begins.
    var directoryOffset = 0
    var directoryChecksum: UInt64 = 0
    var footerOffset = 0
    var nameCount = 0
    var pairCount = 0
    var seriesCount = 0
    var chunkCount = 0
    var nameBlocks = 0
    var valueBlocks = 0
    var rowBlocks = 0
    var postingBlocks = 0
    var seriesBlocks = 0

    /// The number of all blocks.
    var blockCount: Int { nameBlocks + valueBlocks + rowBlocks + postingBlocks + seriesBlocks }
    var directoryEnd: Int { directoryOffset + blockCount * SegmentFormat.blockEntryBytes }

    /// The blocks of a kind among all blocks.
    func blocks(_ part: SegmentPart) -> Range<Int> {
        let values = nameBlocks
        let rows = values + valueBlocks
        let postings = rows + rowBlocks
        let series = postings + postingBlocks
        switch part {
        case .names: return 0..<values
        case .values: return values..<rows
        case .rows: return rows..<postings
        case .postings: return postings..<series
        case .series: return series..<series + seriesBlocks
        default: preconditionFailure("BUG: \(part.rawValue) is no block")
        }
    }
}
