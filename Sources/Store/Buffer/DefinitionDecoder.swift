// Labels of the buffer's series, out of their records and, where one was damaged, out of the parity.
import Codec
import Model

/// Reads what `DefinitionEncoder` wrote.
struct DefinitionDecoder {
    // Kept until their parity came; more than a parity ever covers are not needed.
    private static let keptRecords = 4 * BufferFormat.parityGroup
    private static let keptBytes = 4 << 20

    private struct Record {
        var first: UInt64
        var payload: [UInt8]
    }

    /// By number.
    private(set) var labels: [UInt32: Labels] = [:]
    /// Records that were brought back.
    private(set) var restored = 0
    private var recent: [Record] = []
    private var recentBytes = 0

    /// Takes out the labels of a series: who wants them once need not have them twice in memory.
    mutating func take(_ series: UInt32) -> Labels? { labels.removeValue(forKey: series) }

    /// Takes a record of series.
    mutating func decode(flags: UInt8, _ payload: Span<UInt8>) throws(CodecError) {
        var cursor = ByteCursor()
        let first = try cursor.varint(payload)
        recent.append(Record(first: first, payload: [UInt8](copying: payload)))
        recentBytes += payload.count
        while recent.count > DefinitionDecoder.keptRecords
            || recentBytes > DefinitionDecoder.keptBytes && recent.count > 1
        {
            recentBytes -= recent.removeFirst().payload.count
        }
        try define(flags: flags, payload)
    }

    /// Takes a parity: where one of its records did not come, it is put together again.
    mutating func restore(flags: UInt8, _ payload: Span<UInt8>) throws(CodecError) {
        var cursor = ByteCursor()
        let count = try cursor.varint(payload)
        guard count <= UInt64(payload.count) else {
            throw .malformed(atByte: cursor.offset, what: "\(count) records in a parity")
        }
        var present: [Record] = []
        var missing: (flags: UInt8, length: Int)?
        var missingCount = 0
        for _ in 0..<count {
            let first = try cursor.varint(payload)
            let flags = try cursor.u8(payload)
            let length = try cursor.varint(payload)
            guard length <= UInt64(payload.count) else {
                throw .malformed(atByte: cursor.offset, what: "a record of \(length) bytes")
            }
            if let record = recent.last(where: { $0.first == first }) {
                present.append(record)
            } else {
                missing = (flags, Int(length))
                missingCount += 1
            }
        }
        defer {
            if flags & BufferFormat.Flags.lastParity != 0 {
                recent.removeAll()
                recentBytes = 0
            }
        }
        guard missingCount == 1, let missing else { return }
        var sum = try cursor.bytes(payload, count: payload.count - cursor.offset)
        for record in present {
            for index in record.payload.indices where index < sum.count {
                sum[index] ^= record.payload[index]
            }
        }
        guard missing.length <= sum.count else {
            throw .malformed(atByte: cursor.offset, what: "a parity of \(sum.count) bytes")
        }
        sum.removeLast(sum.count - missing.length)
        try define(flags: missing.flags, sum.span)
        restored += 1
    }

    private mutating func define(flags: UInt8, _ payload: Span<UInt8>) throws(CodecError) {
        var cursor = ByteCursor()
        let first = try cursor.varint(payload)
        let count = try cursor.varint(payload)
        guard first <= UInt64(UInt32.max), count <= UInt64(UInt32.max) - first else {
            throw .malformed(atByte: cursor.offset, what: "\(count) series from \(first)")
        }
        var bytes = try cursor.bytes(payload, count: payload.count - cursor.offset)
        if flags & BufferFormat.Flags.compressed != 0 {
            bytes = try SnappyBlock.decompress(bytes.span, limit: BufferFormat.maxPayloadBytes)
        }
        guard count <= UInt64(bytes.count) else {
            throw .malformed(atByte: cursor.offset, what: "\(count) series in \(bytes.count) bytes")
        }
        var inner = ByteCursor()
        var last: [UInt8] = []
        var labelBytes = 0
        for number in first..<first + count {
            let shared = try inner.varint(bytes.span)
            guard shared <= UInt64(last.count) else {
                throw .malformed(atByte: inner.offset, what: "\(shared) shared bytes of labels")
            }
            last.removeLast(last.count - Int(shared))
            let suffix = try inner.field(bytes.span)
            last.append(contentsOf: bytes[suffix])
            // Two bytes may ask for a copy of all the bytes before them.
            guard labelBytes < BufferFormat.labelBytes else {
                throw .malformed(atByte: inner.offset, what: "\(labelBytes) bytes of labels")
            }
            labelBytes += last.count
            // A copy of just its length: `last` has room for the longest of them.
            guard let labels = Labels(checking: last.map { $0 }) else {
                throw .malformed(atByte: inner.offset, what: "labels that are not canonical")
            }
            self.labels[UInt32(number)] = labels
        }
    }
}
