// Memory in which no read goes unseen that leaves the bytes it was lent. mmap(2), mprotect(2).
import Glibc

/// Lends bytes that touch pages nobody may read, on one side or the other.
///
/// The decoders read through pointers: a missing compare with the end would read what lies behind
/// the bytes, and mostly nothing would come of it. Here it ends the process.
@safe final class GuardedBytes {
    private static let pageBytes = 4096

    // SAFETY: `capacity` bytes between two pages without access; unmapped when this goes, and lent
    // only while it lives.
    private let start: UnsafeMutableRawPointer
    private let capacity: Int

    /// Takes room for `capacity` bytes, in whole pages.
    /// - Throws: when there is no memory.
    init(capacity: Int = 64 << 10) throws(FuzzFinding) {
        let page = GuardedBytes.pageBytes
        let inner = (max(capacity, 1) + page - 1) / page * page
        // SAFETY: a new mapping of our own; its inner pages are opened before anything uses them.
        let whole = unsafe mmap(
            nil,
            inner + 2 * page,
            PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        )
        guard let whole = unsafe whole, unsafe whole != MAP_FAILED,
            unsafe mprotect(whole + page, inner, PROT_READ | PROT_WRITE) == 0
        else { throw FuzzFinding("cannot map \(inner) bytes: errno \(errno)") }
        unsafe start = whole + page
        self.capacity = inner
    }

    deinit {
        // SAFETY: what `init` mapped.
        _ = unsafe munmap(start - GuardedBytes.pageBytes, capacity + 2 * GuardedBytes.pageBytes)
    }

    /// Lends a copy of `bytes`, with the forbidden page behind its last byte or before its first.
    ///
    /// - Parameters:
    ///   - bytes: at most the capacity.
    ///   - isAtEnd: whether it is the page behind.
    ///   - body: gets the bytes; they are overwritten by the next call.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    func lend<Result, Failure: Error>(
        _ bytes: [UInt8],
        atEnd isAtEnd: Bool,
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(bytes.count <= capacity, "BUG: \(bytes.count) bytes for \(capacity)")
        // SAFETY: the copy lies inside the open pages.
        let copy = unsafe start + (isAtEnd ? capacity - bytes.count : 0)
        unsafe bytes.withUnsafeBytes { source in
            if let first = source.baseAddress {
                unsafe copy.copyMemory(from: first, byteCount: source.count)
            }
        }
        let lent = unsafe UnsafeRawBufferPointer(start: copy, count: bytes.count)
        return try body(unsafe Span(_unsafeBytes: lent))
    }
}
