// Values coded against values: exact for every bit pattern, and bounded for every byte string.
import Codec
import TestSupport
import Testing

@testable import Store

@Suite("Value coding")
struct ValueCodingTests {
    // One value of each class of doubles, and neighbours of every limit that the coder has.
    private static func value(_ random: inout SeededRandom) -> UInt64 {
        let sign = Bool.random(using: &random) ? 1.0 : -1.0
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return random.next()
        case 1: return (sign * 0).bitPattern
        case 2: return Double.nan.bitPattern | random.next() & 0xffff_ffff
        case 3: return (sign * Double.infinity).bitPattern
        case 4: return (sign * Double.leastNonzeroMagnitude * Double(random.next() & 7)).bitPattern
        case 5:
            let near = Double.random(in: -4...4, using: &random).rounded()
            return (sign * (9_007_199_254_740_992 + near)).bitPattern
        case 6:
            let scale = Int.random(in: 0...9, using: &random)
            let power = (0..<scale).reduce(1.0) { power, _ in power * 10 }
            return (sign * Double(random.next() % 100_000_000) / power).bitPattern
        case 7: return (sign * (4.0e13 + Double(random.next() % 100) - 50)).bitPattern
        case 8: return (sign * (4.0e7 + Double(random.next() % 2000) / 100 - 10)).bitPattern
        case 9: return (sign * (45_035_996_273.704_95 + Double(random.next() % 9) / 1e5)).bitPattern
        case 10: return Double(Int64(bitPattern: random.next())).bitPattern
        default: return Double(random.next() % 1000).bitPattern
        }
    }

    private func encode(_ columns: [[UInt64]]) -> [[UInt8]] {
        var states = columns[0].map { _ in ValueState() }
        return columns.map { column in
            var bytes: [UInt8] = []
            ValueCoding.encode(column.map { Double(bitPattern: $0) }, [], &states, into: &bytes)
            return bytes
        }
    }

    private func decode(_ pieces: [[UInt8]], count: Int) throws(CodecError) -> [[UInt64]] {
        var states = (0..<count).map { _ in ValueState() }
        var columns: [[UInt64]] = []
        for bytes in pieces {
            var cursor = ByteCursor()
            var values: [Double] = []
            try ValueCoding.decode(&cursor, bytes.span, [], &states, &values)
            guard cursor.offset == bytes.count else {
                throw .malformed(atByte: cursor.offset, what: "bytes are left")
            }
            columns.append(values.map(\.bitPattern))
        }
        return columns
    }

    @Test("any bits come back after any bits", arguments: 0..<40)
    func roundTrip(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var columns = [(0..<257).map { _ in ValueCodingTests.value(&random) }]
        for _ in 0..<40 {
            columns.append(
                columns[columns.count - 1].map { old in
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: old
                    case 1: (Double(bitPattern: old) + Double(random.next() % 100)).bitPattern
                    default: ValueCodingTests.value(&random)
                    }
                }
            )
        }
        let pieces = encode(columns)
        #expect(try decode(pieces, count: 257) == columns, "seed \(seed)")
        for piece in pieces { #expect(piece.count <= 257 * ValueCoding.maxValueBytes) }
    }

    @Test(
        "what a column of the usual kind costs",
        arguments: [
            ([5, 100, 7, 9], [5, 100, 7, 9], 1),
            ([5, 100, 7, 9], [6, 90, 7, 9], 3),
            ([0.25, 1.5, 17.25, 3.125], [0.5, 1.75, 17.5, 3.25], 10),
            ([-0.0], [-0.0], 1),
        ] as [([Double], [Double], Int)]
    )
    func cost(first: [Double], second: [Double], byteCount: Int) throws {
        let columns = [first.map(\.bitPattern), second.map(\.bitPattern)]
        let pieces = encode(columns)
        #expect(pieces[1].count == byteCount)
        #expect(try decode(pieces, count: first.count) == columns)
    }

    @Test("a counter with small steps takes half a byte a step, a still gauge a bit")
    func usual() {
        var random = SeededRandom(seed: 4)
        var counter = 1_000_000.0
        let counters = (0..<800).map { _ -> [UInt64] in
            counter += Double(random.next() % 4)
            return [counter.bitPattern]
        }
        // One place a piece: bytes are whole there, so look at columns of many alike.
        let pieces = encode(counters.map { [UInt64](repeating: $0[0], count: 80) })
        let bytes = pieces.dropFirst().reduce(0) { $0 + $1.count }
        #expect(Double(bytes) / Double(80 * 799) < 0.55)
        let still = encode([[UInt64]](repeating: [UInt64](repeating: 7, count: 800), count: 3))
        #expect(still[1].count == 100 && still[2].count == 100)
    }

    @Test("random bytes decode or are refused", arguments: 0..<20)
    func hostile(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<500 {
            let pieces = (0..<3).map { _ in
                random.bytes(Int.random(in: 0..<80, using: &random))
            }
            var states = (0..<16).map { _ in ValueState() }
            for bytes in pieces {
                var cursor = ByteCursor()
                var values: [Double] = []
                do throws(CodecError) {
                    try ValueCoding.decode(&cursor, bytes.span, [], &states, &values)
                    #expect(values.count == 16 && cursor.offset <= bytes.count)
                } catch {
                    #expect(values.count < 16)
                }
            }
        }
    }
}
