// A file read with pread(2) where it might be mapped: what `storage.read_mode = "pread"` asks for.

/// The bytes of a file in blocks that are read when they are asked for, and kept in a bounded cache.
///
/// Slower than a mapping, but a disk that does not give a block is an error of that call, where a
/// mapping would end the process with SIGBUS.
public final class BlockFile: MappedBytes {
    // What is asked for is a chunk or a block of an index: some hundred bytes to some thousand.
    private static let blockBytes = 16 << 10
    // Longer pieces are read as they are: they would push everything else out.
    private static let keptBytes = 4 * blockBytes

    public let count: Int
    private let file: any OpenFile
    private let cache: BlockCache
    private let number: UInt64

    /// Takes the file at its present length.
    ///
    /// - Throws: `.inputOutput`, `.fileTooLarge`.
    public init(_ file: any OpenFile, cache: BlockCache) throws(Errno) {
        guard let count = Int(exactly: try file.size()) else { throw .fileTooLarge }
        self.count = count
        self.file = file
        self.cache = cache
        number = cache.newFile()
    }

    public func withBytes<R, E: Error>(
        in range: Range<Int>,
        failing: (Errno) -> E,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count,
            "BUG: bytes \(range) of a file of \(count)"
        )
        if range.isEmpty {
            let nothing: [UInt8] = []
            return try body(nothing.span)
        }
        let first = range.lowerBound / BlockFile.blockBytes
        let last = (range.upperBound - 1) / BlockFile.blockBytes
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try range.count > BlockFile.keptBytes ? read(range) : blocks(first, last)
        } catch {
            throw failing(error)
        }
        let start =
            bytes.count == range.count ? 0 : range.lowerBound - first * BlockFile.blockBytes
        return try body(bytes.span.extracting(start..<start + range.count))
    }

    private func blocks(_ first: Int, _ last: Int) throws(Errno) -> [UInt8] {
        if first == last { return try block(first) }
        var joined: [UInt8] = []
        joined.reserveCapacity((last - first + 1) * BlockFile.blockBytes)
        for number in first...last { joined += try block(number) }
        return joined
    }

    public func advise(_ advice: ReadAdvice, in range: Range<Int>) {}

    private func block(_ number: Int) throws(Errno) -> [UInt8] {
        let start = number * BlockFile.blockBytes
        let key = BlockCache.Key(file: self.number, offset: start)
        if let block = cache.block(key) { return block }
        let block = try read(start..<min(count, start + BlockFile.blockBytes))
        cache.keep(block, as: key)
        return block
    }

    private func read(_ range: Range<Int>) throws(Errno) -> [UInt8] {
        let bytes = try file.read(range.count, at: Int64(range.lowerBound))
        // Someone cut the file: nothing to say about what is missing.
        guard bytes.count == range.count else { throw .inputOutput }
        return bytes
    }
}
