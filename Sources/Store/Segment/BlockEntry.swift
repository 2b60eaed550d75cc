// The entry of a segment's directory for one block. Byte layout: Store.docc/segment-file.md
import Codec

/// All entries of a segment that was read from: some 48 bytes for 256 series.
final class BlockDirectory: Sendable {
    let entries: [BlockEntry]

    /// Reads whole entries, whatever they say.
    init(_ bytes: Span<UInt8>) {
        let size = SegmentFormat.blockEntryBytes
        entries = (0..<bytes.count / size).map {
            BlockEntry(bytes.extracting($0 * size..<($0 + 1) * size))
        }
    }
}

/// Where one block is.
struct BlockEntry {
    var offset: Int
    var storedBytes: Int
    /// Unpacked; the same as `storedBytes` for a block that Snappy did not shrink.
    var plainBytes: Int
    /// What the block begins with: the number of a name, pair or series; of a series block the first
    /// half of its first id.
    var firstKey: UInt64
    /// Over the stored bytes.
    var checksum: UInt64

    init(_ bytes: Span<UInt8>) {
        offset = Int(clamping: ByteLoads.u64(bytes, 0))
        storedBytes = Int(ByteLoads.u32(bytes, 8))
        plainBytes = Int(ByteLoads.u32(bytes, 12))
        firstKey = ByteLoads.u64(bytes, 16)
        checksum = ByteLoads.u64(bytes, 24)
    }

    init(stored: [UInt8], at offset: Int, plainBytes: Int, firstKey: UInt64) {
        self.offset = offset
        storedBytes = stored.count
        self.plainBytes = plainBytes
        self.firstKey = firstKey
        checksum = XXH64.hash(stored.span)
    }

    func write(to sink: inout ByteSink) {
        sink.u64(UInt64(offset))
        sink.u32(UInt32(storedBytes))
        sink.u32(UInt32(plainBytes))
        sink.u64(firstKey)
        sink.u64(checksum)
    }
}
