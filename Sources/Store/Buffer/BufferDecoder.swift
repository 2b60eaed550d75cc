// Turns records of the buffer back into batches. Pure: payloads in, batches out.
import Codec
import Model

/// One batch as the buffer holds it: only what was stored.
struct BufferBatch {
    /// Its number.
    var number: SequenceNumber
    /// The buffer's number of its stream.
    var stream: UInt32
    /// The stream's ledger source, as `SourceName.text` writes it.
    var source: String
    /// The batch's time in milliseconds.
    var timeMs: Int64
    /// Names the stream's list of series: two batches with the same name have the same list.
    var layout: Int
    /// The buffer's number of each sample's series.
    var series: [UInt32]
    /// Whether `series` is the stream's whole list.
    var isWhole: Bool
    /// Empty when every sample has the batch's time.
    var times: [Int64]
    /// One a sample.
    var values: [Double]
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
    /// Names of series: the decoder keeps them.
    case definition
    /// A batch.
    case batch(BufferBatch)
    /// A batch that cannot be read because what it builds on was damaged.
    case lost(SequenceNumber)
}

/// Decodes the records of one stretch of the buffer, in order.
struct BufferDecoder {
    private struct StreamState {
        var source = ""
        var runs: [SeriesRun] = []
        var series: [UInt32] = []
        var layout = 0
        var values: [ValueState] = []
        var timeMs: Int64 = 0
        var last: UInt32?  // its last batch that was decoded; nil: nothing to build on
    }

    private let start: UInt32
    private var streams: [UInt32: StreamState] = [:]
    private var definitions = DefinitionDecoder()
    private var remapping = LayoutChange()
    private var lastLayout = 0
    // Of all streams: what a forged file can make a reader hold.
    private var placeCount = 0

    /// Begins a stretch of the start `start` (upper half of its sequence numbers).
    init(start: UInt32) {
        self.start = start
    }

    /// The labels of a series; nil when the record that held them was damaged.
    func labels(of series: UInt32) -> Labels? { definitions.labels[series] }

    /// Takes out the labels of a series; nil when the record that held them was damaged.
    mutating func takeLabels(of series: UInt32) -> Labels? { definitions.take(series) }

    /// The series so far, by number.
    var series: [UInt32: Labels] { definitions.labels }

    /// How many records of series were brought back out of their parity.
    var restoredDefinitions: Int { definitions.restored }

    /// Decodes one record whose checksum was right.
    /// - Throws: `CodecError` when it is not what the encoder writes.
    mutating func decode(
        _ frame: BufferFrameHead,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> BufferRecord {
        switch frame.type {
        case .series:
            try definitions.decode(flags: frame.flags, payload)
            return .definition
        case .parity:
            try definitions.restore(flags: frame.flags, payload)
            return .definition
        case .batch:
            return try decodeBatch(frame, payload)
        }
    }

    private mutating func decodeBatch(
        _ frame: BufferFrameHead,
        _ payload: Span<UInt8>
    ) throws(CodecError) -> BufferRecord {
        var cursor = ByteCursor()
        let number = SequenceNumber(start: start, count: frame.number)
        let flags = frame.flags
        let streamNumber = try decodeUInt32(&cursor, payload)
        let isKey = flags & BufferFormat.Flags.key != 0
        var state = streams.removeValue(forKey: streamNumber) ?? StreamState()
        defer { streams[streamNumber] = state }
        if isKey {
            let source = try cursor.field(payload)
            let text = [UInt8](copying: payload.extracting(source))
            state.source = String(decoding: text, as: UTF8.self)
        } else {
            // It names the batch that it builds on: where that one was damaged, so is this.
            let before = number.count &- (try decodeUInt32(&cursor, payload))
            guard state.last == before else {
                state.last = nil
                return .lost(number)
            }
        }
        state.last = nil  // stays so when what follows cannot be decoded
        let timeDelta = try cursor.zigzag(payload)
        let generated = Int(try decodeUInt32(&cursor, payload))
        if isKey { state.timeMs = 0 }
        if isKey || flags & BufferFormat.Flags.layout != 0 {
            try decodeLayout(&cursor, payload, isKey, &state)
        }
        state.timeMs &+= timeDelta
        var batch = BufferBatch(
            number: number,
            stream: streamNumber,
            source: state.source,
            timeMs: state.timeMs,
            layout: state.layout,
            series: state.series,
            isWhole: true,
            times: [],
            values: [],
            isLate: [],
            drops: [],
            generated: generated
        )
        let present =
            flags & BufferFormat.Flags.absent != 0
            ? try decodeBits(&cursor, payload, count: state.series.count) : []
        let late =
            flags & BufferFormat.Flags.late != 0
            ? try decodeBits(&cursor, payload, count: state.series.count) : []
        if flags & BufferFormat.Flags.drops != 0 {
            batch.drops = try decodeDrops(&cursor, payload)
        }
        if !present.isEmpty {
            batch.isWhole = false
            batch.series = state.series.indices.filter { present[$0] }.map { state.series[$0] }
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
        batch.values.reserveCapacity(batch.series.count)
        try ValueCoding.decode(&cursor, payload, present, &state.values, &batch.values)
        state.last = number.count
        return .batch(batch)
    }

    private mutating func decodeLayout(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>,
        _ isKey: Bool,
        _ state: inout StreamState
    ) throws(CodecError) {
        // A series takes at least a bit further on: one of its value, or one that says "absent".
        let room = BufferFormat.maxPlaces - placeCount + state.values.count
        let runs = try SeriesRun.read(
            &cursor,
            payload,
            limit: min(payload.count * 8, BufferFormat.maxBatchSamples, room)
        )
        placeCount += SeriesRun.count(runs) - state.values.count
        let isNew = runs != state.runs || state.layout == 0
        if isKey {
            state.values = [ValueState](repeating: ValueState(), count: SeriesRun.count(runs))
        } else if isNew {
            remapping.carry(&state.values, state.runs, to: runs)
        }
        guard isNew else { return }
        lastLayout += 1
        state.layout = lastLayout
        state.runs = runs
        state.series = runs.flatMap { $0.first..<$0.first + $0.count }
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
