// Memory that encoding one chunk needs besides its output.

/// Columns of one mini block each, for trying the ways to code it.
@safe struct BlockScratch {
    // SAFETY: all of them lie one behind the other in one allocation that outlives the encoding; each has
    // room for a whole mini block, the histograms for those of MiniBlock.plan.
    let plain: UnsafeMutablePointer<UInt64>
    let deltas: UnsafeMutablePointer<UInt64>
    let above: UnsafeMutablePointer<UInt64>
    let changes: UnsafeMutablePointer<UInt64>
    let high: UnsafeMutablePointer<UInt64>
    let low: UnsafeMutablePointer<UInt64>
    let histogram: UnsafeMutablePointer<UInt8>

    /// Words that `init` takes.
    static let words = 6 * ColumnarLayout.blockCount + MiniBlock.histogramLength / 2

    init(_ words: UnsafeMutablePointer<UInt64>) {
        let length = ColumnarLayout.blockCount
        unsafe plain = words
        unsafe deltas = words + length
        unsafe above = words + 2 * length
        unsafe changes = words + 3 * length
        unsafe high = words + 4 * length
        unsafe low = words + 5 * length
        unsafe histogram = UnsafeMutableRawPointer(words + 6 * length)
            .bindMemory(to: UInt8.self, capacity: 4 * MiniBlock.histogramLength)
    }
}

/// All memory for one chunk.
@safe struct ColumnarScratch {
    // SAFETY: parts of one allocation of `words(for:)` words, which outlives the encoding.
    let integers: UnsafeMutablePointer<Int64>
    let exceptions: UnsafeMutablePointer<UInt64>
    let block: BlockScratch
    let output: UnsafeMutableRawPointer

    /// Exceptions that a column of `count` values may have.
    static func exceptionLimit(_ count: Int) -> Int { count / 8 + 1 }

    // A mini block takes at most 8 bytes an integer and 13 more, and there may be two columns of
    // them (times, values), 64 of a step and of gaps (at most one for 8 points, 20 bytes each), and
    // exceptions of 18 bytes; a raw column and an XOR stream take less than what this leaves.
    private static func outputWords(for count: Int) -> Int {
        2 * (count + count / 16 + 4) + 3 * (count / 8 + 1) + 3 * exceptionLimit(count) + 32
    }

    static func words(for count: Int) -> Int {
        count + exceptionLimit(count) + BlockScratch.words + outputWords(for: count)
    }

    init(_ words: UnsafeMutablePointer<UInt64>, count: Int) {
        unsafe integers = UnsafeMutableRawPointer(words).bindMemory(to: Int64.self, capacity: count)
        unsafe exceptions = words + count
        let used = count + ColumnarScratch.exceptionLimit(count)
        unsafe block = BlockScratch(words + used)
        unsafe output = UnsafeMutableRawPointer(words + used + BlockScratch.words)
    }
}
