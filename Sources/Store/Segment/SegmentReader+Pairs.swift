// Finding names and pairs by text, and texts and series by pair. Byte layout: Store.docc/segment-file.md
import Codec
import Model

// Every call here wants the directory checked.
extension SegmentReader {
    // MARK: Names

    /// The pairs of a label name, one a value, in the order of the values; nil when no series has it.
    func pairs(named name: String) throws(SegmentError) -> Range<Int>? {
        let wanted = Array(name.utf8)
        // The last block that does not begin after the name.
        var low = 0
        var high = layout.nameBlocks
        while low < high {
            let middle = (low + high) / 2
            if try first(.names, middle).isAfter(wanted) { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return nil }
        let block = try block(.names, low - 1)
        guard
            var scan = try block.lowerBound(wanted.span, in: 0..<block.count, hasNumbers: true),
            scan.text == wanted
        else { return nil }
        let first = scan.number
        return try scan.advance()
            ? try checked(first, scan.number, block.place) : try lastPairs(first, low - 1)
    }

    /// Calls `body` with each name and its pairs, in order, until it says false.
    func forEachName(
        _ body: ([UInt8], Range<Int>) throws(SegmentError) -> Bool
    ) throws(SegmentError) {
        for number in 0..<layout.nameBlocks {
            let block = try block(.names, number)
            var scan = TextScan(block, hasNumbers: true, at: 0)
            var goesOn = try scan.advance()
            while goesOn {
                let (text, first) = (scan.text, scan.number)
                goesOn = try scan.advance()
                let pairs =
                    goesOn
                    ? try checked(first, scan.number, block.place) : try lastPairs(first, number)
                if try !body(text, pairs) { return }
            }
        }
    }

    /// The name of a pair, and the first pair with that name.
    func name(ofPair pair: Int) throws(SegmentError) -> (text: [UInt8], first: Int) {
        var low = 0
        var high = layout.nameBlocks
        while low < high {
            let middle = (low + high) / 2
            if try first(.names, middle).number <= pair { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { throw missing(pair) }
        let block = try block(.names, low - 1)
        var group = 0
        var end = (block.count - 1) / EntryBlock.groupEntries
        while group < end {
            let middle = (group + end + 1) / 2
            var scan = TextScan(block, hasNumbers: true, at: middle * EntryBlock.groupEntries)
            _ = try scan.advance()
            if scan.number <= pair { group = middle } else { end = middle - 1 }
        }
        var scan = TextScan(block, hasNumbers: true, at: group * EntryBlock.groupEntries)
        guard try scan.advance(), scan.number <= pair else { throw missing(pair) }
        var found = (text: scan.text, first: scan.number)
        while try scan.advance(), scan.number <= pair { found = (scan.text, scan.number) }
        return found
    }

    // The pairs of the last name of a block end where those of the next block's first name begin.
    private func lastPairs(_ start: Int, _ number: Int) throws(SegmentError) -> Range<Int> {
        let end =
            number + 1 < layout.nameBlocks ? try first(.names, number + 1).number : layout.pairCount
        return try checked(start, end, place(of: number, .names))
    }

    private func checked(
        _ first: Int,
        _ end: Int,
        _ place: BlockPlace
    ) throws(SegmentError) -> Range<Int> {
        guard first < end, end <= layout.pairCount else {
            throw place.contradiction("a name with pairs \(first) to \(end) of \(layout.pairCount)")
        }
        return first..<end
    }

    private func missing(_ pair: Int) -> SegmentError {
        contradiction(.names, layout.chunksEnd, "there is no pair \(pair)")
    }

    // The first text of a block of texts.
    private func first(_ part: SegmentPart, _ number: Int) throws(SegmentError) -> TextScan {
        var scan = TextScan(try block(part, number), hasNumbers: part == .names, at: 0)
        guard try scan.advance() else {
            throw contradiction(part, blockEntry(part, number).offset, "a block without texts")
        }
        return scan
    }

    // MARK: Values

    /// The one of `pairs`, which have one name, whose value this is; nil when there is none.
    func pair(of value: String, among pairs: Range<Int>) throws(SegmentError) -> Int? {
        let wanted = Array(value.utf8)
        guard var low = lastBlock(.values, from: UInt64(pairs.lowerBound)),
            var high = lastBlock(.values, from: UInt64(pairs.upperBound - 1))
        else {
            throw contradiction(.values, layout.chunksEnd, "there is no pair \(pairs.lowerBound)")
        }
        // The last of these blocks that does not begin after the value.
        while low < high {
            let middle = (low + high + 1) / 2
            if try first(.values, middle).isAfter(wanted) {
                high = middle - 1
            } else {
                low = middle
            }
        }
        let block = try block(.values, low)
        let base = Int(clamping: blockEntry(.values, low).firstKey)
        let start = max(pairs.lowerBound, base) - base
        let end = min(pairs.upperBound - base, block.count)
        guard start < end,
            let scan = try block.lowerBound(wanted.span, in: start..<end, hasNumbers: false),
            scan.text == wanted
        else { return nil }
        return base + scan.index
    }

    /// Calls `body` with each of `pairs` and its value, until it says false.
    func forEachValue(
        of pairs: Range<Int>,
        _ body: (Int, [UInt8]) throws(SegmentError) -> Bool
    ) throws(SegmentError) {
        var next = pairs.lowerBound
        while next < pairs.upperBound {
            let (block, index) = try entry(.values, next)
            var scan = TextScan(block, hasNumbers: false, at: index)
            try scan.advance(to: index)
            while true {
                if try !body(next, scan.text) { return }
                next += 1
                guard next < pairs.upperBound, try scan.advance() else { break }
            }
        }
    }

    /// The value of a pair.
    func value(ofPair pair: Int) throws(SegmentError) -> [UInt8] {
        let (block, index) = try entry(.values, pair)
        var scan = TextScan(block, hasNumbers: false, at: index)
        try scan.advance(to: index)
        return scan.text
    }

    /// Name and value of a pair as `Labels` has them, with their lengths in front.
    func text(ofPair pair: Int) throws(SegmentError) -> [UInt8] {
        var sink = ByteSink()
        sink.field(try name(ofPair: pair).text)
        sink.field(try value(ofPair: pair))
        return sink.bytes
    }

    // MARK: Series

    /// Adds the series that have one of `pairs` to `set`.
    func insertSeries(withAnyOf pairs: [Int], into set: inout SeriesSet) throws(SegmentError) {
        if pairs.isEmpty { return }
        guard layout.postingBlocks == 0 else {
            for pair in pairs { try insertSeries(withPair: pair, into: &set) }
            return
        }
        var isWanted = [Bool](repeating: false, count: layout.pairCount)
        for pair in pairs { isWanted[pair] = true }
        let block = try entry(.rows, seriesCount - 1).block
        try block.place.decoding { () throws(CodecError) in
            let bytes = block.bytes.span
            var cursor = block.cursor(beforeGroupOf: 0)
            for series in 0..<seriesCount {
                if series % EntryBlock.groupEntries == 0 {
                    cursor = block.cursor(beforeGroupOf: series)
                }
                var isFound = false
                try forEachPair(bytes, &cursor) { isFound = isFound || isWanted[$0] }
                if isFound { set.insert(series) }
            }
        }
    }

    /// Adds the series that have a pair to `set`, of a segment with postings.
    @discardableResult
    func insertSeries(withPair pair: Int, into set: inout SeriesSet) throws(SegmentError) -> Int {
        let (block, index) = try entry(.postings, pair)
        return try block.place.decoding { () throws(CodecError) in
            let bytes = block.bytes.span
            var cursor = block.cursor(beforeGroupOf: index)
            for _ in 0..<index % EntryBlock.groupEntries { try PostingList.skip(bytes, &cursor) }
            return try PostingList.read(bytes, &cursor, into: &set)
        }
    }

    /// The pairs of a series, ascending, in the place of what `pairs` holds.
    func readPairs(of series: Int, into pairs: inout [Int]) throws(SegmentError) {
        let (block, index) = try entry(.rows, series)
        pairs.removeAll(keepingCapacity: true)
        try block.place.decoding { () throws(CodecError) in
            let bytes = block.bytes.span
            var cursor = block.cursor(beforeGroupOf: index)
            for _ in 0..<index % EntryBlock.groupEntries {
                let word = try cursor.varint(bytes)
                for _ in 0..<word >> 1 { _ = try cursor.varint(bytes) }
                if word & 1 != 0 { _ = try cursor.field(bytes) }
            }
            try forEachPair(bytes, &cursor) { pairs.append($0) }
        }
    }

    // Reads one row and steps over it.
    @inline(__always)
    private func forEachPair(
        _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor,
        _ body: (Int) -> Void
    ) throws(CodecError) {
        let word = try cursor.varint(bytes)
        var last: UInt64 = 0
        for place in 0..<word >> 1 {
            let step = try cursor.varint(bytes)
            let (pair, overflow) = last.addingReportingOverflow(step)
            guard !overflow, place == 0 || step > 0, pair < UInt64(layout.pairCount) else {
                throw .malformed(
                    atByte: cursor.offset,
                    what: "pair \(last) + \(step) of \(layout.pairCount)"
                )
            }
            body(Int(pair))
            last = pair
        }
        if word & 1 != 0 { _ = try cursor.field(bytes) }
    }

    // The block with entry `number` of its kind, and where in the block that is.
    private func entry(
        _ part: SegmentPart,
        _ number: Int
    ) throws(SegmentError) -> (block: EntryBlock, index: Int) {
        guard let found = lastBlock(part, from: UInt64(number)) else {
            throw contradiction(part, layout.chunksEnd, "no block has entry \(number)")
        }
        let block = try block(part, found)
        let index = number - Int(clamping: blockEntry(part, found).firstKey)
        try block.check(index)
        return (block, index)
    }
}

extension TextScan {
    fileprivate func isAfter(_ wanted: [UInt8]) -> Bool {
        ByteOrder.compare(text.span, wanted.span) > 0
    }
}

/// Puts the labels of series together; keeps the texts of the pairs that it saw.
///
/// For one use, not to be kept: its memory grows with the pairs that the series have.
struct PairTexts {
    private let segment: SegmentReader
    private var known: [Int: Range<Int>] = [:]
    private var arena: [UInt8] = []
    private var pairs: [Int] = []

    init(_ segment: SegmentReader) {
        self.segment = segment
    }

    /// The labels of a series.
    mutating func labels(of series: Int) throws(SegmentError) -> Labels {
        try segment.checkDirectory()
        try segment.readPairs(of: series, into: &pairs)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 * pairs.count)
        for pair in pairs {
            let range = try text(of: pair)
            bytes.append(copying: arena.span.extracting(range))
        }
        return Labels(canonical: bytes)
    }

    // Where in the arena the pair's canonical bytes are.
    private mutating func text(of pair: Int) throws(SegmentError) -> Range<Int> {
        if let range = known[pair] { return range }
        let start = arena.count
        arena += try segment.text(ofPair: pair)
        known[pair] = start..<arena.count
        return start..<arena.count
    }
}
