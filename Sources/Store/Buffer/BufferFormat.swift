// The write buffer's files, byte by byte: Store.docc/write-ahead-log.md

/// Sizes, marks and limits of buffer files.
enum BufferFormat {
    /// "GORB" in file order.
    static let magic: UInt32 = 0x4252_4f47
    /// The version that this program writes, and the newest that it reads.
    static let version: UInt16 = 1
    /// Bytes of the file header: magic u32, version u16, reserved u16, store id 16 bytes,
    /// `after` u64, created i64 (ms), reserved up to 56, XXH64 of bytes 0..<56.
    static let headerBytes = 64
    /// Bytes in front of a record's payload: length u32, type u8, flags u8, sync mark u16.
    static let frameHeadBytes = 8
    /// Bytes behind a record's payload: XXH64 over head and payload.
    static let frameTailBytes = 8
    /// In every record's head, so that the next record is found behind damage.
    static let syncMark: UInt16 = 0x6f47
    /// The largest payload that a reader takes.
    static let maxPayloadBytes = 256 << 20
    /// The most samples of one batch, so that its payload stays under the limit: a sample takes at
    /// most 10 bytes of value, 10 of time, 20 of a run of its own and 3 bits.
    static let maxBatchSamples = 4_000_000
    /// Definitions of series are cut into records of about this many bytes.
    static let definitionBytes = 1 << 20
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
        /// A stream's number for this file, and its ledger source.
        case stream = 2
        /// One batch.
        case batch = 3
    }

    /// Bits of a record's flags byte.
    ///
    /// The first belongs to `series`, the others to `batch`.
    enum Flags {
        static let compressed: UInt8 = 1 << 0
        static let key: UInt8 = 1 << 1
        static let ownTimes: UInt8 = 1 << 2
        static let late: UInt8 = 1 << 3
        static let absent: UInt8 = 1 << 4
        static let drops: UInt8 = 1 << 5
    }
}
