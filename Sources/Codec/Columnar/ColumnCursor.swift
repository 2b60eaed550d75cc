// A place in a columnar payload that only moves forward and never leaves it.

/// Reads fields one after the other; everything is checked against the end.
@safe struct ColumnCursor {
    // SAFETY: made inside `withUnsafeBytes` of the payload and never kept; each read is checked
    // against `count`.
    private let start: UnsafeRawPointer
    let count: Int
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer, _ start: UnsafeRawPointer) {
        unsafe self.start = unsafe start
        count = bytes.count
    }

    /// The number of bytes from here to the end.
    @inline(__always)
    var remaining: Int { count &- offset }

    /// Where the next field starts; `remaining` bytes may be read.
    @inline(__always)
    var here: UnsafeRawPointer { unsafe start + offset }

    @inline(__always)
    mutating func u8() throws(CodecError) -> UInt8 {
        guard remaining >= 1 else { throw truncated(1) }
        let byte = unsafe start.load(fromByteOffset: offset, as: UInt8.self)
        offset &+= 1
        return byte
    }

    @inline(__always)
    mutating func u64() throws(CodecError) -> UInt64 {
        guard remaining >= 8 else { throw truncated(8) }
        let word = unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        offset &+= 8
        return UInt64(littleEndian: word)
    }

    @inline(__always)
    mutating func varint() throws(CodecError) -> UInt64 {
        let first = try u8()
        return first < 0x80 ? UInt64(first) : try longVarint(first)
    }

    /// Steps over `bytes` bytes.
    @inline(__always)
    mutating func skip(_ bytes: Int) throws(CodecError) {
        guard bytes <= remaining else { throw truncated(bytes) }
        offset &+= bytes
    }

    func truncated(_ wanted: Int) -> CodecError {
        .truncated(atByte: offset, wanted: wanted, available: remaining)
    }

    func malformed(_ what: String) -> CodecError {
        .malformed(atByte: offset, what: what)
    }

    @inline(never)
    private mutating func longVarint(_ first: UInt8) throws(CodecError) -> UInt64 {
        let at = offset &- 1
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while true {
            let byte = try u8()
            if shift == 63, byte > 1 { throw .varintTooLong(atByte: at) }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
    }
}
