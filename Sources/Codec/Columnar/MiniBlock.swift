// Up to 128 small integers: packed at one width, with the odd large one patched in. Layout:
// Codec.docc/columnar-payload.md, "Mini block"

/// How the integers of one mini block are laid out: the cheapest of the ways that there are.
struct MiniBlock {
    // Layouts, bits 2 and 3 of a block's first byte.
    static let plain: UInt8 = 0
    static let listed: UInt8 = 1
    static let mapped: UInt8 = 2
    /// The width in the first byte that says that a byte with the width follows.
    static let widthFollows = 15

    var layout: UInt8
    var width: Int
    /// Integers with more than `width` bits, and how many bits more they have.
    var patches = 0
    var patchWidth = 0
    /// The whole cost in bits, without the first byte.
    var bits: Int

    /// Plans `count` integers, at most `ColumnarLayout.blockCount`, by the histogram of their bit
    /// lengths.
    static func plan(
        _ source: UnsafePointer<UInt64>,
        _ count: Int,
        _ histogram: UnsafeMutablePointer<UInt8>
    ) -> MiniBlock {
        let length = histogramLength
        // SAFETY: the memory holds four histograms. Four, because neighbours often have the same length, and
        // counting in one place again and again waits for the count before.
        unsafe histogram.update(repeating: 0, count: 4 &* length)
        var all: UInt64 = 0
        var index = 0
        while index &+ 4 <= count {
            let first = unsafe source[index]
            let second = unsafe source[index &+ 1]
            let third = unsafe source[index &+ 2]
            let fourth = unsafe source[index &+ 3]
            all |= first | second | third | fourth
            unsafe histogram[64 &- first.leadingZeroBitCount] &+= 1
            unsafe histogram[length &+ 64 &- second.leadingZeroBitCount] &+= 1
            unsafe histogram[2 &* length &+ 64 &- third.leadingZeroBitCount] &+= 1
            unsafe histogram[3 &* length &+ 64 &- fourth.leadingZeroBitCount] &+= 1
            index &+= 4
        }
        while index < count {
            let value = unsafe source[index]
            all |= value
            unsafe histogram[64 &- value.leadingZeroBitCount] &+= 1
            index &+= 1
        }
        for bits in 0..<length {
            unsafe histogram[bits] &+=
                histogram[length &+ bits] &+ histogram[2 &* length &+ bits]
                &+ histogram[3 &* length &+ bits]
        }
        return unsafe cheapest(64 &- all.leadingZeroBitCount, count, histogram)
    }

    /// Counts in one of the four histograms of `plan`: 65, and some for whole vectors.
    static let histogramLength = 80

    private static func cheapest(
        _ widest: Int,
        _ count: Int,
        _ histogram: UnsafePointer<UInt8>
    ) -> MiniBlock {
        var best = MiniBlock(layout: plain, width: widest, bits: count &* widest &+ follow(widest))
        let mapBits = 8 &+ (count &+ 7) & ~7
        var patches = 0
        var width = widest &- 1
        while width >= 0 {
            // SAFETY: the histogram has a count for each bit length.
            patches &+= Int(truncatingIfNeeded: unsafe histogram[width &+ 1])
            if patches &* 2 > count { break }
            let list = 16 &+ 8 &* patches
            let places = min(list, mapBits)
            let bits =
                count &* width &+ patches &* (widest &- width) &+ follow(width) &+ places
            if bits < best.bits {
                best = MiniBlock(
                    layout: list <= mapBits ? listed : mapped,
                    width: width,
                    patches: patches,
                    patchWidth: widest &- width,
                    bits: bits
                )
            }
            width &-= 1
        }
        return best
    }

    @inline(__always)
    private static func follow(_ width: Int) -> Int { width < widthFollows ? 0 : 8 }

    /// Writes everything behind the first byte and its base.
    func write(
        _ source: UnsafePointer<UInt64>,
        _ count: Int,
        _ high: UnsafeMutablePointer<UInt64>,
        _ low: UnsafeMutablePointer<UInt64>,
        to writer: inout ColumnWriter
    ) {
        if width >= MiniBlock.widthFollows { writer.u8(UInt8(truncatingIfNeeded: width)) }
        if layout == MiniBlock.plain {
            unsafe BitPacking.pack(source, count, width, to: &writer)
            return
        }
        let mask = (1 as UInt64) &<< UInt64(truncatingIfNeeded: width) &- 1  // width < 64 here
        if layout == MiniBlock.listed { writer.u8(UInt8(truncatingIfNeeded: patches)) }
        writer.u8(UInt8(truncatingIfNeeded: patchWidth))
        // No branch on what is patched, which nothing could predict: each integer is written where a
        // patch would go, and the next one over it unless it is one.
        let places = unsafe writer.end
        var found = 0
        if layout == MiniBlock.listed {
            for index in 0..<count {
                // SAFETY: both scratch columns are as long as a block, at most half of its integers are
                // patched, and the output has room for more places than that.
                let value = unsafe source[index]
                let rest = value &>> UInt64(truncatingIfNeeded: width)
                unsafe low[index] = value & mask
                unsafe high[found] = rest
                let place = UInt8(truncatingIfNeeded: index)
                unsafe places.storeBytes(of: place, toByteOffset: found, as: UInt8.self)
                found &+= rest != 0 ? 1 : 0
            }
            writer.advance(found)
        } else {
            var map: UInt8 = 0
            for index in 0..<count {
                // SAFETY: as above; a bit for each integer.
                let value = unsafe source[index]
                let rest = value &>> UInt64(truncatingIfNeeded: width)
                unsafe low[index] = value & mask
                unsafe high[found] = rest
                let isPatched = rest != 0
                found &+= isPatched ? 1 : 0
                map = map &>> 1 | (isPatched ? 0x80 : 0)
                if index & 7 == 7 {
                    unsafe places.storeBytes(of: map, toByteOffset: index &>> 3, as: UInt8.self)
                }
            }
            if count & 7 != 0 {
                map &>>= UInt8(truncatingIfNeeded: 8 &- count & 7)
                unsafe places.storeBytes(of: map, toByteOffset: count &>> 3, as: UInt8.self)
            }
            writer.advance((count &+ 7) &>> 3)
        }
        unsafe BitPacking.pack(high, found, patchWidth, to: &writer)
        unsafe BitPacking.pack(low, count, width, to: &writer)
    }

    /// Reads a block whose first byte was `head`, and steps over it.
    /// - Throws: `.truncated`, `.malformed`.
    @inline(__always)
    static func read(
        _ cursor: inout ColumnCursor,
        _ head: UInt8,
        _ target: UnsafeMutablePointer<UInt64>,
        _ count: Int
    ) throws(CodecError) {
        var width = Int(head &>> 4)
        if width == widthFollows {
            width = Int(try cursor.u8())
            guard width <= 64 else { throw cursor.malformed("a mini block of width \(width)") }
        }
        if head & 0b1100 == 0 {
            try unsafe BitPacking.unpack(&cursor, target, count, width)
        } else {
            try unsafe readPatched(&cursor, head &>> 2 & 3, width, target, count)
        }
    }

    private static func readPatched(
        _ cursor: inout ColumnCursor,
        _ layout: UInt8,
        _ width: Int,
        _ target: UnsafeMutablePointer<UInt64>,
        _ count: Int
    ) throws(CodecError) {
        guard layout != 3 else { throw cursor.malformed("a mini block of layout 3") }
        let listed = layout == MiniBlock.listed
        let positions = listed ? Int(try cursor.u8()) : (count &+ 7) &>> 3
        let patchWidth = Int(try cursor.u8())
        guard patchWidth >= 1, width &+ patchWidth <= 64 else {
            throw cursor.malformed("patches of \(patchWidth) bits above \(width)")
        }
        // SAFETY: `skip` throws unless the positions are there; every position is compared with
        // `count`; `get` reads only below what is left of the payload.
        let places = unsafe cursor.here
        try cursor.skip(positions)
        let patches = listed ? positions : unsafe bitCount(places, positions)
        let high = unsafe cursor.here
        let left = cursor.remaining
        try cursor.skip(BitPacking.byteCount(patches, patchWidth))
        try unsafe BitPacking.unpack(&cursor, target, count, width)
        let shift = UInt64(truncatingIfNeeded: width)
        var bit = 0
        if listed {
            for index in 0..<positions {
                let place = Int(unsafe places.load(fromByteOffset: index, as: UInt8.self))
                guard place < count else { throw cursor.malformed("a patch at \(place)") }
                unsafe target[place] |= BitPacking.get(high, bit, patchWidth, left) &<< shift
                bit &+= patchWidth
            }
            return
        }
        for byte in 0..<positions {
            var map = unsafe places.load(fromByteOffset: byte, as: UInt8.self)
            while map != 0 {
                let place = byte &* 8 &+ map.trailingZeroBitCount
                guard place < count else { throw cursor.malformed("a patch at \(place)") }
                unsafe target[place] |= BitPacking.get(high, bit, patchWidth, left) &<< shift
                bit &+= patchWidth
                map &= map &- 1
            }
        }
    }

    @inline(__always)
    private static func bitCount(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        var bits = 0
        for index in 0..<count {
            // SAFETY: the caller counted these bytes.
            bits &+= unsafe bytes.load(fromByteOffset: index, as: UInt8.self).nonzeroBitCount
        }
        return bits
    }
}
