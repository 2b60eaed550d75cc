// Where sealed segments live: one of the engines that `StoreEngines` binds.
public import Platform

/// Keeps sealed segments under their names.
///
/// A segment is written once and never changes; a rewrite writes a new one that names what it
/// replaces, and then removes those. The engine needs no memory of its own for that: whatever of the
/// two is there after a crash, the store keeps exactly one of both. `names`, `read` and `create` may
/// be called from any thread, and several segments may be written at a time.
///
/// The default is a directory, `segments/` in the store's own (`SegmentStorage`).
public protocol StorageEngine: Sendable {
    /// The names of all segments that were published and not removed, sorted by bytes.
    ///
    /// Called once, at the start, before anything else: what an interrupted `create` left behind is
    /// removed here.
    /// - Throws: `.cannot` when the medium cannot be read.
    func names() throws(StoreError) -> [String]

    /// The bytes of a segment.
    ///
    /// They stay readable for as long as they are held, whatever becomes of the name.
    /// - Throws: `.cannot`.
    func read(_ name: String) throws(SegmentError) -> any MappedBytes

    /// Starts a segment that will be called `name` once it is published.
    ///
    /// - Parameters:
    ///   - name: replaces a segment of the same name.
    ///   - byteCount: room to reserve, so that a full medium is met before anything is written.
    /// - Returns: where the bytes go.
    /// - Throws: `.cannot`; nothing is left behind then.
    func create(_ name: String, reserving byteCount: Int64) throws(SegmentError) -> any SegmentSink

    /// What a segment takes, and since when it is there.
    ///
    /// - Throws: `.cannot`.
    func facts(of name: String) throws(StoreError) -> StoredSegment

    /// Removes segments, durably; a name that is not there is fine.
    ///
    /// - Throws: `.cannot`: those that were removed before stay removed.
    func remove(_ names: [String]) throws(StoreError)

    /// Sets a damaged segment aside: it is no longer among `names`, and not erased.
    func setAside(_ name: String, reason: String)

    /// Gives segments the same names in a directory on the machine, for a snapshot.
    ///
    /// The directory exists. Links where the medium can, else copies; durable on return.
    /// - Throws: `.cannot`.
    func copy(_ names: [String], to directory: String) throws(StoreError)

    /// The name with its place, for messages and as the path of a `SegmentReader`.
    func path(of name: String) -> String
}

/// A segment on its way in.
///
/// Ends with `publish` or `discard`, or with an error of either call, after which nothing is left but
/// what `publish` says.
public protocol SegmentSink: AnyObject, Sendable {
    /// The name with its place, for messages.
    var path: String { get }

    /// Adds bytes at the end.
    /// - Throws: `.cannot`; the caller discards.
    func append(_ bytes: Span<UInt8>) throws(SegmentError)

    /// Writes `header` over the first bytes, makes everything durable, gives it its name.
    ///
    /// - Throws: `.cannot`: the segment is not there, except when only the name could not be made
    ///   durable.
    func publish(header: Span<UInt8>) throws(SegmentError)

    /// Removes what was added.
    func discard()
}

/// What a storage engine knows of a segment without reading it.
public struct StoredSegment: Sendable, Equatable {
    /// Its length.
    public var byteCount: Int64
    /// What it takes from the medium.
    public var allocatedBytes: Int64
    /// When it was published, milliseconds since 1970 UTC.
    public var storedMs: Int64

    /// Makes facts.
    public init(byteCount: Int64, allocatedBytes: Int64, storedMs: Int64) {
        self.byteCount = byteCount
        self.allocatedBytes = allocatedBytes
        self.storedMs = storedMs
    }
}

/// What a storage engine is given when a store opens.
public struct StorageContext: Sendable {
    /// The store's directory.
    public let basePath: String
    /// The disk.
    public let fileSystem: any FileSystem
    /// For what happens without a caller who hears of it.
    public let log: Logger
    /// How the bytes of segments are to be read.
    public let readMode: ReadMode
    /// Where blocks of files are kept that are read with pread(2).
    public let cache: BlockCache
    let quarantine: Quarantine

    init(
        basePath: String,
        fileSystem: any FileSystem,
        log: Logger,
        readMode: ReadMode = .map,
        cache: BlockCache = .shared,
        quarantine: Quarantine
    ) {
        self.basePath = basePath
        self.fileSystem = fileSystem
        self.log = log
        self.readMode = readMode
        self.cache = cache
        self.quarantine = quarantine
    }
}
