// The parts of a segment file that are not chunks: found, checked, unpacked.
// Byte layout: Store.docc/segment-file.md
import Codec
import Platform

/// What was read of a segment and is known to be right.
struct CheckedBlocks {
    var directory: BlockDirectory?
    private var seriesBlocks: [UInt64] = []  // a bit a block

    func hasSeriesBlock(_ number: Int) -> Bool {
        number / 64 < seriesBlocks.count
            && seriesBlocks[number / 64] >> UInt64(number % 64) & 1 != 0
    }

    mutating func noteSeriesBlock(_ number: Int, of count: Int) {
        if seriesBlocks.isEmpty {
            seriesBlocks = [UInt64](repeating: 0, count: (count + 63) / 64)
        }
        seriesBlocks[number / 64] |= 1 << UInt64(number % 64)
    }
}

extension SegmentReader {
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

    /// The directory's entry of block `number` of its kind; the directory was checked.
    func blockEntry(_ part: SegmentPart, _ number: Int) -> BlockEntry {
        guard let directory = checked.withLock({ $0.directory }) else {
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

    func range(
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

    func check(
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
        if checked.withLock({ $0.directory != nil }) { return }
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
        let directory = BlockDirectory(content.span)
        checked.withLock { $0.directory = directory }
    }

    func contradiction(_ part: SegmentPart, _ offset: Int, _ what: String) -> SegmentError {
        .contradiction(path: path, part: part, offset: offset, what: what)
    }

    /// Where block `number` of its kind is, for errors.
    func place(of number: Int, _ part: SegmentPart) -> BlockPlace {
        BlockPlace(path: path, part: part, offset: blockEntry(part, number).offset)
    }
}
