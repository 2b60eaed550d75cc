// Texts with numbers: what one remote write 2.0 request's symbols are taken from.
internal import Codec

/// Texts, each kept once, under small numbers; number 0 is the empty text.
///
/// A sender keeps one as long as its series live: a series is then a row of numbers, and a request's
/// symbol table is made without looking at a text twice.
public struct SymbolPool: Sendable {
    private var text: [UInt8] = []
    private var ends: [UInt32] = [0]  // where each text ends; the next begins there
    private var slots: [Int32]  // open addressing: a number, or -1
    private static let emptySlots = 256

    /// Starts with the empty text.
    public init() {
        slots = Array(repeating: -1, count: SymbolPool.emptySlots)
    }

    /// The number of texts.
    public var count: Int { ends.count }

    /// What the pool takes of memory, about.
    public var byteCount: Int { text.count + 4 * ends.count + 4 * slots.count }

    /// The number of a text, which is taken in if it is new.
    ///
    /// Of all texts together there may be 2 GiB.
    public mutating func number(_ bytes: borrowing Span<UInt8>) -> UInt32 {
        if bytes.isEmpty { return 0 }
        var slot = Int(truncatingIfNeeded: XXH64.hash(bytes)) & (slots.count - 1)
        while slots[slot] >= 0 {
            let known = UInt32(slots[slot])
            if isText(known, bytes) { return known }
            slot = (slot + 1) & (slots.count - 1)
        }
        let new = UInt32(ends.count)
        precondition(text.count + bytes.count < Int(Int32.max), "BUG: more texts than a pool takes")
        for index in 0..<bytes.count { text.append(bytes[index]) }
        ends.append(UInt32(text.count))
        slots[slot] = Int32(new)
        if ends.count * 2 > slots.count { grow() }
        return new
    }

    /// The text of a number that this pool gave.
    public func text(_ number: UInt32) -> String {
        String(decoding: text[range(number)], as: UTF8.self)
    }

    /// Where the text of a number lies in `bytes`.
    func range(_ number: UInt32) -> Range<Int> {
        number == 0 ? 0..<0 : Int(ends[Int(number) - 1])..<Int(ends[Int(number)])
    }

    /// All texts, one after the other.
    var bytes: [UInt8] { text }

    private func isText(_ number: UInt32, _ bytes: borrowing Span<UInt8>) -> Bool {
        let range = range(number)
        guard range.count == bytes.count else { return false }
        for index in 0..<bytes.count where text[range.lowerBound + index] != bytes[index] {
            return false
        }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for number in 1..<UInt32(ends.count) {
            let hash = XXH64.hash(text.span.extracting(range(number)))
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(number)
        }
    }
}
