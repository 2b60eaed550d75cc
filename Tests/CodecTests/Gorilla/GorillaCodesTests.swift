// Every code of the Gorilla layout, bit by bit. Layout: Codec.docc/gorilla-bitstream.md
import Codec
import Testing

@Suite("Gorilla codes") struct GorillaCodesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let times: [Int64]
        let values: [Double]
        let bits: String  // after the first point, without the padding

        var testDescription: String { name }
    }

    static let stale = Double(bitPattern: GorillaLayout.staleMarkerBits)

    static let rows: [Row] = [
        Row(name: "one point", times: [7], values: [1], bits: ""),
        Row(name: "same time, same value", times: [7, 7, 7], values: [1, 1, 1], bits: "0 0"),
        Row(name: "smallest change", times: [0, -64], values: [1, 1], bits: "110 0000000 0"),
        Row(
            name: "small change",
            times: [0, 63, 126],
            values: [1, 1, 1],
            bits: "110 1111111 0 0"
        ),
        Row(
            name: "medium change",
            times: [0, 64],
            values: [1, 1],
            bits: "1110 10000000000001000000 0"
        ),
        Row(
            name: "largest medium change",
            times: [0, 524_287],
            values: [1, 1],
            bits: "1110 11111111111111111111 0"
        ),
        Row(
            name: "large change",
            times: [0, 524_288],
            values: [1, 1],
            bits: "11110 \(zeros(44)) 10000000000000000000 0"
        ),
        Row(
            name: "large change back",
            times: [0, -524_289],
            values: [1, 1],
            bits: "11110 \(ones(44)) 01111111111111111111 0"
        ),
        Row(
            name: "new window, then the old one",
            times: [0, 0, 0],
            values: [1, 2, 1],
            bits: "10 1 00001 001011 11111111111 10 0 11111111111"
        ),
        Row(
            name: "window of 64 bits",
            times: [0, 0],
            values: [0, Double(bitPattern: 1 << 63 | 1)],
            bits: "10 1 00000 000000 1 \(zeros(62)) 1"
        ),
        Row(
            name: "leading zeros are capped",
            times: [0, 0],
            values: [0, Double(bitPattern: 1)],
            bits: "10 1 11111 100001 \(zeros(32)) 1"
        ),
        Row(
            name: "a window shrinks when 11 bits too wide",
            times: [0, 0, 0],
            values: [0, Double(bitPattern: 0x7ff8 << 48), Double(bitPattern: 0x7ff9 << 48)],
            bits: "10 1 00001 001100 111111111111 10 1 01111 000001 1"
        ),
        Row(
            name: "a window stays when 10 bits too wide",
            times: [0, 0, 0],
            values: [0, Double(bitPattern: 0x7ff0 << 48), Double(bitPattern: 0x7fe0 << 48)],
            bits: "10 1 00001 001011 11111111111 10 0 00000000001"
        ),
        Row(
            name: "stale on schedule keeps the base",
            times: [0, 0, 0],
            values: [1, stale, 1],
            bits: "11111 0"
        ),
        Row(
            name: "stale off schedule keeps the base",
            times: [0, 1, 2],
            values: [1, stale, 1],
            bits: "110 1000001 1 1 11111 111111 0"
        ),
        Row(
            name: "stale after a large change",
            times: [0, .max],
            values: [1, stale],
            bits: "11110 0 \(ones(63)) 1 1 11111 111111"
        ),
        Row(name: "stale at first", times: [0, 0], values: [stale, stale], bits: "0"),
        Row(
            name: "the document's example",
            times: [1_700_000_000_000, 1_700_000_015_000, 1_700_000_030_000, 1_700_000_045_003],
            values: [1, 1, 2, stale],
            bits: "1110 10000011101010011000 0 10 1 00001 001011 11111111111 "
                + "110 1000011 1 1 11111 111111"
        ),
    ]

    @Test("are written as documented, and read back", arguments: rows)
    func codes(row: Row) throws {
        let payload = GorillaPayload.encode(times: row.times.span, values: row.values.span)
        let expected = row.bits.filter { $0 != " " }
        let padding = String(repeating: "0", count: (8 - expected.count % 8) % 8)
        #expect(Self.text(payload.dropFirst(16)) == expected + padding)
        var times: [Int64] = []
        var values: [Double] = []
        try GorillaDecoder.decode(
            payload.span,
            count: row.times.count,
            times: &times,
            values: &values
        )
        #expect(times == row.times)
        #expect(values.map(\.bitPattern) == row.values.map(\.bitPattern))
    }

    @Test("golden payload: bytes of version 1 stay readable for ever")
    func golden() throws {
        let text = "0000018bcfe568003ff0000000000000e83a985097fff43fff80"
        let row = try #require(Self.rows.last)
        let payload = GorillaPayload.encode(times: row.times.span, values: row.values.span)
        #expect(payload.map { hex($0) }.joined() == text)
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 2)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
    static func ones(_ count: Int) -> String { String(repeating: "1", count: count) }
}

func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
}
