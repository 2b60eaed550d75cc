// Reads one segment file. Byte layout: Store.docc/segment-file.md
import Codec
public import Model
public import Platform
import Synchronization

/// An open segment: a mapping and what its header and footer say; no object a series or chunk.
///
/// Opening checks header, footer and that all parts lie inside the file. The directory is checked
/// against its checksum when it is first used, a series block when it is first used, any other block
/// when it is unpacked, a chunk each time it is read: so opening a hundred segments touches a few
/// pages each, and damage comes up where it is.
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
    // The usual case by its type: calls of a final class are direct.
    private let mapped: MappedFile?
    private let cache: BlockCache
    private let cacheNumber: UInt64
    private let directory = AtomicLazyReference<BlockDirectory>()
    private let checkedSeriesBlocks = Lock<[UInt64]>([])  // a bit a block

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
        let (summary, layout) = try SegmentReader.open(bytes, path)
        self.path = path
        self.bytes = bytes
        mapped = bytes as? MappedFile
        self.summary = summary
        self.layout = layout
        self.cache = cache
        coders = ChunkCoders(engines)
        cacheNumber = cache.newFile()
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

    // Reads both ends of the file and nothing between.
    private static func open(
        _ bytes: any MappedBytes,
        _ path: String
    ) throws(SegmentError) -> (SegmentSummary, SegmentLayout) {
        guard bytes.count >= SegmentFormat.minimumBytes else {
            throw .tooShort(path: path, byteCount: bytes.count)
        }
        let failing = { (cause: Errno) in
            SegmentError.cannot(action: "read", path: path, cause: cause)
        }
        var summary = try bytes.withBytes(in: 0..<SegmentFormat.headerBytes, failing: failing) {
            (header) throws(SegmentError) in try SegmentSummary(header: header, path: path)
        }
        let trailerStart = bytes.count - SegmentFormat.trailerBytes
        let footerStart = try bytes.withBytes(in: trailerStart..<bytes.count, failing: failing) {
            (trailer) throws(SegmentError) in
            try SegmentFooter.start(trailer, fileBytes: bytes.count, path: path)
        }
        let footer = try bytes.withBytes(in: footerStart..<bytes.count, failing: failing) {
            (end) throws(SegmentError) in
            try SegmentFooter(end, at: footerStart, path: path)
        }
        summary.seriesCount = footer.layout.seriesCount
        summary.chunkCount = footer.layout.chunkCount
        summary.sampleCount = footer.sampleCount
        summary.lateChunkCount = footer.lateChunkCount
        summary.lateSampleCount = footer.lateSampleCount
        summary.clockStep = footer.clockStep
        summary.byteCount = bytes.count
        summary.ledger = footer.ledger
        summary.replaced = footer.replaced
        return (summary, footer.layout)
    }

    // MARK: Series

    /// The id of a series.
    /// - Throws: `SegmentError` when the series block is damaged.
    public func id(of series: Int) throws(SegmentError) -> SeriesID {
        try withSeriesBlock(of: series) { block, _, index in SeriesBlock.id(block, index) }
    }

    /// The index of the series with this id, nil when the segment has none.
    ///
    /// - Complexity: O(log series).
    /// - Throws: `SegmentError` when the series block is damaged.
    public func seriesIndex(of id: SeriesID) throws(SegmentError) -> Int? {
        try checkDirectory()
        guard let number = lastBlock(.series, from: id.high) else { return nil }
        // Blocks are found by the first half of an id, of which there may be two alike.
        for number in [number, number - 1] where number >= 0 {
            let first = number * SeriesBlock.seriesCount
            let found = try withSeriesBlock(of: first) { block, count, _ -> Int? in
                let place = SeriesBlock.lowerBound(block, count, id)
                return place < count && SeriesBlock.id(block, place) == id ? first + place : nil
            }
            if let found { return found }
            if blockEntry(.series, number).firstKey < id.high { break }
        }
        return nil
    }

    /// The time of the last sample of a series that was not late, in milliseconds.
    ///
    /// Nil when the segment has no such sample, after a large step back of the clock, and also when
    /// its index is damaged: who needs to know which of these asks `seriesIndex(of:)`.
    public func lastTime(of id: SeriesID) -> Int64? {
        guard summary.clockStep == .zero else { return nil }
        do throws(SegmentError) {
            guard let series = try seriesIndex(of: id) else { return nil }
            var last: Int64?
            try forEachChunk(of: series) { chunk in
                if !chunk.isLate { last = max(last ?? .min, chunk.end.ms) }
            }
            return last
        } catch {
            return nil
        }
    }

    /// The labels of a series.
    ///
    /// - Throws: `SegmentError` when they cannot be read.
    public func labels(of series: Int) throws(SegmentError) -> Labels {
        var texts = PairTexts(self)
        return try texts.labels(of: series)
    }

    /// The chunks of a series: in the order of their times, late ones last.
    ///
    /// - Throws: `SegmentError` when the series block is damaged.
    public func chunks(of series: Int) throws(SegmentError) -> [ChunkRef] {
        var chunks: [ChunkRef] = []
        try forEachChunk(of: series) { chunks.append($0) }
        return chunks
    }

    /// Calls `body` with each chunk of a series: in the order of their times, late ones last.
    ///
    /// - Throws: `SegmentError` when the series block is damaged.
    public func forEachChunk(
        of series: Int,
        _ body: (ChunkRef) -> Void
    ) throws(SegmentError) {
        let origin = SeriesBlock.Origin(times: timeRange, chunksEnd: layout.chunksEnd)
        try withSeriesBlock(of: series) { block, count, index throws(SegmentError) in
            try place(of: series / SeriesBlock.seriesCount, .series).decoding {
                () throws(CodecError) in
                try SeriesBlock.forEachChunk(block, count, index, origin, body)
            }
        }
    }

    /// Decodes a chunk and adds its samples to `samples`, which stays as it was on an error.
    ///
    /// - Throws: `.chunk`, `.cannot`.
    public func decode(
        _ chunk: ChunkRef,
        into samples: inout SampleColumns
    ) throws(SegmentError) {
        let path = path
        let end = chunk.offset + chunk.byteCount
        try withBytes(in: chunk.offset..<end) { (file: Span<UInt8>) throws(SegmentError) in
            do throws(ChunkError) {
                let header = try ChunkHeader(file)
                guard Int(header.compressedSize) == file.count - ChunkHeader.byteCount else {
                    throw .truncated(
                        wanted: ChunkHeader.byteCount + Int(header.compressedSize),
                        available: file.count
                    )
                }
                let payload = try header.verify(file)
                try coders.decode(file.extracting(payload), header, into: &samples)
            } catch {
                throw .chunk(path: path, offset: chunk.offset, cause: error)
            }
        }
    }

    /// The header of a chunk, unchecked but for its form.
    ///
    /// - Throws: `.chunk`, `.cannot`.
    public func header(of chunk: ChunkRef) throws(SegmentError) -> ChunkHeader {
        let path = path
        return try withBytes(in: chunk.offset..<chunk.offset + chunk.byteCount) {
            (file: Span<UInt8>) throws(SegmentError) -> ChunkHeader in
            do throws(ChunkError) { return try ChunkHeader(file) } catch {
                throw .chunk(path: path, offset: chunk.offset, cause: error)
            }
        }
    }

    /// The bytes of a chunk as they lie in the file, header first.
    ///
    /// - Throws: `.cannot`.
    public func content(of chunk: ChunkRef) throws(SegmentError) -> [UInt8] {
        try withBytes(in: chunk.offset..<chunk.offset + chunk.byteCount) { (file: Span<UInt8>) in
            [UInt8](copying: file)
        }
    }

    // MARK: Parts

    /// Lends a part of the file.
    func withBytes<R>(
        in range: Range<Int>,
        _ body: (Span<UInt8>) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        if let mapped {
            return try mapped.withBytes(in: range, failing: cannotRead, body)
        }
        return try bytes.withBytes(in: range, failing: cannotRead, body)
    }

    private func cannotRead(_ cause: Errno) -> SegmentError {
        .cannot(action: "read", path: path, cause: cause)
    }

    /// Lends the block that has a series, with the number of its series and the series' place in it.
    func withSeriesBlock<R>(
        of series: Int,
        _ body: (Span<UInt8>, Int, Int) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        precondition(series >= 0 && series < seriesCount, "BUG: series \(series) of \(seriesCount)")
        try checkDirectory()
        let number = series / SeriesBlock.seriesCount
        let count = SeriesBlock.count(of: number, total: seriesCount)
        let entry = blockEntry(.series, number)
        let range = try range(of: entry, .series)
        return try withBytes(in: range) { (block: Span<UInt8>) throws(SegmentError) -> R in
            if !isChecked(number) {
                try check(block, entry, .series)
                try place(of: number, .series).decoding { () throws(CodecError) in
                    try SeriesBlock.check(block, count)
                }
                noteChecked(number)
            }
            return try body(block, count, series % SeriesBlock.seriesCount)
        }
    }

    private func isChecked(_ number: Int) -> Bool {
        checkedSeriesBlocks.withLock { words in
            number / 64 < words.count && words[number / 64] >> UInt64(number % 64) & 1 != 0
        }
    }

    private func noteChecked(_ number: Int) {
        checkedSeriesBlocks.withLock { words in
            if words.isEmpty {
                words = [UInt64](repeating: 0, count: (layout.seriesBlocks + 63) / 64)
            }
            words[number / 64] |= 1 << UInt64(number % 64)
        }
    }

    /// The directory's entry of block `number` of its kind; the directory was checked.
    func blockEntry(_ part: SegmentPart, _ number: Int) -> BlockEntry {
        guard let directory = directory.load() else {
            preconditionFailure("BUG: the directory was not checked")
        }
        return directory.entries[layout.blocks(part).lowerBound + number]
    }

    /// The last block of a kind whose first key is not above `key`; nil when there is none.
    func lastBlock(_ part: SegmentPart, from key: UInt64) -> Int? {
        var low = 0
        var high = layout.blocks(part).count
        while low < high {
            let middle = (low + high) / 2
            if blockEntry(part, middle).firstKey <= key { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    private func range(
        of entry: BlockEntry,
        _ part: SegmentPart
    ) throws(SegmentError) -> Range<Int> {
        let limit = layout.directoryOffset - entry.offset
        guard entry.offset >= layout.chunksEnd, entry.storedBytes <= limit else {
            throw .bounds(
                path: path,
                part: part,
                offset: entry.offset,
                length: entry.storedBytes,
                limit: limit
            )
        }
        return entry.offset..<entry.offset + entry.storedBytes
    }

    private func check(
        _ stored: Span<UInt8>,
        _ entry: BlockEntry,
        _ part: SegmentPart
    ) throws(SegmentError) {
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
    }

    /// A block, unpacked, from the cache or the file.
    func block(_ part: SegmentPart, _ number: Int) throws(SegmentError) -> EntryBlock {
        let entry = blockEntry(part, number)
        let key = BlockCache.Key(file: cacheNumber, offset: entry.offset)
        let content: [UInt8]
        if let block = cache.block(key) {
            content = block
        } else {
            content = try withBytes(in: try range(of: entry, part)) {
                (stored: Span<UInt8>) throws(SegmentError) -> [UInt8] in
                try check(stored, entry, part)
                if entry.plainBytes == entry.storedBytes { return [UInt8](copying: stored) }
                return try place(of: number, part).decoding { () throws(CodecError) in
                    try SnappyBlock.decompress(stored, limit: entry.plainBytes)
                }
            }
            cache.keep(content, as: key)
        }
        return try EntryBlock(content, at: place(of: number, part))
    }

    /// Reads the directory and checks it against its checksum, once.
    func checkDirectory() throws(SegmentError) {
        if directory.load() != nil { return }
        let content = try withBytes(in: layout.directoryOffset..<layout.directoryEnd) {
            (bytes: Span<UInt8>) in [UInt8](copying: bytes)
        }
        let computed = XXH64.hash(content.span)
        guard computed == layout.directoryChecksum else {
            throw .checksum(
                path: path,
                part: .directory,
                offset: layout.directoryOffset,
                stored: layout.directoryChecksum,
                computed: computed
            )
        }
        _ = directory.storeIfNil(BlockDirectory(content.span))
    }

    func contradiction(_ part: SegmentPart, _ offset: Int, _ what: String) -> SegmentError {
        .contradiction(path: path, part: part, offset: offset, what: what)
    }

    /// Where block `number` of its kind is, for errors.
    func place(of number: Int, _ part: SegmentPart) -> BlockPlace {
        BlockPlace(path: path, part: part, offset: blockEntry(part, number).offset)
    }
}
