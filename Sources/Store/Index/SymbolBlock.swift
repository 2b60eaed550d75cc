// One block of a segment's symbols: texts in bytewise order. Byte layout: Store.docc/segment-file.md
import Codec

/// Reads the texts of a symbol block, which may be anything.
struct SymbolBlock {
    /// The block, unpacked.
    let bytes: [UInt8]
    /// The number of texts.
    let count: Int
    private let textStart: Int

    /// Nil when the bytes are no symbol block.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return nil }
        let count = Int(ByteLoads.u32(bytes.span, 0))
        guard count > 0, count <= (bytes.count - 8) / 4 else { return nil }
        self.bytes = bytes
        self.count = count
        textStart = 8 + 4 * count
    }

    /// Where text `index` lies in `bytes`; nil when the block lies.
    func range(_ index: Int) -> Range<Int>? {
        guard index >= 0, index < count else { return nil }
        let start = textStart + Int(ByteLoads.u32(bytes.span, 4 + 4 * index))
        let end = textStart + Int(ByteLoads.u32(bytes.span, 8 + 4 * index))
        guard start <= end, end <= bytes.count else { return nil }
        return start..<end
    }

    /// The place of the first text that is not before `text`.
    func lowerBound(_ text: Span<UInt8>) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if compare(middle, text) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// How text `index` compares with `text`.
    func compare(_ index: Int, _ text: Span<UInt8>) -> Int {
        guard let range = range(index) else { return 1 }
        return ByteOrder.compare(bytes.span.extracting(range), text)
    }

    /// The bytes of a block of `texts`, given their lengths and their bytes one after the other.
    static func write(lengths: [Int], texts: [UInt8]) -> [UInt8] {
        var sink = ByteSink()
        sink.u32(UInt32(lengths.count))
        var offset = 0
        sink.u32(0)
        for length in lengths {
            offset += length
            sink.u32(UInt32(offset))
        }
        sink.raw(texts)
        return sink.bytes
    }
}
