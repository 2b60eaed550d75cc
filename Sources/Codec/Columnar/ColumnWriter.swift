// Bytes of a columnar payload while it is built: memory of known room, no growing.

/// Appends fields to memory that is large enough for the worst case.
@safe struct ColumnWriter {
    // SAFETY: made by ColumnarPayload.encode over room for the longest payload of the columns, whose
    // bound ColumnarScratch argues; every field below counts in that bound.
    let start: UnsafeMutableRawPointer
    private(set) var count = 0

    init(_ start: UnsafeMutableRawPointer) {
        unsafe self.start = unsafe start
    }

    /// Where the next field goes.
    @inline(__always)
    var end: UnsafeMutableRawPointer { unsafe start + count }

    @inline(__always)
    mutating func u8(_ value: UInt8) {
        unsafe start.storeBytes(of: value, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    mutating func u64(_ value: UInt64) {
        unsafe start.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
        count &+= 8
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            u8(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        u8(UInt8(truncatingIfNeeded: rest))
    }

    /// Steps over bytes that were written at `end`.
    @inline(__always)
    mutating func advance(_ bytes: Int) { count &+= bytes }

    /// Forgets what was written after the first `bytes` bytes.
    mutating func rewind(to bytes: Int) { count = bytes }

    /// Puts the varint of `value` into `room` bytes that were left out at `offset`, and moves up what
    /// follows where the varint is shorter.
    mutating func close(gapOf room: Int, at offset: Int, with value: UInt64) {
        let length = Varint.length(of: value)
        precondition(length <= room, "BUG: \(value) does not fit into \(room) bytes")
        let behind = count - offset - room
        // SAFETY: both ranges lie in what was written; they may overlap.
        unsafe (start + offset + length)
            .copyMemory(from: start + offset + room, byteCount: behind)
        count = offset
        varint(value)
        count += behind
    }

    /// Replaces the byte at `offset`.
    mutating func patch(_ value: UInt8, at offset: Int) {
        unsafe start.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }
}
