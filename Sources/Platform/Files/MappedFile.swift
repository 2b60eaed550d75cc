// A regular file, mapped read-only. Sealed files never change, so the length that was checked at
// opening stays true; a file that someone else truncates underneath is a SIGBUS that no code prevents.
internal import Glibc

/// One read-only mapping, unmapped when the last reference goes.
///
/// When not to use this: for small files that are read once (`FileSystem.readAll` costs less), and
/// for files that still grow or may be cut.
///
/// `@unchecked Sendable`: the mapping is immutable memory and the pointer never leaves `withBytes`.
@safe public final class MappedFile: MappedBytes, @unchecked Sendable {
    public let count: Int
    @usableFromInline let start: UnsafeRawPointer?

    /// Maps the whole file at its present length.
    ///
    /// - Throws: what open(2) says, `.isADirectory` and `.invalidArgument` for anything but a regular
    ///   file, `.outOfMemory` when the address space or the map count is used up.
    public init(path: String) throws(Errno) {
        let descriptor = try openRegular(path, O_RDONLY, mode: 0)
        let info = try PosixFileSystem.info(descriptor.raw)
        guard let length = Int(exactly: info.size) else { throw .fileTooLarge }
        count = length
        // mmap(2) refuses a length of 0.
        guard length > 0 else {
            unsafe start = nil
            return
        }
        // SAFETY: a fresh read-only mapping at an address that the kernel picks.
        let address = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor.raw, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .current }
        unsafe start = UnsafeRawPointer(address)
    }

    deinit {
        if let start = unsafe start {
            // SAFETY: mapped in init with this length; nobody can hold a span now.
            _ = unsafe munmap(UnsafeMutableRawPointer(mutating: start), count)
        }
    }

    // Inlinable: a call that knows neither result nor error costs more than reading a small chunk.
    @inlinable
    public func withBytes<R, E: Error>(
        in range: Range<Int>,
        failing: (Errno) -> E,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count,
            "BUG: bytes \(range) of a mapping of \(count)"
        )
        // SAFETY: the range was checked against the mapped length, and `self` keeps the mapping.
        let part = unsafe UnsafeRawBufferPointer(
            start: start.map { unsafe $0 + range.lowerBound },
            count: range.count
        )
        let bytes = unsafe Span<UInt8>(_unsafeBytes: part)
        return try body(bytes)
    }

    public func advise(_ advice: ReadAdvice, in range: Range<Int>) {
        guard let start = unsafe start, !range.isEmpty, range.lowerBound >= 0,
            range.upperBound <= count
        else { return }
        let code =
            switch advice {
            case .normal: MADV_NORMAL
            case .random: MADV_RANDOM
            case .sequential: MADV_SEQUENTIAL
            case .willNeed: MADV_WILLNEED
            case .dontNeed: MADV_DONTNEED
            }
        // madvise(2) wants the start of a page.
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = range.lowerBound / page * page
        // SAFETY: inside the mapping; DONTNEED on a shared file mapping only drops cached pages.
        _ = unsafe madvise(
            UnsafeMutableRawPointer(mutating: start + first),
            range.upperBound - first,
            code
        )
    }
}
