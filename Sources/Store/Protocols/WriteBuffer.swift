// Where recorded batches lie until their epoch is sealed: one of the engines that `StoreEngines` binds.
public import Platform

/// One stretch of the buffer that stands alone: what its records name is stated in it.
public struct BufferPart: Sendable, Equatable {
    /// Whose it is.
    public var storeID: StoreID
    /// The start that all its batches belong to: the upper half of their numbers.
    public var start: UInt32
    /// All its batches have larger numbers, and those of the next part are larger than its own.
    public var after: SequenceNumber
    /// When it was begun, in milliseconds since 1970 UTC.
    public var createdMs: Int64

    /// Describes a part.
    public init(storeID: StoreID, start: UInt32, after: SequenceNumber, createdMs: Int64) {
        self.storeID = storeID
        self.start = start
        self.after = after
        self.createdMs = createdMs
    }

    /// What tells the parts of a store apart, and orders them as their batches are.
    public var name: String { StoreLayout.partName(after: after, start) }
}

/// Keeps the records of batches, each under its batch's number, until they are trimmed.
///
/// A buffer is a row of parts; the store begins one at each start and each rotation, and appends to
/// the newest alone, under ascending numbers. Records are bytes to the buffer: it gives them back as
/// they came, in the order of their numbers, one behind the other. It need not understand them: they
/// carry their length, their batch's number and a checksum (`Store.docc/write-ahead-log.md`), and a
/// reader finds its way through damage by itself.
///
/// `begin` and `append` are called by one thread at a time; all other calls may come at any time,
/// from any thread. The default is a directory of files, `buffer/` in the store's own (`FileBuffer`).
public protocol WriteBuffer: AnyObject, Sendable {
    /// The parts that are there, in order.
    ///
    /// Called once, before anything else; a part whose description cannot be read is set aside here.
    /// - Throws: `.cannot` when the medium cannot be read, `.newerVersion`.
    func parts() throws(StoreError) -> [BufferPart]

    /// Begins a part, the one that is appended to from now on; those before it stay.
    ///
    /// On return its description survives a power cut. An empty part of the same name is taken over.
    /// - Throws: `.cannot`; then the part before is still the newest.
    func begin(_ part: BufferPart) throws(StoreError)

    /// Appends a batch's records to the newest part.
    ///
    /// They may be on their way still when this returns: a batch is acknowledged after a `sync`. A
    /// reader finds them from now on.
    /// - Throws: `BufferFailure`; of these records nothing is read then.
    func append(_ records: [UInt8], _ number: SequenceNumber) throws(BufferFailure)

    /// Makes safe what was appended before the call, in all parts; callers who come together share
    /// the work.
    ///
    /// - Throws: `BufferLoss` with the parts of which that is not so and will not become so. Each call
    ///   throws them again until they are removed: the next fsync after a failed one may succeed
    ///   without having written anything.
    func sync(against threat: BufferThreat) throws(BufferLoss)

    /// The records of a part, also while it grows; they stay readable when it is removed.
    ///
    /// - Throws: `.cannot` when the part cannot be read.
    func read(_ part: BufferPart) throws(StoreError) -> any BufferSource

    /// Forgets parts, none of them the newest; one that is not there is fine.
    ///
    /// After a power cut they may be back: what is sealed is not replayed.
    /// - Parameters:
    ///   - parts: those that go, as many as can.
    ///   - reason: where it is given, they are set aside for a human, not erased.
    /// - Throws: `.cannot`; what is left is found again at the next start.
    func remove(_ parts: [BufferPart], settingAside reason: String?) throws(StoreError)
}

/// What a batch is made safe against.
public enum BufferThreat: Sendable {
    /// The process ends at any instant.
    case kill
    /// The machine does.
    case powerCut
}

/// The records of a part, one behind the other.
public protocol BufferSource: Sendable {
    /// Where they are, for messages.
    var path: String { get }
    /// Where the first one begins: offsets count bytes of records from there.
    var start: Int64 { get }
    /// Where the last one ends, now.
    func end() throws(Errno) -> Int64
    /// Up to `count` bytes from `offset`; fewer only at the end.
    func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8]
}

/// Why records were not appended.
public struct BufferFailure: Error {
    /// What the system said.
    public var cause: Errno
    /// Whether they may turn up at a start all the same: then their number is not used again, and
    /// nothing is appended behind them.
    public var mayBeStored: Bool

    /// Describes a failure.
    public init(cause: Errno, mayBeStored: Bool) {
        self.cause = cause
        self.mayBeStored = mayBeStored
    }
}

/// Parts that do not keep what they were given.
public struct BufferLoss: Error {
    /// Which ones.
    public var parts: [BufferPart]
    /// Where the first of them is, for messages.
    public var path: String
    /// What the system said.
    public var cause: Errno

    /// Describes a loss.
    public init(parts: [BufferPart], path: String, cause: Errno) {
        self.parts = parts
        self.path = path
        self.cause = cause
    }
}

/// What a write buffer is given when a store opens.
public struct BufferContext: Sendable {
    /// The store's directory.
    public let basePath: String
    /// The machine's files.
    public let fileSystem: any FileSystem
    /// For what happens without a caller who hears of it.
    public let log: Logger
    let quarantine: Quarantine
}
