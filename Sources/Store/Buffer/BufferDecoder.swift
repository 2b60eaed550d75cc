// Turns records of one buffer file back into batches. Pure: payloads in, batches out.
import Codec
import Model

/// One batch as a buffer file holds it: only what was stored.
struct BufferBatch {
    /// Its number.
    var number: SequenceNumber
    /// The file's number of its stream.
    var stream: UInt32
    /// The stream's ledger source, as `SourceName.text` writes it.
    var source: String
    /// The batch's time in milliseconds.
    var timeMs: Int64
    /// The file's number of each sample's series.
    var series: [UInt32]
    /// Empty when every sample has the batch's time.
    var times: [Int64]
    /// One a sample, as bit patterns.
    var values: [UInt64]
    /// Empty when no sample is late.
    var isLate: [Bool]
    /// Dropped at append, by reason.
    var drops: [DropCount]
    /// How many samples the agent generated.
    var generated: Int

    /// The time of sample `index`.
    func timeMs(_ index: Int) -> Int64 { times.isEmpty ? timeMs : times[index] }
}

/// What a record brought.
enum BufferRecord {
    /// Names of series or streams: the decoder keeps them.
    case definition
    /// A batch.
    case batch(BufferBatch)
    /// A batch that cannot be read because what it builds on was damaged.
    case lost(SequenceNumber)
}

/// Decodes the records of one buffer file, in order.
struct BufferDecoder {
    private struct StreamState {
        var source = ""
        var layout: [UInt32] = []
        var previous: [UInt64] = []
        var timeMs: Int64 = 0
        var last: UInt32?  // its last batch that was decoded; nil: nothing to build on
    }

    private let start: UInt32
    private var streams: [UInt32: StreamState] = [:]
    private var labelsOfSeries: [UInt32: Labels] = [:]

    /// Begins a file of the start `start` (upper half of its sequence numbers).
    init(start: UInt32) {
        self.start = start
    }

    /// The labels of a series of this file; nil when the record that held them was damaged.
    func labels(of series: UInt32) -> Labels? { labelsOfSeries[series] }

    /// The file's series so far, by number.
    var series: [UInt32: Labels] { labelsOfSeries }

    /// Decodes one payload whose checksum was right.
    /// - Throws: `CodecError` when it is not what the encoder writes.
    mutating func decode(
        _ type: BufferFormat.RecordType,
        flags: UInt8,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> BufferRecord {
        var cursor = ByteCursor()
        switch type {
        case .series:
            try decodeSeries(&cursor, flags: flags, payload)
            return .definition
        case .stream:
            let number = try decodeUInt32(&cursor, payload)
            let text = try cursor.bytes(payload, count: payload.count - cursor.offset)
            streams[number] = StreamState(source: String(decoding: text, as: UTF8.self))
            return .definition
        case .batch:
            return try decodeBatch(&cursor, flags: flags, payload)
        }
    }

    private mutating func decodeSeries(
        _ cursor: inout ByteCursor,
        flags: UInt8,
        _ payload: Span<UInt8>
    ) throws(CodecError) {
        let first = Int(try decodeUInt32(&cursor, payload))
        let count = Int(try decodeUInt32(&cursor, payload))
        guard first + count <= Int(UInt32.max) else {
            throw .malformed(atByte: cursor.offset, what: "series number \(first + count)")
        }
        var bytes = try cursor.bytes(payload, count: payload.count - cursor.offset)
        if flags & BufferFormat.Flags.compressed != 0 {
            bytes = try SnappyBlock.decompress(bytes.span, limit: BufferFormat.maxPayloadBytes)
        }
        guard count <= bytes.count else {
            throw .malformed(atByte: cursor.offset, what: "\(count) series in \(bytes.count) bytes")
        }
        var inner = ByteCursor()
        for number in first..<first + count {
            let length = try inner.varint(bytes.span)
            guard length <= UInt64(bytes.count) else {
                throw .malformed(atByte: inner.offset, what: "labels of \(length) bytes")
            }
            let canonical = try inner.bytes(bytes.span, count: Int(length))
            guard let labels = Labels(checking: canonical) else {
                throw .malformed(atByte: inner.offset, what: "labels that are not canonical")
            }
            labelsOfSeries[UInt32(number)] = labels
        }
    }

    private mutating func decodeBatch(
        _ cursor: inout ByteCursor,
        flags: UInt8,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> BufferRecord {
        let number = SequenceNumber(start: start, count: try decodeUInt32(&cursor, payload))
        let streamNumber = try decodeUInt32(&cursor, payload)
        let isKey = flags & BufferFormat.Flags.key != 0
        let before = isKey ? number.count : number.count &- (try decodeUInt32(&cursor, payload))
        let timeDelta = try cursor.zigzag(payload)
        let generated = Int(try decodeUInt32(&cursor, payload))
        var state = streams.removeValue(forKey: streamNumber) ?? StreamState()
        defer { streams[streamNumber] = state }
        // It names the batch that it builds on: where that one was damaged, so is this.
        guard isKey || state.last == before else {
            state.last = nil
            return .lost(number)
        }
        state.last = nil  // stays so when what follows cannot be decoded
        if isKey {
            state.layout = try decodeRuns(&cursor, payload)
            state.previous = [UInt64](repeating: 0, count: state.layout.count)
            state.timeMs = 0
        }
        state.timeMs &+= timeDelta
        var batch = BufferBatch(
            number: number,
            stream: streamNumber,
            source: state.source,
            timeMs: state.timeMs,
            series: state.layout,
            times: [],
            values: [],
            isLate: [],
            drops: [],
            generated: generated
        )
        let present =
            flags & BufferFormat.Flags.absent != 0
            ? try decodeBits(&cursor, payload, count: state.layout.count) : []
        let late =
            flags & BufferFormat.Flags.late != 0
            ? try decodeBits(&cursor, payload, count: state.layout.count) : []
        if flags & BufferFormat.Flags.drops != 0 {
            batch.drops = try decodeDrops(&cursor, payload)
        }
        if !present.isEmpty {
            batch.series = state.layout.indices.filter { present[$0] }.map { state.layout[$0] }
        }
        if !late.isEmpty {
            batch.isLate =
                present.isEmpty ? late : late.indices.filter { present[$0] }.map { late[$0] }
        }
        if flags & BufferFormat.Flags.ownTimes != 0 {
            batch.times = try decodeTimes(
                &cursor,
                payload,
                from: state.timeMs,
                count: batch.series.count
            )
        }
        try decodeValues(&cursor, payload, present, &state, &batch)
        state.last = number.count
        return .batch(batch)
    }

    private func decodeValues(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>,
        _ present: [Bool],
        _ state: inout StreamState,
        _ batch: inout BufferBatch
    ) throws(CodecError) {
        guard !present.isEmpty else {
            try ValueCoding.decode(&cursor, payload, onto: &state.previous)
            batch.values = state.previous
            return
        }
        let places = present.indices.filter { present[$0] }
        batch.values = places.map { state.previous[$0] }
        try ValueCoding.decode(&cursor, payload, onto: &batch.values)
        for (index, place) in places.enumerated() { state.previous[place] = batch.values[index] }
    }

    private func decodeRuns(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> [UInt32] {
        let count = Int(try decodeUInt32(&cursor, payload))
        // A series takes at least a bit further on: two of a value's code, or one that says "absent".
        guard count <= payload.count * 8 else {
            throw .malformed(
                atByte: cursor.offset,
                what: "\(count) series in \(payload.count) bytes"
            )
        }
        var series: [UInt32] = []
        series.reserveCapacity(count)
        var expected: Int64 = 0
        while series.count < count {
            let first = expected &+ (try cursor.zigzag(payload))
            let length = Int64(try decodeUInt32(&cursor, payload))
            guard length >= 1, length <= Int64(count - series.count), first >= 0,
                first <= Int64(UInt32.max) - length
            else {
                throw .malformed(atByte: cursor.offset, what: "a run of \(length) from \(first)")
            }
            for number in first..<first + length { series.append(UInt32(number)) }
            expected = first + length
        }
        return series
    }

    private func decodeBits(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>,
        count: Int
    ) throws(CodecError) -> [Bool] {
        let bytes = try cursor.bytes(payload, count: (count + 7) / 8)
        return (0..<count).map { bytes[$0 / 8] & 1 << UInt8($0 & 7) != 0 }
    }

    private func decodeDrops(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> [DropCount] {
        var drops: [DropCount] = []
        for _ in 0..<(try cursor.varint(payload)) {
            let reason = DropReason(rawValue: try cursor.u8(payload))
            let count = Int(truncatingIfNeeded: try cursor.varint(payload))
            guard let reason, count >= 0 else {
                throw .malformed(atByte: cursor.offset, what: "a reason to drop that is not known")
            }
            drops.append(DropCount(reason, count))
        }
        return drops
    }

    private func decodeTimes(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>,
        from first: Int64,
        count: Int
    ) throws(CodecError) -> [Int64] {
        var times: [Int64] = []
        times.reserveCapacity(count)
        var last = first
        for _ in 0..<count {
            last &+= try cursor.zigzag(payload)
            times.append(last)
        }
        return times
    }

    private func decodeUInt32(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> UInt32 {
        let word = try cursor.varint(payload)
        guard let number = UInt32(exactly: word) else {
            throw .malformed(atByte: cursor.offset, what: "the number \(word)")
        }
        return number
    }
}
