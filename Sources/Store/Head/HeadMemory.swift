// Memory of the active chunks: blocks of words whose readers may outlive their writer.
//
// A reader notes where words lie and how many are final, under the head's lock, and decodes them
// later. So a block that the head gives up is freed only when no reader is left that came before.
// All unsafe memory of the head is handled here.
import Codec
import Glibc

/// A block of 64-bit words that one series' chunk is written to.
@safe struct WordBlock: @unchecked Sendable {
    // SAFETY: written only by the head's owner under the head's lock; words below the noted count are
    // final, and readers hold a pin while they read them.
    fileprivate(set) var words: UnsafeMutablePointer<UInt64>
    fileprivate(set) var capacity: Int
}

/// Where a chunk's bits are, at one moment: what a reader takes along.
struct ChunkBits: Sendable {
    /// The block.
    let block: WordBlock
    /// Final words in it.
    let wholeWordCount: Int
    /// The bits after them, from the top.
    let unfinishedWord: UInt64
    /// All bits.
    let bitCount: Int
    /// The number of points.
    let pointCount: Int

    /// Decodes the points and adds them to the columns.
    ///
    /// The reader's pin must still be held.
    func decode(times: inout [Int64], values: inout [Double]) throws(CodecError) {
        // SAFETY: the block lives as long as the reader's pin, and these words are final.
        try unsafe GorillaDecoder.decode(
            words: Span(_unsafeStart: block.words, count: wholeWordCount),
            unfinishedWord: unfinishedWord,
            bitCount: bitCount,
            count: pointCount,
            times: &times,
            values: &values
        )
    }

    /// The payload as it would stand in a file.
    ///
    /// The reader's pin must still be held.
    var payload: [UInt8] {
        [UInt8](capacity: (bitCount + 7) / 8) { output in
            // SAFETY: as in `decode`.
            let words = unsafe Span(_unsafeStart: block.words, count: wholeWordCount)
            for index in words.indices {
                output.append(bigEndian: UInt64(bigEndian: words[index]), 8)
            }
            output.append(bigEndian: unfinishedWord, (bitCount % 64 + 7) / 8)
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends the first `count` bytes of the word, the highest first.
    fileprivate mutating func append(bigEndian word: UInt64, _ count: Int) {
        var rest = word
        for _ in 0..<count {
            append(UInt8(truncatingIfNeeded: rest &>> 56))
            rest &<<= 8
        }
    }
}

/// Gives out blocks and takes them back when no reader can see them any more.
struct HeadMemory: ~Copyable {
    /// Bytes in blocks that are in use by the head.
    private(set) var usedBytes = 0
    /// Bytes in blocks that wait for their readers.
    private(set) var retiredBytes = 0

    private var retired: [(block: WordBlock, at: UInt64)] = []
    private var pins: [UInt64] = []  // the ticks at which readers came, unordered, few
    private var tick: UInt64 = 1

    /// The first block of a chunk, in words: enough for two dozen points of the usual kind.
    static let firstCapacity = 8

    deinit {
        for entry in retired { HeadMemory.free(entry.block) }
    }

    /// Frees a block at the end of the head itself, when no reader can be left.
    static func discard(_ block: WordBlock) {
        free(block)
    }

    /// A block of `capacity` words.
    mutating func allocate(_ capacity: Int) -> WordBlock {
        guard let memory = unsafe malloc(capacity * 8) else {
            preconditionFailure(
                "BUG: malloc(3) of \(capacity * 8) bytes failed: memory is at its end"
            )
        }
        usedBytes += capacity * 8
        // SAFETY: malloc's memory is aligned for every type and large enough.
        return unsafe WordBlock(
            words: memory.bindMemory(to: UInt64.self, capacity: capacity),
            capacity: capacity
        )
    }

    /// Moves `count` words into a block half as large again.
    mutating func grow(_ block: inout WordBlock, keeping count: Int) {
        let larger = allocate(block.capacity + max(block.capacity / 2, 4))
        // SAFETY: both blocks hold at least `count` words and are not the same.
        unsafe larger.words.update(from: block.words, count: count)
        retire(block)
        block = larger
    }

    /// Gives a block back once no present reader can see it.
    mutating func retire(_ block: WordBlock) {
        usedBytes -= block.capacity * 8
        if pins.isEmpty {
            HeadMemory.free(block)
        } else {
            retiredBytes += block.capacity * 8
            retired.append((block, tick))
        }
    }

    /// Notes a reader; what it can see now stays until `unpin`.
    mutating func pin() -> UInt64 {
        tick += 1
        pins.append(tick)
        return tick
    }

    /// The reader that got `pin` is done.
    mutating func unpin(_ pin: UInt64) {
        guard let place = pins.firstIndex(of: pin) else {
            preconditionFailure("BUG: a reader left twice")
        }
        pins.swapAt(place, pins.count - 1)
        pins.removeLast()
        let oldest = pins.min() ?? .max
        // A block retired at tick t may be seen by readers whose pin is at most t.
        var kept = 0
        for index in retired.indices {
            if retired[index].at < oldest {
                retiredBytes -= retired[index].block.capacity * 8
                HeadMemory.free(retired[index].block)
            } else {
                retired[kept] = retired[index]
                kept += 1
            }
        }
        retired.removeLast(retired.count - kept)
    }

    private static func free(_ block: WordBlock) {
        // SAFETY: the block came from malloc in `allocate`, and nobody refers to it any more.
        unsafe Glibc.free(block.words)
    }
}

extension GorillaEncoder {
    /// The state at this moment, for a reader.
    func bits(in block: WordBlock) -> ChunkBits {
        ChunkBits(
            block: block,
            wholeWordCount: wholeWordCount,
            unfinishedWord: unfinishedWord,
            bitCount: bitCount,
            pointCount: pointCount
        )
    }

    /// Starts a chunk in a new block of `memory`.
    init(time: Int64, value: UInt64, in memory: inout HeadMemory, block: inout WordBlock?) {
        let fresh = memory.allocate(HeadMemory.firstCapacity)
        block = fresh
        // SAFETY: the first capacity holds the header's words.
        unsafe self.init(time: time, value: value, into: fresh.words)
    }

    /// Adds a point, growing the block where the point might not fit.
    @inline(__always)
    mutating func append(
        time: Int64,
        value: UInt64,
        in memory: inout HeadMemory,
        block: inout WordBlock
    ) {
        let needed = wholeWordCount &+ GorillaLayout.maximumWordsPerPoint &+ 1
        if needed > block.capacity { memory.grow(&block, keeping: wholeWordCount) }
        // SAFETY: the block has room for the most words that a point takes.
        unsafe append(time: time, value: value, into: block.words)
    }
}
