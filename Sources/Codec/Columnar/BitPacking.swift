// Integers of equal width, one behind the other, least significant bit first.

/// Packs and unpacks integers of 0 to 64 bits.
enum BitPacking {
    /// Bytes that `count` integers of `width` bits take.
    @inline(__always)
    static func byteCount(_ count: Int, _ width: Int) -> Int { (count &* width &+ 7) &>> 3 }

    /// Writes `count` integers of at most `width` bits; up to 8 bytes past the last one may be
    /// written, too.
    @inline(__always)
    static func pack(
        _ source: UnsafePointer<UInt64>,
        _ count: Int,
        _ width: Int,
        to writer: inout ColumnWriter
    ) {
        if width == 0 { return }
        let bits = UInt64(truncatingIfNeeded: width)
        // SAFETY: the caller's integers; the writer has room for the packed bytes and 8 more.
        var target = unsafe writer.end
        var word: UInt64 = 0
        var used: UInt64 = 0
        for index in 0..<count {
            let value = unsafe source[index]
            word |= value &<< used
            used &+= bits
            if used >= 64 {
                unsafe target.storeBytes(of: word.littleEndian, as: UInt64.self)
                unsafe target += 8
                used &-= 64
                // What did not fit; two shifts, because a shift by 64 would be one by 0.
                word = (value &>> 1) &>> (bits &- used &- 1)
            }
        }
        if used > 0 { unsafe target.storeBytes(of: word.littleEndian, as: UInt64.self) }
        writer.advance(byteCount(count, width))
    }

    /// Reads `count` integers of `width` bits (0 to 64) and steps over them.
    ///
    /// Nothing is read past the cursor's end.
    @inline(__always)
    static func unpack(
        _ cursor: inout ColumnCursor,
        _ target: UnsafeMutablePointer<UInt64>,
        _ count: Int,
        _ width: Int
    ) throws(CodecError) {
        let bytes = byteCount(count, width)
        let available = cursor.remaining
        // SAFETY: `skip` throws when the bytes are not there.
        let source = unsafe cursor.here
        try cursor.skip(bytes)
        if width == 0 {
            unsafe target.update(repeating: 0, count: count)
            return
        }
        // So many can be taken with a load of 8 bytes that stays inside the payload.
        var fast = count
        if bytes &+ 8 > available {
            fast = available < 8 ? 0 : min(count, ((available &- 7) &* 8 &- 1) / width &+ 1)
        }
        if width <= 57 {
            unsafe unpackWidth(source, target, fast, width)
        } else {
            unsafe unpackWide(source, target, fast, width, available)
        }
        if fast < count {
            unsafe unpackTail(source, target, fast, count, width, available)
        }
    }

    private static func unpackWidth(
        _ source: UnsafeRawPointer,
        _ target: UnsafeMutablePointer<UInt64>,
        _ fast: Int,
        _ width: Int
    ) {
        switch width {  // a literal width lets the loop become vector code
        case 1: unsafe unpackFast(source, target, fast, 1)
        case 2: unsafe unpackFast(source, target, fast, 2)
        case 3: unsafe unpackFast(source, target, fast, 3)
        case 4: unsafe unpackFast(source, target, fast, 4)
        case 5: unsafe unpackFast(source, target, fast, 5)
        case 6: unsafe unpackFast(source, target, fast, 6)
        case 7: unsafe unpackFast(source, target, fast, 7)
        case 8: unsafe unpackFast(source, target, fast, 8)
        case 9: unsafe unpackFast(source, target, fast, 9)
        case 10: unsafe unpackFast(source, target, fast, 10)
        case 11: unsafe unpackFast(source, target, fast, 11)
        case 12: unsafe unpackFast(source, target, fast, 12)
        case 13: unsafe unpackFast(source, target, fast, 13)
        case 14: unsafe unpackFast(source, target, fast, 14)
        case 15: unsafe unpackFast(source, target, fast, 15)
        case 16: unsafe unpackFast(source, target, fast, 16)
        case 17: unsafe unpackFast(source, target, fast, 17)
        case 18: unsafe unpackFast(source, target, fast, 18)
        case 19: unsafe unpackFast(source, target, fast, 19)
        case 20: unsafe unpackFast(source, target, fast, 20)
        case 21: unsafe unpackFast(source, target, fast, 21)
        case 22: unsafe unpackFast(source, target, fast, 22)
        case 23: unsafe unpackFast(source, target, fast, 23)
        case 24: unsafe unpackFast(source, target, fast, 24)
        case 25: unsafe unpackFast(source, target, fast, 25)
        case 26: unsafe unpackFast(source, target, fast, 26)
        case 27: unsafe unpackFast(source, target, fast, 27)
        case 28: unsafe unpackFast(source, target, fast, 28)
        case 29: unsafe unpackFast(source, target, fast, 29)
        case 30: unsafe unpackFast(source, target, fast, 30)
        case 31: unsafe unpackFast(source, target, fast, 31)
        case 32: unsafe unpackFast(source, target, fast, 32)
        default: unsafe unpackFast(source, target, fast, width)
        }
    }

    @inline(__always)
    private static func unpackFast(
        _ source: UnsafeRawPointer,
        _ target: UnsafeMutablePointer<UInt64>,
        _ count: Int,
        _ width: Int
    ) {
        let mask: UInt64 = (1 &<< UInt64(truncatingIfNeeded: width)) &- 1
        for index in 0..<count {
            let bit = index &* width
            // SAFETY: the caller counted the loads that stay inside.
            let word = unsafe source.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
            unsafe target[index] =
                UInt64(littleEndian: word) &>> UInt64(truncatingIfNeeded: bit & 7) & mask
        }
    }

    @inline(never)
    private static func unpackWide(
        _ source: UnsafeRawPointer,
        _ target: UnsafeMutablePointer<UInt64>,
        _ count: Int,
        _ width: Int,
        _ available: Int
    ) {
        let mask = UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- width)
        for index in 0..<count {
            let bit = index &* width
            let byte = bit &>> 3
            let shift = UInt64(truncatingIfNeeded: bit & 7)
            // SAFETY: the caller counted the loads that stay inside; the ninth byte is checked.
            let word = unsafe source.loadUnaligned(fromByteOffset: byte, as: UInt64.self)
            var value = UInt64(littleEndian: word) &>> shift
            if shift != 0, byte &+ 8 < available {
                let ninth = unsafe source.load(fromByteOffset: byte &+ 8, as: UInt8.self)
                value |= UInt64(ninth) &<< (64 &- shift)
            }
            unsafe target[index] = value & mask
        }
    }

    // The last few of a payload, byte by byte.
    @inline(never)
    private static func unpackTail(
        _ source: UnsafeRawPointer,
        _ target: UnsafeMutablePointer<UInt64>,
        _ first: Int,
        _ count: Int,
        _ width: Int,
        _ available: Int
    ) {
        for index in first..<count {
            // SAFETY: `get` reads only below `available`.
            unsafe target[index] = get(source, index &* width, width, available)
        }
    }

    /// The `width` bits (1 to 64) from bit `bit` on; bytes at `available` and beyond read as zero.
    @inline(__always)
    static func get(
        _ source: UnsafeRawPointer,
        _ bit: Int,
        _ width: Int,
        _ available: Int
    ) -> UInt64 {
        let mask = UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- width)
        let byte = bit &>> 3
        let shift = UInt64(truncatingIfNeeded: bit & 7)
        var word: UInt64 = 0
        if byte &+ 8 <= available {
            // SAFETY: just compared.
            word = UInt64(
                littleEndian: unsafe source.loadUnaligned(fromByteOffset: byte, as: UInt64.self)
            )
        } else {
            var place = available
            while place > byte {
                place &-= 1
                // SAFETY: below `available`.
                word =
                    word &<< 8 | UInt64(unsafe source.load(fromByteOffset: place, as: UInt8.self))
            }
        }
        word &>>= shift
        if shift != 0, byte &+ 8 < available {
            // SAFETY: just compared.
            let ninth = unsafe source.load(fromByteOffset: byte &+ 8, as: UInt8.self)
            word |= UInt64(ninth) &<< (64 &- shift)
        }
        return word & mask
    }
}
