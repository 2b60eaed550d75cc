// Damage to the files of a store that gets past checksums.

/// Damages buffer files, segments, cursor files and STORE.
struct StoreDamage {
    private let mutator: ByteMutator

    init() {
        var mutator = ByteMutator(tokens: ["\u{0}", "\u{1}", "\u{7f}", "\u{1}a"])
        mutator.tokens += [
            [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff], [0x80],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ]
        mutator.longest = 1 << 16
        self.mutator = mutator
    }

    /// Damages bytes, and repairs nothing.
    func bytes(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        mutator.damage(&bytes, [bytes], &random)
    }

    /// Damages a buffer file: its records, or now and then its bytes.
    func buffer(_ file: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = file
        if random.oneIn(6) {
            mutator.damage(&bytes, [file], &random)
            return bytes
        }
        var header = Array(file.prefix(128))
        if random.oneIn(8) {
            var copy = Array(file.prefix(64))
            overwrite(&copy, in: 4..<56, &random)
            ChecksumRepair.prefix(&copy, at: 56)
            header = random.oneIn(4) ? copy + header.suffix(64) : copy + copy
        }
        var records = ChecksumRepair.records(file)
        let payloads = records.map(\.payload)
        for _ in 0..<random.below(4) where !records.isEmpty {
            let place = random.below(records.count)
            switch random.below(10) {
            case 0: records.remove(at: place)
            case 1: records.insert(records[place], at: random.below(records.count + 1))
            case 2: records.swapAt(place, random.below(records.count))
            case 3: records[place].flags ^= 1 << UInt8(random.below(7))
            case 4: records[place].type = UInt8(random.below(5))
            case 5, 6, 7:
                let range = records[place].payload.indices
                overwrite(&records[place].payload, in: range, &random)
            default: mutator.damage(&records[place].payload, payloads, &random)
            }
        }
        bytes = ChecksumRepair.bufferFile(header: header, records)
        // A torn tail.
        if random.oneIn(10) { bytes.removeLast(random.below(min(bytes.count, 40))) }
        return bytes
    }

    /// Damages a segment in place; the parts keep their lengths, the checksums mostly their truth.
    func segment(_ file: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = file
        if random.oneIn(8) {
            mutator.damage(&bytes, [file], &random)
        } else {
            for _ in 0..<1 + random.below(3) {
                // Half of it near the end, where the tables are.
                let start = random.oneIn(2) ? 0 : max(0, bytes.count - 700)
                overwrite(&bytes, in: start..<bytes.count, &random)
            }
        }
        if !random.oneIn(6) { ChecksumRepair.segment(&bytes) }
        return bytes
    }

    /// Damages the STORE file.
    func identity(_ file: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = file
        mutator.damage(&bytes, [file], &random)
        if random.oneIn(2) { ChecksumRepair.prefix(&bytes, at: 32) }
        return bytes
    }

    /// Damages a cursor file: the fields of its slots, or now and then its bytes.
    func cursor(
        _ file: [UInt8],
        _ others: [[UInt8]],
        _ slots: [Int],
        _ random: inout FuzzRandom
    ) -> [UInt8] {
        var bytes = file
        if random.oneIn(6) {
            mutator.damage(&bytes, others, &random)
            return bytes
        }
        for offset in slots where bytes.count >= offset + 1024 && !random.oneIn(3) {
            var slot = Array(bytes[offset..<offset + 1024])
            switch random.below(8) {
            case 0: slot = [UInt8](repeating: 0, count: 1024)
            case 1: slot = Array(bytes.prefix(1024))
            // The number of requests, of which there is room for 8.
            case 2: slot[6] = random.pick([0, 1, 8, 9, 10, 255])
            default: for _ in 0...random.below(4) { overwrite(&slot, in: 0..<480, &random) }
            }
            if !random.oneIn(8) { ChecksumRepair.prefix(&slot, at: 1016) }
            bytes.replaceSubrange(offset..<offset + 1024, with: slot)
        }
        return bytes
    }

    // Writes a byte or a number over what is there.
    private func overwrite(
        _ bytes: inout [UInt8],
        in range: Range<Int>,
        _ random: inout FuzzRandom
    ) {
        let range = range.clamped(to: bytes.indices)
        guard !range.isEmpty else { return }
        var at = range.lowerBound + random.below(range.count)
        let width = random.pick([1, 1, 1, 2, 4, 8])
        if width > 1 { at -= at % width }
        let small = UInt64(random.below(300))
        let word = random.pick([0, 1, small, small, .max, .max >> 1, 1 << 63, random.next()])
        for index in 0..<width where range.contains(at + index) {
            bytes[at + index] = UInt8(truncatingIfNeeded: word >> UInt64(index * 8))
        }
    }
}
