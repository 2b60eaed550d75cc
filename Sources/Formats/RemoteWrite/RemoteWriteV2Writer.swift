// Remote write 2.0, sending: prometheus.io/docs/specs/prw/remote_write_spec_2_0
internal import Codec
public import Model

/// Builds `io.prometheus.write.v2.Request` messages, one after the other in the same memory.
public struct RemoteWriteV2Writer: Sendable {
    /// Type, help and unit of a series; the texts are numbers of the pool.
    public struct Metadata: Sendable, Hashable {
        /// The family's type as a message says it; 0 is unknown.
        public let kindNumber: UInt8
        /// Help text; 0 is none.
        public let help: UInt32
        /// Unit; 0 is none.
        public let unit: UInt32

        /// Makes metadata; all of it may be unknown.
        public init(kind: MetricKind = .unknown, help: UInt32 = 0, unit: UInt32 = 0) {
            let number = RemoteWriteV2.kinds.firstIndex(of: kind) ?? 0
            self.init(kindNumber: UInt64(number), help: help, unit: unit)
        }

        /// Makes metadata of a type as a message says it; a number that is none is unknown.
        public init(kindNumber: UInt64, help: UInt32, unit: UInt32) {
            self.kindNumber =
                kindNumber < UInt64(RemoteWriteV2.kinds.count) ? UInt8(kindNumber) : 0
            self.help = help
            self.unit = unit
        }

        var isUnknown: Bool { kindNumber == 0 && help == 0 && unit == 0 }
    }

    /// Texts of the series; it may grow between and during requests.
    public var pool: SymbolPool
    // The symbols of the message: numbers of the pool in the order of their first use, "" first.
    private var symbols: [UInt32] = []
    // Of each number of the pool: the round in its upper half, and, where that is the current one, its
    // place in `symbols` in the lower.
    private var places: [UInt64] = []
    private var round: UInt32 = 0
    private var series: [UInt8] = []
    private var references: [UInt8] = []
    private var metadataBytes: [UInt8] = []

    /// Starts with an empty message.
    public init(pool: SymbolPool = SymbolPool()) {
        self.pool = pool
        begin()
    }

    /// Forgets the message, keeps the pool and the memory.
    public mutating func begin() {
        if round == .max {
            places.removeAll()
            round = 0
        }
        round += 1
        symbols.removeAll(keepingCapacity: true)
        series.removeAll(keepingCapacity: true)
        _ = place(of: 0)
    }

    /// Adds a TimeSeries with one sample, the usual case.
    ///
    /// - Parameters:
    ///   - labels: name, value, name, value and so on, in bytewise order of the names.
    ///   - metadata: left out when nothing is known.
    ///   - timeMs: of the sample.
    ///   - value: of the sample; every bit counts.
    ///   - startMs: when the counter began to count; 0 means that this is not known.
    public mutating func appendSeries(
        _ labels: ArraySlice<UInt32>,
        _ metadata: Metadata,
        timeMs: Int64,
        value: Double,
        startMs: Int64 = 0
    ) {
        let sample = RemoteWriteV2Writer.sampleLength(timeMs, value, startMs)
        beginSeries(labels, metadata, sampleBytes: 2 + sample)
        appendSample(timeMs, value, startMs, length: sample)
        series.append(contentsOf: metadataBytes)
    }

    /// Adds a TimeSeries with samples in ascending time; `starts` is empty or has one time a sample.
    public mutating func appendSeries(
        _ labels: ArraySlice<UInt32>,
        _ metadata: Metadata,
        _ samples: SampleColumns,
        starts: [Int64] = []
    ) {
        var length = 0
        for index in 0..<samples.count {
            let start = starts.isEmpty ? 0 : starts[index]
            length +=
                2
                + RemoteWriteV2Writer.sampleLength(
                    samples.times[index],
                    samples.values[index],
                    start
                )
        }
        beginSeries(labels, metadata, sampleBytes: length)
        for index in 0..<samples.count {
            let (time, value) = (samples.times[index], samples.values[index])
            let start = starts.isEmpty ? 0 : starts[index]
            let length = RemoteWriteV2Writer.sampleLength(time, value, start)
            appendSample(time, value, start, length: length)
        }
        series.append(contentsOf: metadataBytes)
    }

    /// Writes the message to the end of `message`: symbols first.
    public func write(to message: inout [UInt8]) {
        var length = series.count
        for number in symbols { length += pool.range(number).count + 6 }
        message.reserveCapacity(message.count + length)
        let text = pool.bytes
        for number in symbols {
            let range = pool.range(number)
            message.append(0x22)
            Varint.append(UInt64(range.count), to: &message)
            message.append(contentsOf: text[range])
        }
        message.append(contentsOf: series)
    }

    // Everything of the series up to its samples; `metadataBytes` come behind them.
    private mutating func beginSeries(
        _ labels: ArraySlice<UInt32>,
        _ metadata: Metadata,
        sampleBytes: Int
    ) {
        references.removeAll(keepingCapacity: true)
        let numbers = labels.span
        for index in 0..<numbers.count {
            Varint.append(UInt64(place(of: numbers[index])), to: &references)
        }
        metadataBytes.removeAll(keepingCapacity: true)
        if !metadata.isUnknown { encode(metadata) }
        let length =
            1 + Varint.length(of: UInt64(references.count)) + references.count + sampleBytes
            + metadataBytes.count
        series.append(0x2a)
        Varint.append(UInt64(length), to: &series)
        series.append(0x0a)
        Varint.append(UInt64(references.count), to: &series)
        series.append(contentsOf: references)
    }

    private mutating func encode(_ metadata: Metadata) {
        let help = place(of: metadata.help)
        let unit = place(of: metadata.unit)
        metadataBytes.append(0x2a)
        metadataBytes.append(0)
        // Ten bytes at most: the length is one byte.
        if metadata.kindNumber > 0 {
            ProtobufWriter.varint(1, UInt64(metadata.kindNumber), to: &metadataBytes)
        }
        if help > 0 { ProtobufWriter.varint(3, UInt64(help), to: &metadataBytes) }
        if unit > 0 { ProtobufWriter.varint(4, UInt64(unit), to: &metadataBytes) }
        metadataBytes[1] = UInt8(metadataBytes.count - 2)
    }

    @inline(__always)
    private mutating func place(of number: UInt32) -> UInt32 {
        if Int(number) < places.count {
            let known = places[Int(number)]
            if known &>> 32 == UInt64(round) { return UInt32(truncatingIfNeeded: known) }
        }
        return newPlace(of: number)
    }

    private mutating func newPlace(of number: UInt32) -> UInt32 {
        if Int(number) >= places.count {
            let missing = max(pool.count, Int(number) + 1) - places.count
            places.append(contentsOf: repeatElement(0, count: missing))
        }
        let place = UInt32(symbols.count)
        places[Int(number)] = UInt64(round) << 32 | UInt64(place)
        symbols.append(number)
        return place
    }

    // Zero is proto3's default and left out; -0 is not zero here, its bit counts.
    private static func sampleLength(_ timeMs: Int64, _ value: Double, _ startMs: Int64) -> Int {
        (value.bitPattern == 0 ? 0 : 9)
            + (timeMs == 0 ? 0 : 1 + Varint.length(of: UInt64(bitPattern: timeMs)))
            + (startMs == 0 ? 0 : 1 + Varint.length(of: UInt64(bitPattern: startMs)))
    }

    private mutating func appendSample(
        _ timeMs: Int64,
        _ value: Double,
        _ startMs: Int64,
        length: Int
    ) {
        series.append(0x12)
        series.append(UInt8(length))  // at most 31
        if value.bitPattern != 0 { ProtobufWriter.fixed64(1, value.bitPattern, to: &series) }
        if timeMs != 0 { ProtobufWriter.varint(2, UInt64(bitPattern: timeMs), to: &series) }
        if startMs != 0 { ProtobufWriter.varint(3, UInt64(bitPattern: startMs), to: &series) }
    }
}

/// What writer and reader of remote write 2.0 share.
enum RemoteWriteV2 {
    // In the order of the enum Metadata.MetricType.
    static let kinds: [MetricKind] = [
        .unknown, .counter, .gauge, .histogram, .gaugeHistogram, .summary, .info, .stateset,
    ]
}
