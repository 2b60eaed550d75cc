// Damages valid inputs: a flipped bit, a lost piece, a piece of another input, a token of the language.

/// Changes bytes at random.
struct ByteMutator {
    /// What the reader knows: keywords, marks, edge values.
    var tokens: [[UInt8]]
    /// Inputs do not grow beyond this by mutation.
    var longest = 4096

    /// Takes the reader's vocabulary.
    init(tokens: [String]) {
        self.tokens = tokens.map { Array($0.utf8) }
    }

    /// Numbers at the edges of their types, for tokens of text formats.
    static let numbers = [
        "0", "-0", "1", "-1", "127", "128", "255", "256", "65535", "65536", "2147483647",
        "2147483648", "4294967295", "4294967296", "9007199254740993", "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "18446744073709551615",
        "18446744073709551616", "1e308", "1e309", "5e-324", "1e-400", "NaN", "Inf", "-Inf", "+Inf",
        "0x10", "0x1p3", "1_000", "1.", ".5", "00", "1e", "99999999999999999999999999",
    ]

    /// One of `seeds`, damaged a few times, or as it is.
    func input(_ seeds: [[UInt8]], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = random.pick(seeds)
        damage(&bytes, seeds, &random)
        return bytes
    }

    /// Damages `bytes` a few times, or not at all; pieces may come out of `others`.
    func damage(_ bytes: inout [UInt8], _ others: [[UInt8]], _ random: inout FuzzRandom) {
        // Most inputs stay near a valid one: what is broken early hides what comes after.
        let rounds = random.pick([0, 1, 1, 1, 2, 2, 3, 4, 8, 16])
        for _ in 0..<rounds { damageOnce(&bytes, others, &random) }
        if bytes.count > longest { bytes.removeLast(bytes.count - longest) }
    }

    private func damageOnce(
        _ bytes: inout [UInt8],
        _ others: [[UInt8]],
        _ random: inout FuzzRandom
    ) {
        let range = self.range(bytes, &random)
        switch random.below(12) {
        case 0 where !bytes.isEmpty:
            bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
        case 1 where !bytes.isEmpty:
            bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
        case 2 where !bytes.isEmpty:
            let edges: [UInt8] = [0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xf4, 0xff]
            bytes[random.below(bytes.count)] = random.pick(edges)
        case 3: bytes.removeSubrange(range)
        case 4: bytes.insert(contentsOf: bytes[range], at: range.upperBound)
        case 5: bytes.removeLast(bytes.count - range.lowerBound)
        case 6 where !others.isEmpty:
            let other = random.pick(others)
            bytes.replaceSubrange(range, with: other[self.range(other, &random)])
        case 7:
            bytes.insert(contentsOf: random.bytes(1 + random.below(8)), at: range.lowerBound)
        case 8:
            // The same again and again: depth and length limits.
            let piece = Array(bytes[range].prefix(16))
            let count = 1 << random.below(9)
            bytes.insert(
                contentsOf: repeatElement(piece, count: count).joined(),
                at: range.lowerBound
            )
        case 9:
            let word = random.pick([0, 1, 0x7fff_ffff, 0xffff_ffff, UInt64.max, 1 << 63])
            for (index, shift) in zip(range, stride(from: UInt64(0), to: 64, by: 8)) {
                bytes[index] = UInt8(truncatingIfNeeded: word >> shift)
            }
        default:
            guard !tokens.isEmpty else { return }
            let end = random.oneIn(2) ? range.lowerBound : range.upperBound
            bytes.replaceSubrange(range.lowerBound..<end, with: random.pick(tokens))
        }
    }

    // A range of the bytes, mostly a short one.
    private func range(_ bytes: [UInt8], _ random: inout FuzzRandom) -> Range<Int> {
        let start = random.below(bytes.count + 1)
        let room = bytes.count - start
        let length = random.oneIn(4) ? random.below(room + 1) : random.below(min(room, 8) + 1)
        return start..<start + length
    }
}
