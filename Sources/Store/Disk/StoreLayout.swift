// Where the store keeps what under its base directory.
import Platform

/// Names under `storage.base_path`.
enum StoreLayout {
    /// Store id and last start.
    static let identityName = "STORE"
    /// Counts of what was sealed, and what became of it.
    static let ledgerName = "LEDGER"
    /// Buffer files.
    static let bufferDirectory = "buffer"
    /// Sealed segments.
    static let segmentDirectory = "segments"
    /// What could not be read.
    static let quarantineDirectory = "quarantine"
    /// The cursors of destinations; Forward writes them.
    static let cursorDirectory = "forward"

    static let bufferSuffix = ".gorb"
    static let segmentSuffix = ".gor"
    /// What the cold rewrite wrote.
    static let coldSuffix = ".gor.snappy"

    /// A part of the buffer: the start it belongs to and the last number before it, both so that
    /// names order like numbers.
    static func partName(after: SequenceNumber, _ start: UInt32) -> String {
        "\(hex(UInt64(start), 8))-\(hex(after.raw, 16))"
    }

    /// A segment's name: store id and range, so that it stays unique wherever it is copied.
    static func segmentName(
        _ store: StoreID,
        _ range: SequenceRange,
        isCold: Bool = false
    ) -> String {
        segmentStem(store, range) + (isCold ? coldSuffix : segmentSuffix)
    }

    /// What stands before the suffix in a segment's name.
    static func segmentStem(_ store: StoreID, _ range: SequenceRange) -> String {
        "\(store)-\(hex(range.after.raw, 16))-\(hex(range.through.raw, 16))"
    }

    /// Whether a name is that of a segment.
    static func isSegment(_ name: String) -> Bool {
        name.hasSuffix(segmentSuffix) || name.hasSuffix(coldSuffix)
    }

    /// The store and the range in a segment's name; nil for other names.
    static func segmentParts(_ name: String) -> (StoreID, SequenceRange)? {
        guard isSegment(name), let end = name.firstIndex(of: ".") else { return nil }
        let parts = name[..<end].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let storeID = StoreID(parts[0]),
            let after = number(parts[1]), let through = number(parts[2]), after < through,
            SequenceNumber(raw: through).isPossible
        else { return nil }
        return (
            storeID,
            SequenceRange(after: SequenceNumber(raw: after), through: SequenceNumber(raw: through))
        )
    }

    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.count == 16 ? UInt64(text, radix: 16) : nil
    }

    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// 128 random bits that name a store for ever.
public struct StoreID: Hashable, Sendable, CustomStringConvertible {
    /// The 16 bytes.
    public let bytes: [UInt8]

    /// Takes 16 bytes.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == 16, "BUG: a store id has 16 bytes")
        self.bytes = bytes
    }

    /// Reads 32 hex digits; nil for anything else.
    public init?(_ text: Substring) {
        let digits = Array(text.utf8)
        // UInt8 would take a sign.
        guard digits.count == 32, digits.allSatisfy({ $0 >= UInt8(ascii: "0") }) else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: 32, by: 2) {
            let pair = String(decoding: digits[at..<at + 2], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        self.init(bytes: bytes)
    }

    /// A name that no other store has.
    static func random() -> StoreID {
        var generator = SystemRandomNumberGenerator()
        return StoreID(bytes: (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// 32 lower-case hex digits.
    public var description: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }
}
