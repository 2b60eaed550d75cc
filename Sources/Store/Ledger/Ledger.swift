// Counts samples per source: in = stored + Σ dropped{reason}. Architecture section 5, "Ledger".
import Codec
public import Model

/// The counts of one source.
public struct LedgerRow: Hashable, Sendable {
    /// Samples stored.
    public var stored = 0
    /// Samples dropped, by reason.
    public var dropped: [DropReason: Int] = [:]

    /// Samples that came in.
    public var brought: Int { dropped.values.reduce(stored) { $0.adding($1) } }

    /// A row of zeros.
    public init() {}

    mutating func add(_ other: LedgerRow) {
        stored = stored.adding(other.stored)
        for (reason, count) in other.dropped { add(count, reason) }
    }

    mutating func add(stored count: Int, _ drops: [DropCount]) {
        stored = stored.adding(count)
        for drop in drops where drop.count > 0 { add(drop.count, drop.reason) }
    }

    mutating func add(_ count: Int, _ reason: DropReason) {
        dropped[reason] = dropped[reason, default: 0].adding(count)
    }
}

/// Rows by source: `scrape/JOB`, `host`, `push`, `self`, and `generated`.
public struct Ledger: Hashable, Sendable {
    /// The row of what the agent generates itself: `up`, `scrape_*`, stale markers.
    public static let generated = "generated"

    /// Rows by source.
    public private(set) var rows: [String: LedgerRow] = [:]

    /// An empty ledger.
    public init() {}

    /// Counts one batch of `source`: its stored samples, how many of them were generated, its drops.
    mutating func count(_ source: String, stored: Int, generated: Int, drops: [DropCount]) {
        rows[source, default: LedgerRow()].add(stored: stored - generated, drops)
        if generated > 0 {
            rows[Ledger.generated, default: LedgerRow()].add(stored: generated, [])
        }
    }

    /// Adds another ledger's rows.
    mutating func add(_ other: Ledger) {
        for (source, row) in other.rows { rows[source, default: LedgerRow()].add(row) }
    }

    /// All samples stored.
    public var stored: Int { rows.values.reduce(0) { $0.adding($1.stored) } }

    /// The bytes of a segment's footer: rows in order of their sources.
    var bytes: [UInt8] {
        var sink = ByteSink()
        sink.varint(UInt64(rows.count))
        for (source, row) in rows.sorted(by: { $0.key < $1.key }) {
            sink.field(source.utf8)
            sink.varint(UInt64(row.stored))
            sink.varint(UInt64(row.dropped.count))
            for (reason, count) in row.dropped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                sink.u8(reason.rawValue)
                sink.varint(UInt64(count))
            }
        }
        return sink.bytes
    }

    /// Reads a footer's bytes.
    /// - Throws: `CodecError` when they are not what `bytes` writes.
    init(_ bytes: [UInt8]) throws(CodecError) {
        var cursor = ByteCursor()
        let span = bytes.span
        for _ in 0..<(try cursor.varint(span)) {
            let name = try cursor.field(span)
            var row = LedgerRow()
            row.stored = Int(clamping: try cursor.varint(span))
            for _ in 0..<(try cursor.varint(span)) {
                let reason = DropReason(rawValue: try cursor.u8(span))
                let count = Int(clamping: try cursor.varint(span))
                guard let reason else {
                    throw .malformed(atByte: cursor.offset, what: "a reason that is not known")
                }
                row.add(count, reason)
            }
            rows[String(decoding: bytes[name], as: UTF8.self)] = row
        }
    }
}

extension Int {
    /// The sum of two counts, or the largest one: a forged file may claim any.
    fileprivate func adding(_ count: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(count)
        return overflow ? .max : sum
    }
}
