// The numbers that the columnar encoder and decoder share. Layout: Codec.docc/columnar-payload.md

/// Constants of the columnar payload.
public enum ColumnarLayout {
    /// The most points of one payload.
    ///
    /// A constant column takes a few bytes whatever its count, so the length of a payload does not bound what
    /// decoding it takes; this does (16 MiB of columns).
    public static let maximumCount = 1 << 20

    // The first byte: bits 0 and 1 times, bits 2 to 4 values, bit 5 exceptions, bits 6 and 7 zero.
    static let timesExact: UInt8 = 0
    static let timesGrid: UInt8 = 1
    static let timesColumn: UInt8 = 2
    static let valuesShift: UInt8 = 2
    static let exceptionsFlag: UInt8 = 1 << 5

    // How the values are coded.
    static let constantInteger: UInt8 = 0
    static let constantDecimal: UInt8 = 1
    static let constantBits: UInt8 = 2
    static let integers: UInt8 = 3
    static let xor: UInt8 = 4
    static let raw: UInt8 = 5

    /// Values that have an exception code of their own; code 0 is followed by all 64 bits.
    ///
    /// The stale marker, the NaN of Prometheus, the NaNs of Intel and ARM, infinities, -0.0.
    static let specials: [8 of UInt64] = [
        0, 0x7ff0_0000_0000_0002, 0x7ff8_0000_0000_0001, 0x7ff8_0000_0000_0000,
        0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x8000_0000_0000_0000,
    ]

    /// Points of a mini block; only the last one of a column may have fewer.
    static let blockCount = 128
}
