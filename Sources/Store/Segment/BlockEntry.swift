// The entry of a segment's index for one block. Byte layout: Store.docc/segment-file.md
import Codec

/// Where one block of symbols, series or postings is.
struct BlockEntry {
    var offset: Int
    var storedBytes: Int
    /// Unpacked; the same as `storedBytes` for a block that Snappy did not shrink.
    var plainBytes: Int
    /// What the block begins with: a symbol's or series' number, or a pair's key.
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
