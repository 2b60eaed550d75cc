// One entry of a segment's postings: a label pair and its series. Layout: Store.docc/segment-file.md
import Codec

/// A label pair by the numbers of its symbols; orders by name, then value, because symbols are sorted.
struct PairKey: Hashable, Comparable {
    let raw: UInt64

    init(raw: UInt64) {
        self.raw = raw
    }

    init(name: UInt32, value: UInt32) {
        raw = UInt64(name) << 32 | UInt64(value)
    }

    var name: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }
    var value: UInt32 { UInt32(truncatingIfNeeded: raw) }

    static func < (one: PairKey, other: PairKey) -> Bool { one.raw < other.raw }
}

/// Where one pair's series stand in a postings block.
struct PostingEntry {
    /// The pair.
    let key: PairKey
    /// The coded series in the block.
    let series: Range<Int>

    /// Reads the entry at the cursor and steps past it.
    init(_ cursor: inout ByteCursor, _ block: Span<UInt8>) throws(CodecError) {
        let name = try cursor.varint(block)
        let value = try cursor.varint(block)
        guard let name = UInt32(exactly: name), let value = UInt32(exactly: value) else {
            throw .malformed(atByte: cursor.offset, what: "a pair of symbols \(name) and \(value)")
        }
        key = PairKey(name: name, value: value)
        series = try cursor.field(block)
    }

    /// Adds the entry's series to `set` and returns how many they are.
    @discardableResult
    func insert(into set: inout SeriesSet, _ block: Span<UInt8>) throws(CodecError) -> Int {
        let bytes = block.extracting(series)
        var cursor = ByteCursor()
        var next: UInt64 = 0
        var count = 0
        while cursor.offset < bytes.count {
            let step = try cursor.varint(bytes)
            let (sum, overflow) = next.addingReportingOverflow(step)
            guard !overflow, sum < UInt64(set.universe), count == 0 || step > 0 else {
                throw .malformed(
                    atByte: series.lowerBound + cursor.offset,
                    what: "series \(next) + \(step) of \(set.universe)"
                )
            }
            next = sum
            set.insert(Int(sum))
            count += 1
        }
        return count
    }

    /// Appends an entry: the series must be ascending.
    static func write(_ key: PairKey, _ series: ArraySlice<UInt32>, to sink: inout ByteSink) {
        sink.varint(UInt64(key.name))
        sink.varint(UInt64(key.value))
        var coded: [UInt8] = []
        var last: UInt32 = 0
        for number in series {
            Varint.append(UInt64(number - last), to: &coded)
            last = number
        }
        sink.field(coded)
    }
}
