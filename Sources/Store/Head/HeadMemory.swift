// Memory of the active chunks: blocks of a cache line whose readers may outlive their writer.
//
// A chunk is a chain of blocks of 64 bytes: a link to the next block, then seven words of the stream.
// It grows without copying, all blocks are alike, so that what one chunk gives up serves any other.
// Blocks come out of slabs; a slab none of whose blocks is in use goes back to the allocator.
//
// A reader notes where a chain begins and how many words are final, under the head's lock, and decodes
// them later. So a chain that the head gives up is freed only when no reader is left that came before.
import Codec
import Glibc

/// The blocks of one chunk, at the place where it grows.
@safe struct BlockChain: @unchecked Sendable {
    // SAFETY: written only by the head's owner under the head's lock; words below a noted count are
    // final, and readers hold a pin while they read them.
    fileprivate var last: UnsafeMutablePointer<UInt64>?

    /// No block yet.
    init() {
        unsafe last = nil
    }
}

/// Where a chunk begins.
@safe struct BlockStart: @unchecked Sendable {
    // SAFETY: as in `BlockChain`.
    fileprivate var first: UnsafeMutablePointer<UInt64>?

    /// No block yet.
    init() {
        unsafe first = nil
    }
}

/// Where a chunk's bits are, at one moment: what a reader takes along.
struct ChunkBits: Sendable {
    /// The first block.
    let start: BlockStart
    /// The bits after the whole words, from the top.
    let unfinishedWord: UInt64
    /// All bits.
    let bitCount: UInt32
    /// The number of points.
    let points: UInt32

    /// The number of points.
    var pointCount: Int { Int(points) }

    /// Decodes the points and adds them to the columns.
    ///
    /// The reader's pin must still be held.
    func decode(times: inout [Int64], values: inout [Double]) throws(CodecError) {
        try GorillaDecoder.decode(
            payload.span,
            count: pointCount,
            times: &times,
            values: &values
        )
    }

    /// The payload as it would stand in a file.
    ///
    /// The reader's pin must still be held.
    var payload: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Adds the payload as it would stand in a file to the end of `bytes`.
    ///
    /// The reader's pin must still be held.
    func append(to bytes: inout [UInt8]) {
        let byteCount = (Int(bitCount) + 7) / 8
        bytes.append(addingCapacity: byteCount) { output in
            unsafe output.withUnsafeMutableBufferPointer { bytes, initialized in
                var block = unsafe start.first
                var written = 0
                var wanted = Int(bitCount / 64) * 8
                while wanted > 0, let here = unsafe block, let target = bytes.baseAddress {
                    let part = min(wanted, HeadMemory.wordsPerBlock * 8)
                    // SAFETY: the blocks live as long as the reader's pin, the words are final, in
                    // the order of the file's bytes, and there is room for all of them.
                    unsafe memcpy(target + written, here + 1, part)
                    written += part
                    wanted -= part
                    if wanted > 0 { unsafe block = HeadMemory.link(here) }
                }
                var rest = unfinishedWord
                while written < byteCount {
                    unsafe bytes[written] = UInt8(truncatingIfNeeded: rest &>> 56)
                    rest &<<= 8
                    written += 1
                }
                initialized = written
            }
        }
    }
}

/// Gives out blocks and takes them back when no reader can see them any more.
@safe struct HeadMemory: ~Copyable, @unchecked Sendable {
    // SAFETY: the memory is this struct's own, which has one owner at a time.

    /// Bytes in blocks that are in use by the head.
    var usedBytes: Int { usedBlocks * HeadMemory.blockBytes }
    /// Bytes in blocks that wait for their readers.
    var retiredBytes: Int { retiredBlocks * HeadMemory.blockBytes }
    /// Bytes taken from the allocator.
    var heldBytes: Int { slabCount * HeadMemory.slabBytes }

    private var usedBlocks = 0
    private var retiredBlocks = 0
    private var slabCount = 0
    private var retired: [(chain: BlockStart, at: UInt64)] = []
    private var pins: [UInt64] = []  // the ticks at which readers came, unordered, few
    private var tick: UInt64 = 1
    // Slabs with room, the newest first; those without are found from their blocks.
    private var open: UnsafeMutablePointer<Slab>?
    // What one append fills, before it goes to the chain.
    private let scratch: UnsafeMutablePointer<UInt64>

    /// Bytes of a block: one cache line.
    static let blockBytes = 64
    /// Words of the stream in a block.
    static let wordsPerBlock = 7
    // A slab lies at a multiple of its size, so that a block's slab is found from its address. The last
    // block of the room is left to the allocator, whose own words then do not cost a page.
    private static let slabBytes = 1 << 16
    private static let blocksPerSlab: Int32 = 1022

    // The first block of a slab.
    @unsafe private struct Slab {
        var next: UnsafeMutablePointer<Slab>?
        var previous: UnsafeMutablePointer<Slab>?
        var free: UnsafeMutablePointer<UInt64>?
        var used: Int32
        var fresh: Int32
    }

    init() {
        // SAFETY: room for the words of one point, freed by `deinit`.
        unsafe scratch = .allocate(capacity: GorillaLayout.maximumWordsPerPoint + 1)
        unsafe open = nil
    }

    deinit {
        for entry in retired { HeadMemory.discard(entry.chain) }
        var next = unsafe open
        while let slab = unsafe next {
            // SAFETY: a slab in this list came from the allocator; its blocks' owners are gone.
            unsafe next = slab.pointee.next
            unsafe Glibc.free(slab)
        }
        unsafe scratch.deallocate()
    }

    /// Frees a chain at the end of the head itself, when no reader can be left.
    ///
    /// Slabs with room are freed by `deinit`; this finds the full ones.
    static func discard(_ chain: BlockStart) {
        var block = unsafe chain.first
        while let here = unsafe block {
            unsafe block = link(here)
            let slab = unsafe HeadMemory.slab(of: here)
            unsafe slab.pointee.used -= 1
            let isFull = unsafe slab.pointee.fresh == blocksPerSlab && slab.pointee.free == nil
            if unsafe isFull && slab.pointee.used == 0 { unsafe Glibc.free(slab) }
        }
    }

    /// Gives a chunk's blocks back once no present reader can see them.
    mutating func retire(_ chain: BlockStart) {
        if pins.isEmpty {
            free(chain)
        } else {
            let count = HeadMemory.count(chain)
            usedBlocks -= count
            retiredBlocks += count
            retired.append((chain, tick))
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
        guard !retired.isEmpty else { return }
        let oldest = pins.min() ?? .max
        // A chain retired at tick t may be seen by readers whose pin is at most t.
        var kept = 0
        for index in retired.indices {
            if retired[index].at < oldest {
                let count = HeadMemory.count(retired[index].chain)
                retiredBlocks -= count
                usedBlocks += count
                free(retired[index].chain)
            } else {
                retired[kept] = retired[index]
                kept += 1
            }
        }
        retired.removeLast(retired.count - kept)
        if retired.isEmpty { retired = [] }
    }

    // The words from `whole` on that a point filled go to the end of the chain.
    fileprivate mutating func move(_ count: Int, after whole: Int, to chain: inout BlockChain) {
        for index in 0..<count {
            let place = (whole &+ index) % HeadMemory.wordsPerBlock
            if place == 0 { extend(&chain) }
            guard let last = unsafe chain.last else { preconditionFailure("BUG: a chain of none") }
            // SAFETY: a point fills at most as many words as the scratch has; a block has seven.
            unsafe last[1 &+ place] = scratch[index]
        }
    }

    private mutating func extend(_ chain: inout BlockChain) {
        let fresh = unsafe allocate()
        if let last = unsafe chain.last {
            // SAFETY: the first word of a block is its link; no reader follows it before it knows of
            // words behind it.
            unsafe last[0] = UInt64(UInt(bitPattern: fresh))
        }
        unsafe chain.last = fresh
    }

    fileprivate static func link(
        _ block: UnsafeMutablePointer<UInt64>
    ) -> UnsafeMutablePointer<UInt64>? {
        // SAFETY: the first word of a block is 0 or the address of the next one.
        unsafe UnsafeMutablePointer(bitPattern: UInt(block[0]))
    }

    private static func count(_ chain: BlockStart) -> Int {
        var count = 0
        var block = unsafe chain.first
        while let here = unsafe block {
            count += 1
            unsafe block = link(here)
        }
        return count
    }

    private static func slab(of block: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<Slab> {
        let address = UInt(bitPattern: block) & ~UInt(slabBytes - 1)
        guard let slab = unsafe UnsafeMutablePointer<Slab>(bitPattern: address) else {
            preconditionFailure("BUG: a block at no address")
        }
        return unsafe slab
    }

    private mutating func allocate() -> UnsafeMutablePointer<UInt64> {
        let slab = unsafe open ?? addSlab()
        usedBlocks &+= 1
        // SAFETY: a slab in the list has a freed block or a fresh one; both lie inside it.
        unsafe slab.pointee.used += 1
        let block: UnsafeMutablePointer<UInt64>
        if let free = unsafe slab.pointee.free {
            unsafe block = free
            unsafe slab.pointee.free = HeadMemory.link(free)
        } else {
            unsafe slab.pointee.fresh += 1
            unsafe block = UnsafeMutableRawPointer(slab)
                .advanced(by: Int(slab.pointee.fresh) * HeadMemory.blockBytes)
                .assumingMemoryBound(to: UInt64.self)
        }
        unsafe block[0] = 0
        let isFull =
            unsafe slab.pointee.free == nil && slab.pointee.fresh == HeadMemory.blocksPerSlab
        if isFull { unsafe unlist(slab) }
        return unsafe block
    }

    private mutating func addSlab() -> UnsafeMutablePointer<Slab> {
        var memory: UnsafeMutableRawPointer?
        let bytes = HeadMemory.slabBytes - HeadMemory.blockBytes
        guard unsafe posix_memalign(&memory, HeadMemory.slabBytes, bytes) == 0,
            let memory = unsafe memory
        else {
            preconditionFailure("BUG: no memory for a slab of \(bytes) bytes: it is at its end")
        }
        // SAFETY: the memory is aligned for every type and large enough for all blocks.
        let slab = unsafe memory.bindMemory(to: Slab.self, capacity: 1)
        unsafe slab.initialize(
            to: Slab(next: nil, previous: nil, free: nil, used: 0, fresh: 0)
        )
        unsafe list(slab)
        slabCount += 1
        return unsafe slab
    }

    private mutating func free(_ chain: BlockStart) {
        var block = unsafe chain.first
        while let here = unsafe block {
            unsafe block = HeadMemory.link(here)
            let slab = unsafe HeadMemory.slab(of: here)
            // SAFETY: nobody refers to the block any more; its link now leads to the next free one.
            let wasFull =
                unsafe slab.pointee.free == nil && slab.pointee.fresh == HeadMemory.blocksPerSlab
            unsafe here[0] = UInt64(UInt(bitPattern: slab.pointee.free))
            unsafe slab.pointee.free = here
            unsafe slab.pointee.used -= 1
            usedBlocks &-= 1
            if wasFull { unsafe list(slab) }
            if unsafe slab.pointee.used == 0 {
                unsafe unlist(slab)
                unsafe Glibc.free(slab)
                slabCount -= 1
            }
        }
    }

    // SAFETY of both: a slab is in the list exactly while it has room.
    private mutating func list(_ slab: UnsafeMutablePointer<Slab>) {
        unsafe slab.pointee.next = open
        unsafe slab.pointee.previous = nil
        if let open = unsafe open { unsafe open.pointee.previous = slab }
        unsafe open = slab
    }

    private mutating func unlist(_ slab: UnsafeMutablePointer<Slab>) {
        let (next, previous) = unsafe (slab.pointee.next, slab.pointee.previous)
        if let previous = unsafe previous {
            unsafe previous.pointee.next = next
        } else {
            unsafe open = next
        }
        if let next = unsafe next { unsafe next.pointee.previous = previous }
    }

    /// Starts a chunk with its first point.
    fileprivate mutating func begin(
        time: Int64,
        value: UInt64,
        _ chain: inout BlockChain,
        _ start: inout BlockStart
    ) -> GorillaEncoder {
        // SAFETY: the scratch holds the two words of the header.
        let encoder = unsafe GorillaEncoder(time: time, value: value, into: scratch)
        unsafe chain.last = nil
        extend(&chain)
        unsafe start.first = chain.last
        for place in 0..<GorillaLayout.headerWords {
            // SAFETY: the block is fresh and has room for seven words.
            unsafe chain.last?[1 &+ place] = scratch[place]
        }
        return encoder
    }

    /// Adds a point to a chunk that has begun.
    @inline(__always)
    fileprivate mutating func append(
        time: Int64,
        value: UInt64,
        _ encoder: inout GorillaEncoder?,
        _ chain: inout BlockChain
    ) {
        guard let whole = encoder?.wholeWordCount else { return }
        // SAFETY: the scratch holds the most words that a point fills.
        unsafe encoder?.append(time: time, value: value, into: scratch, from: whole)
        let count = (encoder?.wholeWordCount ?? whole) &- whole
        if count > 0 { move(count, after: whole, to: &chain) }
    }
}

extension HeadSeries {
    /// Starts a chunk with its first point; gives back where it begins.
    mutating func beginChunk(
        time: Int64,
        value: UInt64,
        _ memory: inout HeadMemory
    ) -> BlockStart {
        var start = BlockStart()
        encoder = memory.begin(time: time, value: value, &chain, &start)
        return start
    }

    /// Adds a point to the active chunk, which must be there.
    @inline(__always)
    mutating func add(time: Int64, value: UInt64, _ memory: inout HeadMemory) {
        memory.append(time: time, value: value, &encoder, &chain)
    }
}

extension GorillaEncoder {
    /// The state at this moment, for a reader.
    func bits(from start: BlockStart) -> ChunkBits {
        ChunkBits(
            start: start,
            unfinishedWord: unfinishedWord,
            bitCount: UInt32(bitCount),
            points: UInt32(pointCount)
        )
    }
}
