// Random batches, the file that they make, and what can be read of it again.
import Codec
import Model
import Platform
import TestSupport

@testable import Store

/// What a batch brought, as a reader should see it.
struct BatchFacts: Equatable {
    var number: SequenceNumber
    var source: String
    var labels: [Labels]
    var times: [Int64]
    var values: [UInt64]
    var isLate: [Bool]
    var drops: [DropCount]
    var generated: Int

    init(_ batch: BufferBatch, _ decoder: BufferDecoder) {
        number = batch.number
        source = batch.source
        labels = batch.series.map { decoder.labels(of: $0) ?? Labels() }
        times = batch.values.indices.map { batch.timeMs($0) }
        values = batch.values.map(\.bitPattern)
        isLate = batch.isLate.isEmpty ? batch.values.map { _ in false } : batch.isLate
        drops = batch.drops
        generated = batch.generated
    }

    init(_ input: BufferBatchInput, _ labels: [Labels]) {
        let stored = input.values.indices.filter { input.verdicts[$0] != .dropped }
        number = input.number
        source = input.source.text
        self.labels = stored.map { labels[$0] }
        times = stored.map { input.times.isEmpty ? input.timeMs : input.times[$0] }
        values = stored.map { input.values[$0].bitPattern }
        isLate = stored.map { input.verdicts[$0] == .late }
        drops = input.drops
        generated = input.generated
    }
}

/// A buffer file in memory, written by the encoder.
struct BufferWorld {
    struct Record {
        var range: Range<Int>
        var type: BufferFormat.RecordType
        var stream: Int
    }

    static let start: UInt32 = 77
    static let part = BufferPart(
        storeID: StoreID(bytes: [UInt8](repeating: 7, count: 16)),
        start: start,
        after: .zero,
        createdMs: 5
    )
    private(set) var bytes: [UInt8]
    private(set) var facts: [BatchFacts] = []
    /// The stream of each batch, and whether it stands alone.
    private(set) var streams: [Int] = []
    private(set) var records: [Record] = []
    private var encoder = BufferEncoder()
    private var defined: [Labels: UInt32] = [:]
    private var previous: [Int: (layout: [Labels], values: [UInt64])] = [:]
    private var time: Int64 = 1_700_000_000_000

    init() {
        bytes = BufferHeader.bytes(of: BufferWorld.part)
    }

    /// Adds a batch of one of `streamCount` streams; `plain` ones are as scrapes are.
    mutating func add(_ random: inout SeededRandom, streamCount: Int = 3, plain: Bool = false) {
        let stream = Int.random(in: 0..<streamCount, using: &random)
        var layout = previous[stream]?.layout ?? []
        if layout.isEmpty || !plain && Int.random(in: 0..<9, using: &random) == 0 {
            let count = Int.random(in: plain ? 3...6 : 0...20, using: &random)
            layout = (0..<count).map {
                let name = plain ? $0 : Int.random(in: 0..<60, using: &random)
                return Labels([Label("__name__", "m\(stream)"), Label("i", "\(name)")])
            }
            previous[stream] = nil
        }
        time += Int64.random(in: 0...2000, using: &random)
        let values = layout.indices.map { place -> UInt64 in
            if plain { return Double(random.next() % 100).bitPattern }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return random.next()
            case 1: return Double(random.next() % 1000).bitPattern
            default: return previous[stream]?.values[place] ?? 0
            }
        }
        let verdicts = layout.map { _ -> SampleVerdict in
            guard !plain else { return .inOrder }
            switch Int.random(in: 0..<12, using: &random) {
            case 0: return .dropped
            case 1: return .late
            default: return .inOrder
            }
        }
        let hasTimes = !plain && Bool.random(using: &random)
        let stored = verdicts.filter { $0 != .dropped }.count
        let local = layout.map { define($0) }
        let handle = StreamHandle(raw: UInt32(stream + 1))
        let handles = local.map { SeriesHandle(raw: UInt64($0)) }
        let input = BufferBatchInput(
            number: SequenceNumber(start: BufferWorld.start, count: UInt32(facts.count + 1)),
            stream: handle,
            source: stream == 0 ? .host : .scrape(job: "job-\(stream)"),
            timeMs: time,
            series: handles,
            localSeries: encoder.knows(handle, handles) ? nil : local,
            times: hasTimes ? layout.map { _ in Int64(bitPattern: random.next()) } : [],
            values: values.map { Double(bitPattern: $0) },
            verdicts: verdicts,
            lateCount: verdicts.filter { $0 == .late }.count,
            storedCount: stored,
            drops: stored == layout.count ? [] : [DropCount(.conflict, layout.count - stored)],
            generated: min(1, stored)
        )
        var added: [UInt8] = []
        encoder.append(input, to: &added)
        encoder.commit()
        note(added, stream)
        bytes += added
        facts.append(BatchFacts(input, layout))
        streams.append(stream)
        var old = previous[stream]?.values ?? [UInt64](repeating: 0, count: layout.count)
        for index in layout.indices where verdicts[index] != .dropped { old[index] = values[index] }
        previous[stream] = (layout, old)
    }

    /// As after a failed write.
    mutating func startOver() {
        encoder.startOver()
        defined = [:]
    }

    private mutating func define(_ labels: Labels) -> UInt32 {
        if let number = defined[labels] { return number }
        let number = encoder.define(labels)
        defined[labels] = number
        return number
    }

    private mutating func note(_ added: [UInt8], _ stream: Int) {
        var place = 0
        while place < added.count {
            let length = Int(ByteLoads.u32(added.span, place)) + BufferFormat.frameBytes
            records.append(
                Record(
                    range: bytes.count + place..<bytes.count + place + length,
                    type: BufferFormat.RecordType(rawValue: added[place + 10]) ?? .batch,
                    stream: stream
                )
            )
            place += length
        }
    }
}

/// What reading a file found.
struct BufferReading {
    var batches: [BatchFacts] = []
    var lost = 0
    var damage: [Range<Int64>] = []
    var tail: Range<Int64> = 0..<0
    var refused = 0
    /// Of all series that were named.
    var labels: Set<Labels> = []

    init(_ bytes: [UInt8], start: UInt32 = BufferWorld.start) throws {
        let disk = MemoryFileSystem()
        let file = try disk.open("/f", .create)
        try file.write(bytes.span, at: 0)
        var scanner = BufferScanner(WholeFile(file))
        var decoder = BufferDecoder(start: start)
        defer { labels = Set(decoder.series.values) }
        while true {
            switch try scanner.next(limit: Int64(bytes.count)) {
            case .record(let head, let payload):
                do throws(CodecError) {
                    let span = Array(scanner.window[payload])
                    switch try decoder.decode(head, span.span) {
                    case .definition: continue
                    case .lost: lost += 1
                    case .batch(let batch): batches.append(BatchFacts(batch, decoder))
                    }
                } catch {
                    refused += 1
                }
            case .damage(let range): damage.append(range)
            case .end(let tail):
                self.tail = tail
                return
            }
        }
    }
}

/// All of a file as records of a part, whatever was written to it.
struct WholeFile: BufferSource {
    private let file: any OpenFile

    init(_ file: any OpenFile) {
        self.file = file
    }

    var path: String { file.path }
    var start: Int64 { Int64(BufferFormat.headerBytes) }
    func end() throws(Errno) -> Int64 { try file.size() }
    func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
        try file.read(count, at: offset)
    }
}
