// The write buffer's files, byte by byte: Store.docc/write-ahead-log.md

/// Sizes, marks and limits of buffer files.
enum BufferFormat {
    /// "GORB" in file order.
    static let magic: UInt32 = 0x4252_4f47
    /// The version that this program writes, and the newest that it reads.
    static let version: UInt16 = 1
    /// Bytes of one copy of the file header.
    static let headerCopyBytes = 64
    /// Where the first record begins: the header stands twice in front of it.
    static let headerBytes = 128
    /// Bytes in front of a record's payload: length u32, number u32, mark u16, type u8, flags u8.
    static let frameHeadBytes = 12
    /// Bytes behind a record's payload: XXH64 over head and payload.
    static let frameTailBytes = 8
    /// Bytes of a record beside its payload.
    static let frameBytes = frameHeadBytes + frameTailBytes
    /// In every record's head, so that the next record is found behind damage.
    static let syncMark: UInt16 = 0x6f47
    /// The largest payload that a reader takes.
    static let maxPayloadBytes = 256 << 20
    /// The most samples of one batch, so that its payload stays under the limit: a sample takes at
    /// most 11 bytes of value, 10 of time, 20 of a run of its own and 2 bits.
    static let maxBatchSamples = 4_000_000
    /// Places in the lists of all streams of one stretch of the buffer, at most: a batch that brings
    /// more asks for a rotation.
    static let maxPlaces = 16_000_000
    /// Definitions of series are cut into records of about this many bytes, before compression:
    /// damage costs one of them, and the parity behind them brings that one back.
    static let definitionBytes = 8 << 10
    /// Labels of at least this many bytes end a record of series.
    static let labelBytes = 1 << 20
    /// Records of series that share their parity, at most.
    static let parityGroup = 16
    /// Definitions of this many bytes get their parity at once, fewer wait for company.
    static let parityBytes = 4 << 10
    /// Every so many batches of a stream one stands alone.
    static let keyInterval = 16
    /// Series definitions from this size on are compressed where that is smaller.
    static let compressFromBytes = 256

    /// What a record holds.
    ///
    /// Raw values are in files.
    enum RecordType: UInt8 {
        /// Labels of series, numbered for this file.
        case series = 1
        /// One batch.
        case batch = 2
        /// The XOR of some records of series: gives back one of them that was damaged.
        case parity = 3
    }

    /// Bits of a record's flags byte.
    ///
    /// The first belongs to `series`, the last to `parity`, the others to `batch`.
    enum Flags {
        static let compressed: UInt8 = 1 << 0
        static let key: UInt8 = 1 << 1
        static let ownTimes: UInt8 = 1 << 2
        static let late: UInt8 = 1 << 3
        static let absent: UInt8 = 1 << 4
        static let drops: UInt8 = 1 << 5
        static let layout: UInt8 = 1 << 6
        static let lastParity: UInt8 = 1 << 7
    }
}
