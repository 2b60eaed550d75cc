// Times on a grid, with missed places and deviations. Layout: Codec.docc/columnar-payload.md,
// "Times"

/// Encodes and decodes the times of a chunk whose first and last are known.
enum ColumnarTimes {
    /// Writes the times.
    ///
    /// - Returns: how they are coded, for the first byte of the payload.
    static func write(
        _ times: UnsafePointer<Int64>,
        _ count: Int,
        _ scratch: ColumnarScratch,
        to writer: inout ColumnWriter
    ) -> UInt8 {
        // SAFETY: the caller's column of `count` times; `scratch.integers` is as long.
        let first = unsafe times[0]
        if let step = exactStep(count, first, unsafe times[count &- 1]) {
            var different: Int64 = 0
            var expected = first
            for index in 0..<count {
                different |= unsafe times[index] ^ expected
                expected &+= step
            }
            if different == 0 { return ColumnarLayout.timesExact }
        }
        let step = unsafe commonStep(times, count)
        let start = writer.count
        writer.varint(UInt64(bitPattern: step))
        if unsafe writeGrid(times, count, step, scratch, to: &writer) {
            return ColumnarLayout.timesGrid
        }
        // No grid: more places are missed than it is worth to list.
        writer.rewind(to: start)
        for index in 0..<count {
            unsafe scratch.integers[index] = unsafe times[index] &- first
        }
        unsafe IntegerColumn.write(scratch.integers, count, scratch.block, to: &writer)
        return ColumnarLayout.timesColumn
    }

    /// The step of an exact grid with these ends.
    @inline(__always)
    static func exactStep(_ count: Int, _ first: Int64, _ last: Int64) -> Int64? {
        if count == 1 { return first == last ? 0 : nil }
        // An unsigned distance: the ends may be further apart than Int64.max.
        let distance = UInt64(bitPattern: last &- first)
        guard first < last else { return nil }
        let (step, rest) = distance.quotientAndRemainder(dividingBy: UInt64(count &- 1))
        return rest == 0 ? Int64(bitPattern: step) : nil
    }

    // The median of the first intervals, as whole seconds where it nearly is.
    private static func commonStep(_ times: UnsafePointer<Int64>, _ count: Int) -> Int64 {
        var intervals: [Int64] = []
        for index in 1..<min(34, count) {
            // SAFETY: the caller's column.
            intervals.append(unsafe times[index] &- times[index &- 1])
        }
        intervals.sort()
        let median = intervals[intervals.count / 2]
        guard median > 0, median < Int64.max / 200 else { return max(1, median) }
        let rounded = (median + 500) / 1000 * 1000
        return rounded > 0 && (rounded - median).magnitude * 100 < UInt64(rounded)
            ? rounded : median
    }

    // Returns false when there are too many gaps for a list.
    private static func writeGrid(
        _ times: UnsafePointer<Int64>,
        _ count: Int,
        _ step: Int64,
        _ scratch: ColumnarScratch,
        to writer: inout ColumnWriter
    ) -> Bool {
        var expected = unsafe times[0]
        var gaps = 0
        var all: Int64 = 0
        let listStart = writer.count
        var listed = 0
        writer.advance(3)  // the number of gaps goes here once it is known
        unsafe scratch.integers[0] = 0
        for index in 1..<count {
            // SAFETY: the caller's column, and a scratch column as long.
            let time = unsafe times[index]
            expected &+= step
            var deviation = time &- expected
            if deviation > step / 2 {
                let missed = (deviation &+ step / 2) / step
                if missed > 0 {
                    gaps &+= 1
                    if gaps > count / 8 { return false }
                    writer.varint(UInt64(index &- listed))
                    writer.varint(UInt64(bitPattern: missed))
                    listed = index
                    expected &+= missed &* step
                    deviation = time &- expected
                }
            }
            unsafe scratch.integers[index] = deviation
            all |= deviation
        }
        // Three bytes hold any varint below 2^21: twice a gap for each of 2^17 times, at most. Where the
        // number is shorter, the list moves up.
        let head = UInt64(gaps &<< 1 | (all == 0 ? 0 : 1))
        writer.close(gapOf: 3, at: listStart, with: head)
        if all != 0 {
            unsafe IntegerColumn.write(scratch.integers, count, scratch.block, to: &writer)
        }
        return true
    }

    /// Decodes the times, of which the first is `start` and the last `end`, in ascending order.
    /// - Throws: `CodecError`, also when they do not ascend from `start` to `end`.
    @inline(__always)
    static func read(
        _ cursor: inout ColumnCursor,
        _ layout: UInt8,
        _ target: UnsafeMutablePointer<Int64>,
        _ count: Int,
        _ start: Int64,
        _ end: Int64
    ) throws(CodecError) {
        if layout == ColumnarLayout.timesExact {
            guard let step = exactStep(count, start, end) else {
                throw cursor.malformed("\(count) times from \(start) to \(end) are on no grid")
            }
            // SAFETY: the caller's memory for `count` times.
            var time = start
            for index in 0..<count {
                unsafe target[index] = time
                time &+= step
            }
            return
        }
        try unsafe readUneven(&cursor, layout, target, count, start)
        // Falls count as ones in the sum: a loop without a way out becomes vector code.
        var falls = 0
        for index in 1..<max(1, count) {
            falls &+= unsafe target[index &- 1] < target[index] ? 0 : 1
        }
        guard falls == 0, unsafe target[0] == start, unsafe target[count &- 1] == end else {
            throw cursor.malformed("times that do not ascend from \(start) to \(end)")
        }
    }

    @inline(never)
    private static func readUneven(
        _ cursor: inout ColumnCursor,
        _ layout: UInt8,
        _ target: UnsafeMutablePointer<Int64>,
        _ count: Int,
        _ start: Int64
    ) throws(CodecError) {
        guard layout == ColumnarLayout.timesGrid else {
            guard layout == ColumnarLayout.timesColumn else {
                throw cursor.malformed("times of layout \(layout)")
            }
            try unsafe readColumn(&cursor, target, count)
            for index in 0..<count { unsafe target[index] &+= start }
            return
        }
        let step = Int64(bitPattern: try cursor.varint())
        let head = try cursor.varint()
        let gaps = head &>> 1
        guard gaps < UInt64(count) else {
            throw cursor.malformed("\(gaps) gaps among \(count) times")
        }
        if gaps == 0, head & 1 == 1 {
            return try unsafe readDeviations(&cursor, target, count, start, step)
        }
        var list = cursor
        for _ in 0..<gaps {
            _ = try cursor.varint()
            _ = try cursor.varint()
        }
        if head & 1 == 1 {
            try unsafe readColumn(&cursor, target, count)
        } else {
            unsafe target.update(repeating: 0, count: count)
        }
        var expected = start
        var index = 0
        var place = 0
        for gap in 0...gaps {
            var missed: UInt64 = 0
            var next = count
            if gap < gaps {
                let distance = try list.varint()
                missed = try list.varint()
                guard distance < UInt64(count), place &+ Int(distance) < count else {
                    throw list.malformed("a gap behind \(count) times")
                }
                place &+= Int(distance)
                next = place
            }
            // SAFETY: `next` is at most `count`.
            while index < next {
                unsafe target[index] &+= expected
                expected &+= step
                index &+= 1
            }
            expected &+= Int64(bitPattern: missed) &* step
        }
    }

    // Deviations from a grid without gaps: added block by block, while it is in the cache.
    private static func readDeviations(
        _ cursor: inout ColumnCursor,
        _ target: UnsafeMutablePointer<Int64>,
        _ count: Int,
        _ start: Int64,
        _ step: Int64
    ) throws(CodecError) {
        var reader = IntegerColumn.Reader()
        var expected = start
        var first = 0
        while first < count {
            let length = min(ColumnarLayout.blockCount, count &- first)
            // SAFETY: the caller's memory for `count` integers; a word is a word, signed or not.
            let block = unsafe target + first
            let words = unsafe UnsafeMutableRawPointer(block).assumingMemoryBound(to: UInt64.self)
            _ = try unsafe reader.next(&cursor, words, length)
            for index in 0..<length {
                unsafe block[index] &+= expected
                expected &+= step
            }
            first &+= length
        }
    }

    private static func readColumn(
        _ cursor: inout ColumnCursor,
        _ target: UnsafeMutablePointer<Int64>,
        _ count: Int
    ) throws(CodecError) {
        var reader = IntegerColumn.Reader()
        var start = 0
        while start < count {
            let length = min(ColumnarLayout.blockCount, count &- start)
            // SAFETY: the caller's memory for `count` integers; a word is a word, signed or not.
            let words = unsafe UnsafeMutableRawPointer(target + start)
                .assumingMemoryBound(to: UInt64.self)
            _ = try unsafe reader.next(&cursor, words, length)
            start &+= length
        }
    }
}
