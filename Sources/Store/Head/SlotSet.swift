// A set of small numbers, as one bit each.

/// Slots of series, or numbers of label pairs.
struct SlotSet {
    private var words: [UInt64] = []

    /// Adds a number; says whether it was not there before.
    @discardableResult
    mutating func insert(_ number: UInt32) -> Bool {
        let word = Int(number >> 6)
        if word >= words.count {
            let more = max(word + 1, words.count * 2) - words.count
            words.append(contentsOf: repeatElement(0, count: more))
        }
        let bit = UInt64(1) << UInt64(number & 63)
        if words[word] & bit != 0 { return false }
        words[word] |= bit
        return true
    }

    /// Whether the number is there.
    @inline(__always)
    func contains(_ number: UInt32) -> Bool {
        let word = Int(number >> 6)
        return word < words.count && words[word] >> UInt64(number & 63) & 1 != 0
    }
}
