// Finding texts by number and numbers by text. Byte layout: Store.docc/segment-file.md
import Codec
import Model

extension SegmentReader {
    /// The last block of a directory whose first key is not above `key`; nil when there is none.
    func lastBlock(_ part: SegmentPart, from key: UInt64) -> Int? {
        var low = 0
        var high = directory(part).count
        while low < high {
            let middle = (low + high) / 2
            if blockEntry(part, middle).firstKey <= key { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    func symbolBlock(_ number: Int) throws(SegmentError) -> SymbolBlock {
        guard let block = SymbolBlock(try block(.symbols, number)) else {
            throw contradiction(
                .symbols,
                blockEntry(.symbols, number).offset,
                "it holds no whole table"
            )
        }
        return block
    }

    /// The bytes of a symbol; throws when there is none of that number.
    func symbolText(_ number: UInt64) throws(SegmentError) -> ArraySlice<UInt8> {
        guard let place = lastBlock(.symbols, from: number) else {
            throw contradiction(.symbols, layout.symbolDirectory, "there is no symbol \(number)")
        }
        let entry = blockEntry(.symbols, place)
        let block = try symbolBlock(place)
        guard let range = block.range(Int(clamping: number - entry.firstKey)) else {
            throw contradiction(.symbols, entry.offset, "it does not hold symbol \(number)")
        }
        return block.bytes[range]
    }

    /// The number of a text; nil when it is no symbol of this segment.
    func symbolNumber(_ text: String) throws(SegmentError) -> UInt32? {
        let wanted = Array(text.utf8)
        // The last block that does not begin after the text.
        var low = 0
        var high = layout.symbolBlocks
        while low < high {
            let middle = (low + high) / 2
            if try symbolBlock(middle).compare(0, wanted.span) <= 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > 0 else { return nil }
        let block = try symbolBlock(low - 1)
        let place = block.lowerBound(wanted.span)
        guard place < block.count, block.compare(place, wanted.span) == 0 else { return nil }
        return UInt32(truncatingIfNeeded: blockEntry(.symbols, low - 1).firstKey) &+ UInt32(place)
    }
}
