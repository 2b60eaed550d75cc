// Lists of 32-bit numbers in one array: no allocation a list.

/// A list in a `WordPool`: 8 bytes, and none in the pool while it holds at most one number.
struct PooledList {
    /// The only number, or where the list lies.
    fileprivate(set) var start: UInt32 = 0
    /// How many numbers it holds.
    fileprivate(set) var count: UInt32 = 0

    init() {}

    /// Whether it holds nothing.
    var isEmpty: Bool { count == 0 }
}

/// Blocks of words in sizes at most a quarter apart; a block that is given back serves the next list
/// of its size.
struct WordPool {
    private var words: [UInt32] = []
    // By size: the last block that was given back, whose first word leads to the one before it.
    private var free: [UInt32] = []
    /// Words in blocks that were given back.
    private(set) var freeWords = 0

    private static let none = UInt32.max

    /// Words in use.
    var usedWords: Int { words.count - freeWords }
    /// Bytes of the pool.
    var byteCount: Int { words.capacity * 4 }
    /// Whether there is room for the longest of lists.
    var hasRoom: Bool { words.count < Int(UInt32.max) - 1 << 26 }

    /// Room for `count` words, before they come.
    mutating func reserve(_ count: Int) {
        words.reserveCapacity(count)
    }

    subscript(place: Int) -> UInt32 {
        get { words[place] }
        set { words[place] = newValue }
    }

    /// A block of at least `count` words, whose old contents are still there.
    mutating func allocate(_ count: Int) -> UInt32 {
        let size = WordPool.size(of: count)
        if size < free.count, free[size] != WordPool.none {
            let block = free[size]
            free[size] = words[Int(block)]
            freeWords -= WordPool.capacity(of: size)
            return block
        }
        let capacity = WordPool.capacity(of: size)
        let block = UInt32(words.count)
        // A quarter more at a time: twice as much would be half empty.
        if words.capacity < words.count + capacity {
            words.reserveCapacity(words.count + max(capacity, words.count / 4))
        }
        words.append(contentsOf: repeatElement(0, count: capacity))
        return block
    }

    /// Gives back a block that was made for `count` words.
    mutating func release(_ block: UInt32, _ count: Int) {
        let size = WordPool.size(of: count)
        while free.count <= size { free.append(WordPool.none) }
        words[Int(block)] = free[size]
        free[size] = block
        freeWords += WordPool.capacity(of: size)
    }

    /// Adds a number at the end of a list.
    mutating func append(_ number: UInt32, to list: inout PooledList) {
        let count = Int(list.count)
        if count == 0 {
            list.start = number
        } else if count == 1 {
            let only = list.start
            list.start = allocate(2)
            words[Int(list.start)] = only
            words[Int(list.start) + 1] = number
        } else {
            if WordPool.capacity(of: WordPool.size(of: count)) == count {
                let larger = allocate(count + 1)
                for index in 0..<count {
                    words[Int(larger) + index] = words[Int(list.start) + index]
                }
                release(list.start, count)
                list.start = larger
            }
            words[Int(list.start) + count] = number
        }
        list.count += 1
    }

    /// Number `index` of a list.
    func number(_ index: Int, of list: PooledList) -> UInt32 {
        list.count == 1 ? list.start : words[Int(list.start) + index]
    }

    /// Calls `body` with each number of a list.
    @inline(__always)
    func forEach(_ list: PooledList, _ body: (UInt32) -> Void) {
        if list.count == 1 { return body(list.start) }
        let start = Int(list.start)
        for place in start..<start + Int(list.count) { body(words[place]) }
    }

    /// Keeps the numbers of a list that `keep` wants, in their order.
    mutating func filter(_ list: inout PooledList, _ keep: (UInt32) -> Bool) {
        let count = Int(list.count)
        if count == 0 { return }
        if count == 1 {
            if !keep(list.start) { list.count = 0 }
            return
        }
        let start = Int(list.start)
        var kept = 0
        for index in 0..<count where keep(words[start + index]) {
            words[start + kept] = words[start + index]
            kept += 1
        }
        if kept == count { return }
        if kept <= 1 {
            let only = words[start]
            release(list.start, count)
            list.start = only
        } else if WordPool.size(of: kept) != WordPool.size(of: count) {
            let smaller = allocate(kept)
            for index in 0..<kept { words[Int(smaller) + index] = words[start + index] }
            release(UInt32(start), count)
            list.start = smaller
        }
        list.count = UInt32(kept)
    }

    /// A list of another pool, copied into this one with every number changed by `change`.
    mutating func copy(
        _ list: PooledList,
        of other: borrowing WordPool,
        _ change: (UInt32) -> UInt32 = { $0 }
    ) -> PooledList {
        var copy = PooledList()
        copy.count = list.count
        if list.count == 1 {
            copy.start = change(list.start)
        } else if list.count > 1 {
            copy.start = allocate(Int(list.count))
            for index in 0..<Int(list.count) {
                words[Int(copy.start) + index] = change(other.words[Int(list.start) + index])
            }
        }
        return copy
    }

    // Sizes: 1 to 8 words one by one, then four steps a doubling.
    private static func size(of count: Int) -> Int {
        if count <= 8 { return max(count, 1) - 1 }
        let exponent = Int.bitWidth - 1 - (count - 1).leadingZeroBitCount
        let step = (count - 1 - 1 << exponent) >> (exponent - 2)
        return 8 + (exponent - 3) * 4 + step
    }

    private static func capacity(of size: Int) -> Int {
        if size < 8 { return size + 1 }
        let exponent = (size - 8) / 4 + 3
        let step = (size - 8) % 4 + 1
        return 1 << exponent + step << (exponent - 2)
    }
}
