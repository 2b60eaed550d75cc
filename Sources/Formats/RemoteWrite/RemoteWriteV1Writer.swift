// Remote write 1.0, sending: prometheus.io/docs/specs/prw/remote_write_spec
internal import Codec
public import Model

/// Builds `prometheus.WriteRequest` messages; a sender keeps the encoded labels of each series.
public enum RemoteWriteV1 {
    /// The labels of a series as fields of a TimeSeries, to be kept and passed to `appendSeries`.
    public static func encodedLabels(_ labels: Labels) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(labels.bytes.count * 2)
        labels.forEachRange { name, value in
            let inside = fieldLength(name.count) + fieldLength(value.count)
            encoded.append(0x0a)
            Varint.append(UInt64(inside), to: &encoded)
            ProtobufWriter.bytes(1, labels.bytes[name], to: &encoded)
            ProtobufWriter.bytes(2, labels.bytes[value], to: &encoded)
        }
        return encoded
    }

    /// Appends a TimeSeries with one sample, the usual case.
    public static func appendSeries(
        encodedLabels labels: [UInt8],
        timeMs: Int64,
        value: Double,
        to request: inout [UInt8]
    ) {
        let sample = sampleLength(timeMs, value)
        request.append(0x0a)
        Varint.append(UInt64(labels.count + 2 + sample), to: &request)
        request.append(contentsOf: labels)
        appendSample(timeMs, value, length: sample, to: &request)
    }

    /// Appends a TimeSeries with samples in ascending time.
    public static func appendSeries(
        encodedLabels labels: [UInt8],
        _ samples: SampleColumns,
        to request: inout [UInt8]
    ) {
        var length = labels.count
        for index in 0..<samples.count {
            length += 2 + sampleLength(samples.times[index], samples.values[index])
        }
        request.append(0x0a)
        Varint.append(UInt64(length), to: &request)
        request.append(contentsOf: labels)
        for index in 0..<samples.count {
            let time = samples.times[index]
            let value = samples.values[index]
            appendSample(time, value, length: sampleLength(time, value), to: &request)
        }
    }

    /// Appends what is known of a metric family (field 3, as Prometheus sends it).
    public static func appendMetadata(
        family: String,
        _ metadata: MetricMetadata,
        to request: inout [UInt8]
    ) {
        var message: [UInt8] = []
        let kind = RemoteWriteV1.kinds.firstIndex(of: metadata.kind) ?? 0
        if kind > 0 { ProtobufWriter.varint(1, UInt64(kind), to: &message) }
        ProtobufWriter.bytes(2, family.utf8, to: &message)
        if !metadata.help.isEmpty { ProtobufWriter.bytes(4, metadata.help.utf8, to: &message) }
        if !metadata.unit.isEmpty { ProtobufWriter.bytes(5, metadata.unit.utf8, to: &message) }
        ProtobufWriter.bytes(3, message, to: &request)
    }

    // In the order of the enum MetricMetadata.MetricType.
    static let kinds: [MetricKind] = [
        .unknown, .counter, .gauge, .histogram, .gaugeHistogram, .summary, .info, .stateset,
    ]

    private static func fieldLength(_ count: Int) -> Int {
        1 + Varint.length(of: UInt64(count)) + count
    }

    // Zero is proto3's default and left out; -0 is not zero here, its bit counts.
    private static func sampleLength(_ timeMs: Int64, _ value: Double) -> Int {
        (value.bitPattern == 0 ? 0 : 9)
            + (timeMs == 0 ? 0 : 1 + Varint.length(of: UInt64(bitPattern: timeMs)))
    }

    private static func appendSample(
        _ timeMs: Int64,
        _ value: Double,
        length: Int,
        to request: inout [UInt8]
    ) {
        request.append(0x12)
        request.append(UInt8(length))  // at most 20
        if value.bitPattern != 0 { ProtobufWriter.fixed64(1, value.bitPattern, to: &request) }
        if timeMs != 0 { ProtobufWriter.varint(2, UInt64(bitPattern: timeMs), to: &request) }
    }
}
