// Sorted texts, each said by how it differs from the one before. Layout: Store.docc/segment-file.md
import Codec

/// Walks the texts of an entry block.
///
/// Entries of a names block have a number behind the text; those of a values block have none.
struct TextScan {
    /// The text of the entry that was read last.
    private(set) var text: [UInt8] = []
    /// Its number: the first pair of a name.
    private(set) var number = 0
    private let block: EntryBlock
    private let hasNumbers: Bool
    private var cursor: ByteCursor
    private var next: Int

    /// Stands before the group that holds entry `index`.
    init(_ block: EntryBlock, hasNumbers: Bool, at index: Int) {
        self.block = block
        self.hasNumbers = hasNumbers
        cursor = block.cursor(beforeGroupOf: index)
        next = index / EntryBlock.groupEntries * EntryBlock.groupEntries
    }

    /// The index of the entry that was read last.
    var index: Int { next - 1 }

    /// Reads the next entry; false behind the last one.
    mutating func advance() throws(SegmentError) -> Bool {
        guard next < block.count else { return false }
        let place = block.place
        try place.decoding { () throws(CodecError) in try read() }
        next += 1
        return true
    }

    private mutating func read() throws(CodecError) {
        let block = block
        let bytes = block.bytes.span
        if next % EntryBlock.groupEntries == 0 { text.removeAll(keepingCapacity: true) }
        let shared = Int(clamping: try cursor.varint(bytes))
        guard shared <= text.count else {
            throw .malformed(atByte: cursor.offset, what: "\(shared) of \(text.count) bytes shared")
        }
        let rest = try cursor.field(bytes)
        text.removeLast(text.count - shared)
        text.append(contentsOf: block.bytes[rest])
        if hasNumbers { number = Int(clamping: try cursor.varint(bytes)) }
    }

    /// Reads on to entry `index`, which must lie ahead in the same group or behind it.
    mutating func advance(to index: Int) throws(SegmentError) {
        try block.check(index)
        while next <= index { _ = try advance() }
    }

    /// Reads on to the first entry of `range` whose text is not before `wanted`; false when all are.
    mutating func advance(
        toText wanted: Span<UInt8>,
        in range: Range<Int>
    ) throws(SegmentError) -> Bool {
        while try advance(), index < range.upperBound {
            if index >= range.lowerBound, ByteOrder.compare(text.span, wanted) >= 0 { return true }
        }
        return false
    }
}

extension EntryBlock {
    /// Walks to the first text of `range` that is not before `wanted`; nil when all are before it.
    func lowerBound(
        _ wanted: Span<UInt8>,
        in range: Range<Int>,
        hasNumbers: Bool
    ) throws(SegmentError) -> TextScan? {
        guard !range.isEmpty, range.upperBound <= count else { return nil }
        // The last group that begins inside the range and not behind the text; a group's first text
        // is whole.
        var low = range.lowerBound / EntryBlock.groupEntries
        var high = (range.upperBound - 1) / EntryBlock.groupEntries
        while low < high {
            let middle = (low + high + 1) / 2
            var scan = TextScan(
                self,
                hasNumbers: hasNumbers,
                at: middle * EntryBlock.groupEntries
            )
            _ = try scan.advance()
            if ByteOrder.compare(scan.text.span, wanted) <= 0 {
                low = middle
            } else {
                high = middle - 1
            }
        }
        var scan = TextScan(self, hasNumbers: hasNumbers, at: low * EntryBlock.groupEntries)
        return try scan.advance(toText: wanted, in: range) ? scan : nil
    }
}

extension EntryBlockWriter {
    /// Adds a text that comes after `last`, which was added before.
    mutating func add(_ text: Span<UInt8>, after last: Span<UInt8>) {
        var shared = 0
        if !beginEntry() {
            let limit = min(text.count, last.count)
            while shared < limit, text[shared] == last[shared] { shared &+= 1 }
        }
        entries.varint(UInt64(shared))
        entries.varint(UInt64(text.count - shared))
        entries.raw(text.extracting(shared...))
    }
}
