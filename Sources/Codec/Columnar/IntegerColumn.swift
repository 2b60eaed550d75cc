// A column of any 64-bit integers in mini blocks. Layout: Codec.docc/columnar-payload.md,
// "Integer column"

/// Encodes and decodes integers; all arithmetic wraps around, so every column is possible.
enum IntegerColumn {
    // What a mini block's integers are, bits 0 and 1 of its first byte.
    static let plain: UInt8 = 0  // integer - base
    static let deltas: UInt8 = 1  // zigzag(integer - the one before)
    static let deltasAboveBase: UInt8 = 2  // integer - the one before - base
    static let changes: UInt8 = 3  // zigzag(delta - the delta before)

    /// Writes the column; the integer before the first counts as 0.
    static func write(
        _ column: UnsafePointer<Int64>,
        _ count: Int,
        _ scratch: BlockScratch,
        to writer: inout ColumnWriter
    ) {
        var last: Int64 = 0
        var lastDelta: Int64 = 0
        var start = 0
        while start < count {
            let length = min(ColumnarLayout.blockCount, count &- start)
            // SAFETY: the caller's column; blocks lie inside it.
            let block = unsafe column + start
            unsafe writeBlock(block, length, last, lastDelta, scratch, to: &writer)
            let before = length > 1 ? unsafe block[length &- 2] : last
            last = unsafe block[length &- 1]
            lastDelta = last &- before
            start &+= length
        }
    }

    private static func writeBlock(
        _ block: UnsafePointer<Int64>,
        _ count: Int,
        _ last: Int64,
        _ lastDelta: Int64,
        _ scratch: BlockScratch,
        to writer: inout ColumnWriter
    ) {
        // SAFETY: every scratch column is as long as the longest block.
        var lowest = unsafe block[0]
        var lowestDelta = unsafe block[0] &- last
        var before = last
        for index in 0..<count {
            let value = unsafe block[index]
            lowest = min(lowest, value)
            lowestDelta = min(lowestDelta, value &- before)
            before = value
        }
        before = last
        var deltaBefore = lastDelta
        var anyDelta: Int64 = 0
        for index in 0..<count {
            let value = unsafe block[index]
            let delta = value &- before
            anyDelta |= delta
            unsafe scratch.plain[index] = UInt64(bitPattern: value &- lowest)
            unsafe scratch.deltas[index] = Varint.zigzag(delta)
            unsafe scratch.above[index] = UInt64(bitPattern: delta &- lowestDelta)
            unsafe scratch.changes[index] = Varint.zigzag(delta &- deltaBefore)
            before = value
            deltaBefore = delta
        }
        var kind = deltas
        var source = unsafe scratch.deltas
        var best = MiniBlock(layout: MiniBlock.plain, width: 0, bits: 0)
        if anyDelta != 0 {
            let guesses = Guesses(scratch, count)
            let limit = guesses.limit
            best.bits = .max
            var bits = Int.max
            if guesses.deltas <= limit {
                best = unsafe MiniBlock.plan(scratch.deltas, count, scratch.histogram)
                bits = best.bits
            }
            if guesses.changes <= limit {
                let plan = unsafe MiniBlock.plan(scratch.changes, count, scratch.histogram)
                if plan.bits < bits {
                    unsafe (kind, source, best, bits) = (changes, scratch.changes, plan, plan.bits)
                }
            }
            if guesses.above <= limit {
                let plan = unsafe MiniBlock.plan(scratch.above, count, scratch.histogram)
                let all = plan.bits &+ 8 &* Varint.length(of: Varint.zigzag(lowestDelta))
                if all < bits {
                    unsafe (kind, source, best, bits) = (deltasAboveBase, scratch.above, plan, all)
                }
            }
            if guesses.plain <= limit {
                let plan = unsafe MiniBlock.plan(scratch.plain, count, scratch.histogram)
                let all = plan.bits &+ 8 &* Varint.length(of: Varint.zigzag(lowest))
                if all < bits {
                    unsafe (kind, source, best, bits) = (plain, scratch.plain, plan, all)
                }
            }
        }
        let width = UInt8(truncatingIfNeeded: min(best.width, MiniBlock.widthFollows))
        writer.u8(width &<< 4 | best.layout &<< 2 | kind)
        if kind == plain { writer.varint(Varint.zigzag(lowest)) }
        if kind == deltasAboveBase { writer.varint(Varint.zigzag(lowestDelta)) }
        unsafe best.write(source, count, scratch.high, scratch.low, to: &writer)
    }

    // What a block would take in each way, roughly: bit lengths of every fourth integer. It spares
    // the exact plan of ways that are far off.
    private struct Guesses {
        var plain = 0
        var deltas = 0
        var above = 0
        var changes = 0

        @inline(__always)
        init(_ scratch: BlockScratch, _ count: Int) {
            var index = count & 3
            while index < count {
                // SAFETY: the scratch columns hold `count` integers.
                plain &+= 64 &- (unsafe scratch.plain[index]).leadingZeroBitCount
                deltas &+= 64 &- (unsafe scratch.deltas[index]).leadingZeroBitCount
                above &+= 64 &- (unsafe scratch.above[index]).leadingZeroBitCount
                changes &+= 64 &- (unsafe scratch.changes[index]).leadingZeroBitCount
                index &+= 4
            }
            if count < 16 { (plain, deltas, above, changes) = (0, 0, 0, 0) }
        }

        /// What is worth a plan.
        var limit: Int {
            let least = min(min(plain, deltas), min(above, changes))
            return least &+ least / 8 &+ 4
        }
    }

    /// What decoding knows between two mini blocks.
    struct Reader {
        private var last: Int64 = 0
        private var lastDelta: Int64 = 0

        /// Decodes the next mini block of `count` integers.
        ///
        /// - Returns: whether all of them are the same.
        /// - Throws: `.truncated`, `.varintTooLong`, `.malformed`.
        @inline(__always)
        mutating func next(
            _ cursor: inout ColumnCursor,
            _ target: UnsafeMutablePointer<UInt64>,
            _ count: Int
        ) throws(CodecError) -> Bool {
            let head = try cursor.u8()
            if head == IntegerColumn.deltas {  // plain layout, width 0: nothing changes
                unsafe target.update(repeating: UInt64(bitPattern: last), count: count)
                lastDelta = 0
                return true
            }
            let kind = head & 3
            var base: Int64 = 0
            if kind & 1 == 0 { base = Varint.unzigzag(try cursor.varint()) }
            try unsafe MiniBlock.read(&cursor, head, target, count)
            let before = last
            // SAFETY: the caller's memory for `count` integers.
            switch kind {
            case IntegerColumn.plain:
                let add = UInt64(bitPattern: base)
                for index in 0..<count { unsafe target[index] &+= add }
                last = Int64(bitPattern: unsafe target[count &- 1])
            case IntegerColumn.deltas:
                for index in 0..<count {
                    last &+= Varint.unzigzag(unsafe target[index])
                    unsafe target[index] = UInt64(bitPattern: last)
                }
            case IntegerColumn.deltasAboveBase:
                for index in 0..<count {
                    last &+= Int64(bitPattern: unsafe target[index]) &+ base
                    unsafe target[index] = UInt64(bitPattern: last)
                }
            default:
                var delta = lastDelta
                for index in 0..<count {
                    delta &+= Varint.unzigzag(unsafe target[index])
                    last &+= delta
                    unsafe target[index] = UInt64(bitPattern: last)
                }
            }
            lastDelta =
                last &- (count > 1 ? Int64(bitPattern: unsafe target[count &- 2]) : before)
            return false
        }
    }
}
