import Model
import Store
import Testing

@testable import Forward

@Suite("Write body") struct WriteBodyTests {
    typealias Table = WriteRequestEncoderTests.Table

    static let table = Table(
        (0..<40).map {
            Labels([
                Label("__name__", "m\($0 % 5)_total"), Label("help_text", "shared"),
                Label("series", "\($0)"),
            ])
        }
    )
    static let order = (0..<40).map { UInt64(($0 * 17) % 40) }
    // Zero and a time of 0 are not written at all.
    static let values = order.map { $0 == 3 ? StaleMarker.value : $0 == 4 ? 0 : -Double($0) }

    static func encode(_ version: WriteVersion) throws -> WriteBody {
        let slice = WriteRequestEncoderTests.slice(table, order, values)
        let book = WriteRequestV2EncoderTests.Book()
        book.note("m1_total", MetricMetadata(kind: .counter, help: "Help.", unit: "bytes"))
        book.note("m2_total", MetricMetadata(kind: .gauge))
        let encoder: any RequestEncoder =
            version == .version1
            ? WriteRequestEncoder(externalLabels: Labels())
            : WriteRequestV2Encoder(externalLabels: Labels(), descriptions: book)
        return try #require(encoder.encode(slice, leavingOutUnknown: false)).body
    }

    static func lines(_ body: WriteBody) throws -> [String] {
        if body.version == .version2 { return try WriteRequestV2EncoderTests.read(body.message) }
        return try WriteRequestEncoderTests.decode(body.bytes).map {
            "\($0.labels) \($0.time) \(String($0.bits, radix: 16))"
        }
    }

    @Test(
        "a part is the whole's lines of its range, with the symbols that it needs and no others",
        arguments: WriteVersion.allCases,
        [0..<1, 39..<40, 5..<25, 0..<40, 7..<7]
    )
    func parts(version: WriteVersion, range: Range<Int>) throws {
        let whole = try WriteBodyTests.encode(version)
        let part = whole.part(range)
        #expect(part.version == version)
        let lines = try range.isEmpty && version == .version1 ? [] : WriteBodyTests.lines(part)
        #expect(lines == Array(try WriteBodyTests.lines(whole)[range]))
        // A part of a part, as a 413 after a 413 makes it.
        if range == 5..<25 {
            let again = part.part(3..<9)
            #expect(try WriteBodyTests.lines(again) == Array(lines[3..<9]))
        }
        if range == 0..<40 { #expect(part == whole) }
        if range.count == 1 { #expect(part.bytes.count * 5 < whole.bytes.count) }
    }

    @Test("a 2.0 body as one of 1.0 is what the encoder of 1.0 makes of the same samples")
    func version1() throws {
        let second = try WriteBodyTests.encode(.version2)
        let first = try WriteBodyTests.encode(.version1)
        #expect(second.inVersion1() == first)
        #expect(first.inVersion1() == first)
        #expect(second.part(3..<11).inVersion1() == first.part(3..<11))
    }

    @Test(
        "a series whose labels are no longer known is not sent without them",
        arguments: WriteVersion.allCases
    )
    func unknown(version: WriteVersion) throws {
        let table = Table([Labels([Label("__name__", "m")]), Labels()])
        let slice = WriteRequestEncoderTests.slice(table, [0, 1, 0], [1, 2, 3])
        let external = Labels([Label("zone", "eu")])
        let encoder: any RequestEncoder =
            version == .version1
            ? WriteRequestEncoder(externalLabels: external)
            : WriteRequestV2Encoder(
                externalLabels: external,
                descriptions: NoMetricDescriptions()
            )
        #expect(encoder.encode(slice, leavingOutUnknown: false) == nil)
        let encoded = try #require(encoder.encode(slice, leavingOutUnknown: true))
        #expect(encoded.slice.values == [1, 3])
        #expect(try WriteBodyTests.lines(encoded.body).count == 2)
    }
}
