// What the writer sends the reader takes, bit for bit; foreign bytes are refused, never trapped on.
import Formats
import Model
import TestSupport
import Testing

@Suite("remote write 1.0") struct RemoteWriteV1Tests {
    @Test("writes the bytes of the specification's messages")
    func bytes() {
        let labels = RemoteWriteV1.encodedLabels(Labels([Label("__name__", "up")]))
        var request: [UInt8] = []
        RemoteWriteV1.appendSeries(encodedLabels: labels, timeMs: 300, value: 1, to: &request)
        #expect(
            request == [0x0a, 0x1e, 0x0a, 0x0e, 0x0a, 8] + Array("__name__".utf8) + [0x12, 2]
                + Array("up".utf8) + [
                    0x12, 0x0c, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 2,
                ]
        )
    }

    @Test("reads back what was written", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var request: [UInt8] = []
        var written: [(Labels, [Int64], [UInt64])] = []
        for number in 0..<10 {
            let labels = Labels([
                Label("__name__", "m\(number)"),
                Label("é", String(repeating: "x", count: Int.random(in: 0...300, using: &random))),
            ])
            var samples = SampleColumns()
            for index in 0..<Int.random(in: 0...4, using: &random) {
                let bits: UInt64 =
                    index == 0
                    ? [0, 1 << 63, StaleMarker.bits, random.next()][number % 4] : random.next()
                let time: Int64 = index == 0 ? 0 : Int64(bitPattern: random.next())
                samples.append(time, Double(bitPattern: bits))
            }
            let encoded = RemoteWriteV1.encodedLabels(labels)
            if samples.count == 1 {
                RemoteWriteV1.appendSeries(
                    encodedLabels: encoded,
                    timeMs: samples.times[0],
                    value: samples.values[0],
                    to: &request
                )
            } else {
                RemoteWriteV1.appendSeries(encodedLabels: encoded, samples, to: &request)
            }
            written.append((labels, samples.times, samples.values.map(\.bitPattern)))
        }
        let metadata = MetricMetadata(kind: .summary, help: "h", unit: "s")
        RemoteWriteV1.appendMetadata(family: "m1", metadata, to: &request)
        var reader = RemoteWriteV1Reader(count: request.count)
        for (labels, times, bits) in written {
            #expect(try reader.next(request.span) == .series)
            #expect(try reader.labels(request.span) == labels, "seed \(seed)")
            #expect(reader.samples.times == times, "seed \(seed)")
            #expect(reader.samples.values.map(\.bitPattern) == bits, "seed \(seed)")
        }
        #expect(try reader.next(request.span) == .metadata(family: "m1", metadata))
        #expect(try reader.next(request.span) == nil)
    }

    @Test("refuses series that Prometheus would refuse")
    func refusals() {
        #expect(
            refusal([("__name__", "a"), ("b", "1"), ("b", "2")])
                == "cannot take the series at byte 2: label b comes twice"
        )
        #expect(refusal([("b", "1")]) == "cannot take the series at byte 2: it has no __name__")
        #expect(refusal([("", "1")]) == "cannot take the series at byte 2: a label name is empty")
        #expect(refusal([("z", "1"), ("__name__", "a"), ("y", "")]) == #"a{z="1"}"#)
        #expect(
            read([0x0a, 5, 0x0a]) == "cannot decode protobuf: it ends inside the field at byte 0"
        )
        #expect(
            read([0x08, 1])
                == "cannot decode protobuf: field 1 at byte 0 has another type than the message's definition"
        )
        #expect(
            read([0x0b]) == "cannot decode protobuf: byte 0 begins no field of a known wire type"
        )
        #expect(
            read([0x0a, 6, 0x0a, 4, 0x0a, 2, 0xc3, 0x28])
                == "cannot take the series at byte 2: a label is not UTF-8"
        )
    }

    @Test("never traps on damage", arguments: 0..<20)
    func damage(seed: UInt64) {
        var whole: [UInt8] = []
        let labels = RemoteWriteV1.encodedLabels(
            Labels([Label("__name__", "up"), Label("a", "b")])
        )
        RemoteWriteV1.appendSeries(
            encodedLabels: labels,
            timeMs: 1_700_000_000_000,
            value: 2,
            to: &whole
        )
        RemoteWriteV1.appendMetadata(
            family: "up",
            MetricMetadata(kind: .gauge, help: "x"),
            to: &whole
        )
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 { _ = read(damaged(whole, &random)) }
    }

    private func refusal(_ labels: [(String, String)]) -> String {
        var series: [UInt8] = []
        for (name, value) in labels {
            var label: [UInt8] = []
            ProtobufWriter.bytes(1, name.utf8, to: &label)
            ProtobufWriter.bytes(2, value.utf8, to: &label)
            ProtobufWriter.bytes(1, label, to: &series)
        }
        var request: [UInt8] = []
        ProtobufWriter.bytes(1, series, to: &request)
        return read(request)
    }

    private func read(_ request: [UInt8]) -> String {
        var reader = RemoteWriteV1Reader(count: request.count)
        var last = ""
        do throws(RemoteWriteError) {
            while let entry = try reader.next(request.span) {
                if entry == .series { last = try reader.labels(request.span).description }
            }
            return last
        } catch {
            return error.description
        }
    }
}
