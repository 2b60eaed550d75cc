// Reads one segment file. Byte layout: Store.docc/segment-file.md
import Codec
public import Model
public import Platform
import Synchronization

/// An open segment: a mapping and what its header and footer say; no object a series or chunk.
///
/// Opening checks header, footer and that all parts lie inside the file. The index is checked against
/// its checksum when it is first used, a block or chunk each time it is read: so opening a hundred
/// segments touches a few pages each, and damage comes up where it is.
///
/// Series are named by their index: 0 to `seriesCount` - 1, in the order of their ids. May read the
/// disk in every call: not on the loop.
public final class SegmentReader: Sendable {
    /// Where the file is.
    public let path: String
    /// What header and footer say.
    public let summary: SegmentSummary

    let layout: SegmentLayout
    let bytes: any MappedBytes
    let coders: ChunkCoders
    private let cache: BlockCache
    private let cacheNumber: UInt64
    private let isIndexChecked = Atomic<Bool>(false)

    /// Opens a segment.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - path: its name, for errors.
    ///   - cache: where unpacked blocks are kept.
    ///   - engines: which compressors the chunks may be of.
    /// - Throws: `SegmentError`; everything but `.newerVersion` means that the file is damaged.
    public init(
        _ bytes: any MappedBytes,
        path: String,
        cache: BlockCache = .shared,
        engines: StoreEngines = StoreEngines()
    ) throws(SegmentError) {
        let (summary, layout) = try bytes.withBytes {
            (file: Span<UInt8>) throws(SegmentError) -> (SegmentSummary, SegmentLayout) in
            try SegmentReader.open(file, path)
        }
        self.path = path
        self.bytes = bytes
        self.summary = summary
        self.layout = layout
        self.cache = cache
        coders = ChunkCoders(engines)
        cacheNumber = cache.newSegment()
    }

    /// Opens the segment file at `path`.
    ///
    /// - Throws: `.cannot`, and as `init(_:path:cache:engines:)` of bytes.
    public convenience init(
        _ fileSystem: any FileSystem,
        path: String,
        cache: BlockCache = .shared,
        engines: StoreEngines = StoreEngines()
    ) throws(SegmentError) {
        let bytes: any MappedBytes
        do throws(Errno) {
            bytes = try fileSystem.map(path)
        } catch {
            throw .cannot(action: "map", path: path, cause: error)
        }
        try self.init(bytes, path: path, cache: cache, engines: engines)
    }

    /// Opens a segment of a storage engine.
    ///
    /// - Throws: as `init(_:path:cache:engines:)` of bytes, and what the engine's `read` throws.
    public convenience init(
        _ storage: any StorageEngine,
        name: String,
        cache: BlockCache = .shared,
        engines: StoreEngines = StoreEngines()
    ) throws(SegmentError) {
        try self.init(
            try storage.read(name),
            path: storage.path(of: name),
            cache: cache,
            engines: engines
        )
    }

    /// What it is called.
    public var name: String { FilePath.name(path) }
    /// Whose batches these are.
    public var storeID: StoreID { summary.storeID }
    /// Which batches.
    public var range: SequenceRange { summary.range }
    /// From the first to the last sample.
    public var timeRange: TimeRange { summary.timeRange }
    /// The number of series.
    public var seriesCount: Int { layout.seriesCount }
    /// The length of the file.
    public var byteCount: Int { bytes.count }
    /// The names of the segments that this one replaces.
    public var replaced: [String] { summary.replaced }
    /// What the ledger wrote.
    public var ledgerBytes: [UInt8] { summary.ledger }

    private static func open(
        _ file: Span<UInt8>,
        _ path: String
    ) throws(SegmentError) -> (SegmentSummary, SegmentLayout) {
        guard file.count >= SegmentFormat.minimumBytes else {
            throw .tooShort(path: path, byteCount: file.count)
        }
        var summary = try SegmentSummary(
            header: file.extracting(0..<SegmentFormat.headerBytes),
            path: path
        )
        let footer = try SegmentFooter(file, path: path)
        summary.seriesCount = footer.layout.seriesCount
        summary.chunkCount = footer.layout.chunkCount
        summary.sampleCount = footer.sampleCount
        summary.lateChunkCount = footer.lateChunkCount
        summary.lateSampleCount = footer.lateSampleCount
        summary.byteCount = file.count
        summary.ledger = footer.ledger
        summary.replaced = footer.replaced
        return (summary, footer.layout)
    }

    // MARK: Series

    /// The id of a series.
    /// - Throws: `.checksum` when the index is damaged.
    public func id(of series: Int) throws(SegmentError) -> SeriesID {
        try checkIndex()
        return entry(of: series).id
    }

    /// The index of the series with this id, nil when the segment has none.
    ///
    /// - Complexity: O(log series).
    /// - Throws: `.checksum` when the index is damaged.
    public func seriesIndex(of id: SeriesID) throws(SegmentError) -> Int? {
        try checkIndex()
        var low = 0
        var high = seriesCount
        while low < high {
            let middle = (low + high) / 2
            if entry(of: middle).id < id { low = middle + 1 } else { high = middle }
        }
        return low < seriesCount && entry(of: low).id == id ? low : nil
    }

    /// The time of the last sample of a series that was not late, in milliseconds.
    ///
    /// Nil when the segment has no such sample, and also when its index is damaged: who needs to
    /// know which of both asks `seriesIndex(of:)`.
    public func lastTime(of id: SeriesID) -> Int64? {
        do throws(SegmentError) {
            guard let series = try seriesIndex(of: id) else { return nil }
            return try chunks(of: series).lazy.filter { !$0.isLate }.map(\.end.ms).max()
        } catch {
            return nil
        }
    }

    /// The labels of a series.
    ///
    /// - Throws: `SegmentError` when they cannot be read.
    public func labels(of series: Int) throws(SegmentError) -> Labels {
        try checkIndex()
        let entry = entry(of: series)
        guard entry.block < layout.seriesBlocks else {
            throw contradiction(.index, layout.seriesEntries, "series block \(entry.block)")
        }
        let block = try block(.series, entry.block)
        let pairs: [(name: UInt64, value: UInt64)]
        do throws(CodecError) {
            pairs = try SegmentReader.pairs(block.span, at: entry.blockOffset)
        } catch {
            throw .undecodable(
                path: path,
                part: .series,
                offset: blockEntry(.series, entry.block).offset,
                cause: error
            )
        }
        var sink = ByteSink()
        for pair in pairs {
            sink.field(try symbolText(pair.name))
            sink.field(try symbolText(pair.value))
        }
        return Labels(canonical: sink.bytes)
    }

    // The numbers of a series' names and values.
    private static func pairs(
        _ block: Span<UInt8>,
        at offset: Int
    ) throws(CodecError) -> [(name: UInt64, value: UInt64)] {
        var cursor = ByteCursor(at: offset)
        var pairs: [(name: UInt64, value: UInt64)] = []
        for _ in 0..<(try cursor.varint(block)) {
            let name = try cursor.varint(block)
            if let last = pairs.last, last.name >= name {
                throw .malformed(atByte: cursor.offset, what: "name \(name) after \(last.name)")
            }
            pairs.append((name, try cursor.varint(block)))
        }
        return pairs
    }

    /// The chunks of a series: in the order of their times, late ones last.
    ///
    /// - Throws: `.checksum` when the index is damaged, `.contradiction`.
    public func chunks(of series: Int) throws(SegmentError) -> [ChunkRef] {
        try checkIndex()
        let entry = entry(of: series)
        guard entry.firstChunk <= layout.chunkCount,
            entry.chunkCount <= layout.chunkCount - entry.firstChunk
        else {
            throw contradiction(
                .index,
                layout.seriesEntries,
                "series \(series) has \(entry.chunkCount) chunks from \(entry.firstChunk) on, the "
                    + "segment has \(layout.chunkCount)"
            )
        }
        return (entry.firstChunk..<entry.firstChunk + entry.chunkCount).map { chunk($0) }
    }

    /// Decodes a chunk and adds its samples to `samples`, which stays as it was on an error.
    ///
    /// - Throws: `.chunk`, `.bounds`.
    public func decode(
        _ chunk: ChunkRef,
        into samples: inout SampleColumns
    ) throws(SegmentError) {
        let limit = layout.chunksEnd - chunk.offset
        guard chunk.offset >= SegmentFormat.headerBytes, limit >= ChunkHeader.byteCount else {
            throw .bounds(
                path: path,
                part: .chunk,
                offset: chunk.offset,
                length: ChunkHeader.byteCount,
                limit: limit
            )
        }
        do throws(ChunkError) {
            try bytes.withBytes(in: chunk.offset..<layout.chunksEnd) {
                (file: Span<UInt8>) throws(ChunkError) in
                let header = try ChunkHeader(file)
                let payload = try header.verify(file)
                try coders.decode(file.extracting(payload), header, into: &samples)
            }
        } catch {
            throw .chunk(path: path, offset: chunk.offset, cause: error)
        }
    }

    // MARK: Parts

    func chunk(_ number: Int) -> ChunkRef {
        let start = layout.chunkEntries + number * SegmentFormat.chunkEntryBytes
        return bytes.withBytes(in: start..<start + SegmentFormat.chunkEntryBytes) { ChunkRef($0) }
    }

    func entry(of series: Int) -> SeriesEntry {
        precondition(series >= 0 && series < seriesCount, "BUG: series \(series) of \(seriesCount)")
        let start = layout.seriesEntries + series * SegmentFormat.seriesEntryBytes
        return bytes.withBytes(in: start..<start + SegmentFormat.seriesEntryBytes) {
            SeriesEntry($0)
        }
    }

    /// Where the directory of a kind of block is, and how many blocks there are.
    func directory(_ part: SegmentPart) -> (offset: Int, count: Int) {
        switch part {
        case .symbols: (layout.symbolDirectory, layout.symbolBlocks)
        case .series: (layout.seriesDirectory, layout.seriesBlocks)
        default: (layout.postingDirectory, layout.postingBlocks)
        }
    }

    func blockEntry(_ part: SegmentPart, _ number: Int) -> BlockEntry {
        let start = directory(part).offset + number * SegmentFormat.blockEntryBytes
        return bytes.withBytes(in: start..<start + SegmentFormat.blockEntryBytes) { BlockEntry($0) }
    }

    /// A block, unpacked, from the cache or the file.
    func block(_ part: SegmentPart, _ number: Int) throws(SegmentError) -> [UInt8] {
        let entry = blockEntry(part, number)
        let key = BlockCache.Key(segment: cacheNumber, offset: entry.offset)
        if let block = cache.block(key) { return block }
        let limit = layout.indexOffset - entry.offset
        guard entry.offset >= layout.chunksEnd, entry.storedBytes <= limit else {
            throw .bounds(
                path: path,
                part: part,
                offset: entry.offset,
                length: entry.storedBytes,
                limit: limit
            )
        }
        let end = entry.offset + entry.storedBytes
        let path = path
        let block = try bytes.withBytes(in: entry.offset..<end) {
            (stored: Span<UInt8>) throws(SegmentError) -> [UInt8] in
            let computed = XXH64.hash(stored)
            guard computed == entry.checksum else {
                throw .checksum(
                    path: path,
                    part: part,
                    offset: entry.offset,
                    stored: entry.checksum,
                    computed: computed
                )
            }
            if entry.plainBytes == entry.storedBytes { return [UInt8](copying: stored) }
            do throws(CodecError) {
                return try SnappyBlock.decompress(stored, limit: entry.plainBytes)
            } catch {
                throw .undecodable(path: path, part: part, offset: entry.offset, cause: error)
            }
        }
        cache.keep(block, as: key)
        return block
    }

    /// Checks the index against its checksum, once.
    func checkIndex() throws(SegmentError) {
        if isIndexChecked.load(ordering: .acquiring) { return }
        let computed = bytes.withBytes(in: layout.indexOffset..<layout.indexEnd) { XXH64.hash($0) }
        guard computed == layout.indexChecksum else {
            throw .checksum(
                path: path,
                part: .index,
                offset: layout.indexOffset,
                stored: layout.indexChecksum,
                computed: computed
            )
        }
        isIndexChecked.store(true, ordering: .releasing)
    }

    func contradiction(_ part: SegmentPart, _ offset: Int, _ what: String) -> SegmentError {
        .contradiction(path: path, part: part, offset: offset, what: what)
    }
}
