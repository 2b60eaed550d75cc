import Codec
import Formats
import Model
import Store
import Testing

@testable import Forward

@Suite("Write request encoder") struct WriteRequestEncoderTests {
    final class Table: FeedSeriesTable {
        let list: [Labels]
        init(_ list: [Labels]) { self.list = list }
        func labels(of series: UInt64) -> Labels { list[Int(series)] }
    }

    struct Decoded: Equatable {
        var labels: Labels
        var time: Int64
        var bits: UInt64
    }

    static func decode(_ body: [UInt8]) throws -> [Decoded] {
        let message = try SnappyBlock.decompress(body.span, limit: 1 << 24)
        var reader = RemoteWriteV1Reader(count: message.count)
        var found: [Decoded] = []
        while let entry = try reader.next(message.span) {
            #expect(entry == .series)
            let labels = try reader.labels(message.span)
            for index in 0..<reader.samples.count {
                found.append(
                    Decoded(
                        labels: labels,
                        time: reader.samples.times[index],
                        bits: reader.samples.values[index].bitPattern
                    )
                )
            }
        }
        return found
    }

    static func slice(_ table: Table, _ series: [UInt64], _ values: [Double]) -> FeedSlice {
        FeedSlice(
            from: FeedPosition(number: .zero),
            to: FeedPosition(number: .zero, offset: 1),
            isLate: false,
            mayBeResend: false,
            series: series,
            times: series.map { 1_700_000_000_000 + Int64($0) },
            values: values,
            table: table
        )
    }

    @Test("labels, times and every bit of a value arrive, stale markers too")
    func bits() throws {
        let table = Table([
            Labels([Label("__name__", "up"), Label("job", "a")]),
            Labels([Label("__name__", "up"), Label("job", "b"), Label("zone", "eigen")]),
            Labels([Label("__name__", "x")]),
        ])
        let values = [StaleMarker.value, -0.0, Double(bitPattern: 0x7ff8_0000_dead_beef)]
        let encoder = WriteRequestEncoder(
            externalLabels: Labels([Label("agent", "box"), Label("zone", "eu")])
        )
        let slice = WriteRequestEncoderTests.slice(table, [0, 1, 2], values)
        let body = try #require(encoder.encode(slice, leavingOutUnknown: false)).body
        #expect(body.version == .version1)
        let decoded = try WriteRequestEncoderTests.decode(body.bytes)
        #expect(
            decoded.map(\.labels.description) == [
                #"up{agent="box", job="a", zone="eu"}"#,
                #"up{agent="box", job="b", zone="eigen"}"#,
                #"x{agent="box", zone="eu"}"#,
            ]
        )
        #expect(decoded.map(\.bits) == values.map(\.bitPattern))
        #expect(decoded.map(\.time) == [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002])
    }

    @Test("the bytes do not depend on what is cached", arguments: [0, 200, 100_000])
    func cacheIsInvisible(limit: Int) {
        let table = Table((0..<50).map { Labels([Label("__name__", "m\($0)")]) })
        let other = Table((0..<50).map { Labels([Label("__name__", "other\($0)")]) })
        let plain = WriteRequestEncoder(externalLabels: Labels())
        let bounded = WriteRequestEncoder(externalLabels: Labels(), cacheLimitBytes: limit)
        for round in 0..<6 {
            let numbers = (0..<50).map { UInt64(($0 * 7 + round) % 50) }
            let slice = WriteRequestEncoderTests.slice(
                round == 3 ? other : table,
                numbers,
                numbers.map { Double($0) }
            )
            let body = plain.encode(slice, leavingOutUnknown: false)?.body
            #expect(body != nil)
            #expect(bounded.encode(slice, leavingOutUnknown: false)?.body == body)
        }
    }
}
