// Reads one segment file. Byte layout: Store.docc/segment-file.md
import Codec
public import Model
public import Platform

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
    let mapped: MappedFile?
    let cache: BlockCache
    let cacheNumber: UInt64
    let checked = Lock(CheckedBlocks())

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
        // A query wants a few pages here and there: reading ahead around each costs megabytes.
        bytes.advise(.random)
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

    /// Says how the file will be read next; a hint that changes no answer.
    public func advise(_ advice: ReadAdvice) { bytes.advise(advice) }

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
}
