// An open file behind the FileSystem seam.

/// One open file.
///
/// Safe to share between threads; the kernel orders single calls, nothing orders more.
///
/// It closes itself when the last reference goes; who must know whether that worked calls `close()`.
public protocol OpenFile: AnyObject, Sendable {
    /// The path it was opened by; for messages.
    var path: String { get }

    /// The length in bytes now.
    ///
    /// - Throws: `.inputOutput`.
    func size() throws(Errno) -> Int64

    /// Appends up to `count` bytes from `offset` to `target`.
    ///
    /// - Returns: how many; less than `count` only at the end of the file or of the free room.
    /// - Throws: `.inputOutput` and its kin; what was read before stays in `target`.
    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int

    /// Writes all bytes at `offset`.
    ///
    /// - Throws: `.noSpace`, `.quotaExceeded`, `.inputOutput`, …; a part may have been written.
    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno)

    /// Writes all bytes at the end (mode `append`), else where the last `append` ended.
    ///
    /// - Throws: as `write`; a part may have been written: compare `size()` and truncate.
    func append(_ bytes: Span<UInt8>) throws(Errno)

    /// Cuts or extends the file with zeros; a later `append` of mode `append` goes to the new end.
    ///
    /// - Throws: as `write`.
    func truncate(to size: Int64) throws(Errno)

    /// Reserves room without changing the size, so that later writes into it cannot meet a full disk.
    ///
    /// - Throws: `.noSpace`; `.notSupported` where the file system cannot (go on without).
    func allocate(offset: Int64, length: Int64) throws(Errno)

    /// Makes content and metadata durable: fsync(2).
    ///
    /// - Throws: `.inputOutput`, `.noSpace`; unsynced content of this file is not to be trusted any
    ///   more, and a second sync that succeeds proves nothing.
    func sync() throws(Errno)

    /// Makes content, and of the metadata what reading needs, durable: fdatasync(2).
    ///
    /// - Throws: as `sync`.
    func syncData() throws(Errno)

    /// Closes; every later call throws `.badDescriptor`.
    ///
    /// - Throws: what close(2) says; the file is closed all the same.
    func close() throws(Errno)
}

extension OpenFile {
    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    ///
    /// - Throws: as `read(into:count:at:)`.
    public func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
        try [UInt8](capacity: count) { (target: inout OutputSpan<UInt8>) throws(Errno) in
            _ = try read(into: &target, count: count, at: offset)
        }
    }
}

/// How mapped bytes will be read: madvise(2).
public enum ReadAdvice: Sendable {
    case normal, random, sequential, willNeed, dontNeed
}

/// The bytes of a file for random reading: mapped where they are a file, held where they are not.
public protocol MappedBytes: AnyObject, Sendable {
    /// The length when it was opened; a later growth does not show.
    var count: Int { get }

    /// Lends a part of the bytes for the duration of `body`.
    ///
    /// May read the disk: not on the loop.
    ///
    /// - Parameters:
    ///   - range: inside 0 to `count`.
    ///   - failing: makes the error to throw when the bytes cannot be read. Mapped bytes never call it:
    ///     a disk that does not give them is a SIGBUS, which is what `BlockFile` is for.
    ///   - body: the span ends with it.
    /// - Returns: what `body` returns.
    /// - Throws: what `failing` makes, what `body` throws.
    func withBytes<R, E: Error>(
        in range: Range<Int>,
        failing: (Errno) -> E,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R

    /// Says how a part will be read; a hint without an outcome.
    func advise(_ advice: ReadAdvice, in range: Range<Int>)
}

extension MappedBytes {
    public func advise(_ advice: ReadAdvice) {
        advise(advice, in: 0..<count)
    }
}
