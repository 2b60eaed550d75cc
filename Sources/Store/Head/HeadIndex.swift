// The label index of the head: which series have which label. Only series of the open and the
// sealing epoch and of current batches are in it; every segment has an index of its own.
//
// Every distinct text stands once in an arena; a label pair is a number, a series a run of pairs in
// order of their names, and the holders of a pair a list of slots. Nothing is allocated a series.
import Codec
import Model

/// Label pairs, their holders, and the labels of each series as a run of pairs.
struct HeadIndex {
    struct Name {
        var text: UInt32
        var hash: UInt32
        var pairs = PooledList()
    }

    struct Pair {
        var name: UInt32
        var text: UInt32
        /// The slots of the series that have it and take samples, in no order.
        var holders = PooledList()
        /// Runs with this pair; 0 for a number that is free.
        var references: UInt32 = 0
    }

    // What the extensions read; only this file changes it.
    private(set) var names: [Name] = []
    private(set) var pairs: [Pair] = []
    private(set) var texts = TextArena()
    /// Holders of pairs, pairs of names.
    private(set) var lists = WordPool()
    /// Labels of series: how many, and their pairs.
    private(set) var runs = WordPool()
    private var nameOfText = HashIndex()
    private var pairOfText = HashIndex()
    private var freeNames: [UInt32] = []
    private var freePairs: [UInt32] = []
    private var deadTextBytes = 0

    /// Distinct pairs of label name and value, of series that were let go too while those are known.
    var pairCount: Int { pairs.count - freePairs.count }

    /// Bytes of the texts.
    var textBytes: Int { texts.heldBytes }

    /// Bytes of everything else.
    var tableBytes: Int {
        names.capacity * MemoryLayout<Name>.stride + pairs.capacity * MemoryLayout<Pair>.stride
            + lists.byteCount + runs.byteCount + nameOfText.byteCount + pairOfText.byteCount
            + (freeNames.capacity + freePairs.capacity) * 4
    }

    /// Adds a series; gives back its run, nil when there is no room for one more.
    mutating func add(_ labels: Labels, slot: UInt32) -> UInt32? {
        guard texts.hasRoom, lists.hasRoom, runs.hasRoom else { return nil }
        let count = labels.count
        let run = runs.allocate(count + 1)
        runs[Int(run)] = UInt32(count)
        var place = Int(run)
        labels.forEachRange { name, value in
            let pair = intern(
                labels.bytes.span.extracting(name),
                labels.bytes.span.extracting(value)
            )
            place += 1
            runs[place] = pair
            pairs[Int(pair)].references += 1
            lists.append(slot, to: &pairs[Int(pair)].holders)
        }
        return run
    }

    /// Whether a run stands for these labels.
    func matches(_ run: UInt32, _ labels: Labels) -> Bool {
        let count = Int(runs[Int(run)])
        var index = 0
        var isSame = true
        labels.forEachRange { name, value in
            guard isSame, index < count else {
                isSame = false
                return
            }
            index += 1
            let pair = pairs[Int(runs[Int(run) + index])]
            isSame =
                texts.equals(pair.text, labels.bytes.span.extracting(value))
                && texts.equals(names[Int(pair.name)].text, labels.bytes.span.extracting(name))
        }
        return isSame && index == count
    }

    /// The labels that a run stands for.
    func labels(_ run: UInt32) -> Labels {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128)
        forEachPair(run) { append($0, to: &bytes) }
        return Labels(canonical: bytes)
    }

    /// Calls `body` with each pair of a run, in the order of their names.
    @inline(__always)
    func forEachPair(_ run: UInt32, _ body: (UInt32) -> Void) {
        for index in 0..<Int(runs[Int(run)]) { body(runs[Int(run) + 1 + index]) }
    }

    /// Appends name and value of a pair as `Labels` has them.
    func append(_ pair: UInt32, to bytes: inout [UInt8]) {
        let pair = pairs[Int(pair)]
        texts.append(names[Int(pair.name)].text, to: &bytes)
        texts.append(pair.text, to: &bytes)
    }

    /// Bytes of the names and values of a run.
    func labelBytes(_ run: UInt32) -> Int {
        var bytes = 0
        for index in 0..<Int(runs[Int(run)]) {
            let pair = pairs[Int(runs[Int(run) + 1 + index])]
            bytes += 2 + texts.range(names[Int(pair.name)].text).count
            bytes += texts.range(pair.text).count
        }
        return bytes
    }

    /// Takes series out of the lists of holders; `runsOfGone` are theirs, `isGone` knows their slots.
    ///
    /// Their labels stay known until `forget`. O(holders of the labels of what goes).
    mutating func unlist(_ runsOfGone: [UInt32], _ isGone: SlotSet) {
        var touched = SlotSet()
        for run in runsOfGone {
            for index in 0..<Int(runs[Int(run)]) {
                let pair = runs[Int(run) + 1 + index]
                guard touched.insert(pair) else { continue }
                lists.filter(&pairs[Int(pair)].holders) { !isGone.contains($0) }
            }
        }
    }

    /// Forgets the labels of series that are in no list of holders any more.
    mutating func forget(_ gone: [UInt32]) {
        var touched = SlotSet()
        var dead: [UInt32] = []
        for run in gone {
            let count = Int(runs[Int(run)])
            for index in 0..<count {
                let pair = runs[Int(run) + 1 + index]
                pairs[Int(pair)].references -= 1
                if pairs[Int(pair)].references == 0 { dead.append(pair) }
            }
            runs.release(run, count + 1)
        }
        for pair in dead {
            let name = pairs[Int(pair)].name
            let text = pairs[Int(pair)].text
            pairOfText.remove(pair, hash(ofPair: text, names[Int(name)].hash))
            deadTextBytes += texts.range(text).count
            guard touched.insert(name) else { continue }
            lists.filter(&names[Int(name)].pairs) { pairs[Int($0)].references > 0 }
            if names[Int(name)].pairs.isEmpty {
                nameOfText.remove(name, names[Int(name)].hash)
                deadTextBytes += texts.range(names[Int(name)].text).count
                freeNames.append(name)
            }
        }
        freePairs += dead
    }

    // The numbers of a name and a pair, new or known.
    private mutating func intern(_ name: Span<UInt8>, _ value: Span<UInt8>) -> UInt32 {
        let nameHash = UInt32(truncatingIfNeeded: XXH64.hash(name))
        let nameNumber = find(name, nameHash) ?? addName(name, nameHash)
        let hash = HeadIndex.hash(value, nameHash)
        if let pair = find(value, hash, of: nameNumber) { return pair }
        let text = texts.add(value)
        let pair: UInt32
        if let free = freePairs.popLast() {
            pair = free
            pairs[Int(pair)] = Pair(name: nameNumber, text: text)
        } else {
            pair = UInt32(pairs.count)
            if pairs.count == pairs.capacity {
                pairs.reserveCapacity(pairs.count + max(64, pairs.count / 4))
            }
            pairs.append(Pair(name: nameNumber, text: text))
        }
        pairOfText.insert(pair, hash)
        lists.append(pair, to: &names[Int(nameNumber)].pairs)
        return pair
    }

    private mutating func addName(_ name: Span<UInt8>, _ hash: UInt32) -> UInt32 {
        let entry = Name(text: texts.add(name), hash: hash)
        let number: UInt32
        if let free = freeNames.popLast() {
            number = free
            names[Int(number)] = entry
        } else {
            number = UInt32(names.count)
            names.append(entry)
        }
        nameOfText.insert(number, hash)
        return number
    }

    /// The number of a label name.
    func name(_ text: String) -> UInt32? {
        let bytes = text.utf8.span
        return find(bytes, UInt32(truncatingIfNeeded: XXH64.hash(bytes)))
    }

    /// The number of a label pair.
    func pair(_ name: UInt32, _ value: String) -> UInt32? {
        let bytes = value.utf8.span
        return find(bytes, HeadIndex.hash(bytes, names[Int(name)].hash), of: name)
    }

    private func find(_ name: Span<UInt8>, _ hash: UInt32) -> UInt32? {
        nameOfText.find(hash) { texts.equals(names[Int($0)].text, name) }
    }

    private func find(_ value: Span<UInt8>, _ hash: UInt32, of name: UInt32) -> UInt32? {
        pairOfText.find(hash) {
            pairs[Int($0)].name == name && texts.equals(pairs[Int($0)].text, value)
        }
    }

    // The name goes in by its hash, which compaction does not change, as it does its number.
    private static func hash(_ value: Span<UInt8>, _ nameHash: UInt32) -> UInt32 {
        let mixed = (XXH64.hash(value) ^ UInt64(nameHash)) &* 0x9e37_79b9_7f4a_7c15
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    private func hash(ofPair text: UInt32, _ nameHash: UInt32) -> UInt32 {
        HeadIndex.hash(texts.page(text).span.extracting(texts.range(text)), nameHash)
    }
}

extension HeadIndex {
    /// Whether more than half of some table is waste, so that `compacted` is worth its time.
    var isWasteful: Bool {
        let slack = 1 << 14
        return deadTextBytes * 2 > texts.byteCount + slack
            || freePairs.count * 2 > pairs.count + slack / 4
            || lists.freeWords > lists.usedWords + slack
            || runs.freeWords > runs.usedWords + slack
    }

    /// The same index without waste, but without any run: each goes over by `move`.
    ///
    /// O(texts + holders); the new numbers of the pairs are in the second place.
    func compacted() -> (index: HeadIndex, numbers: [UInt32]) {
        var other = HeadIndex()
        var numbers = [UInt32](repeating: .max, count: pairs.count)
        var nameNumbers = [UInt32](repeating: .max, count: names.count)
        other.pairs.reserveCapacity(pairCount)
        other.lists.reserve(lists.usedWords)
        other.runs.reserve(runs.usedWords)
        for number in names.indices where !names[number].pairs.isEmpty {
            let name = names[number]
            nameNumbers[number] = UInt32(other.names.count)
            var copy = Name(text: other.texts.copy(name.text, of: texts), hash: name.hash)
            lists.forEach(name.pairs) { old in
                let pair = pairs[Int(old)]
                numbers[Int(old)] = UInt32(other.pairs.count)
                var moved = Pair(
                    name: nameNumbers[number],
                    text: other.texts.copy(pair.text, of: texts)
                )
                moved.holders = other.lists.copy(pair.holders, of: lists)
                moved.references = pair.references
                other.pairs.append(moved)
            }
            copy.pairs = other.lists.copy(name.pairs, of: lists) { numbers[Int($0)] }
            other.names.append(copy)
        }
        other.nameOfText = nameOfText.renumbered { nameNumbers[Int($0)] }
        other.pairOfText = pairOfText.renumbered { numbers[Int($0)] }
        return (other, numbers)
    }

    /// Copies a run of `old`, whose pairs have new numbers here.
    mutating func move(_ run: UInt32, of old: borrowing HeadIndex, _ numbers: [UInt32]) -> UInt32 {
        let count = Int(old.runs[Int(run)])
        let copy = runs.allocate(count + 1)
        runs[Int(copy)] = UInt32(count)
        for index in 1...max(count, 1) where index <= count {
            runs[Int(copy) + index] = numbers[Int(old.runs[Int(run) + index])]
        }
        return copy
    }
}

extension TextArena {
    /// Copies a text of another arena.
    fileprivate mutating func copy(_ text: UInt32, of other: borrowing TextArena) -> UInt32 {
        let page = other.page(text)
        return add(page.span.extracting(other.range(text)))
    }
}
