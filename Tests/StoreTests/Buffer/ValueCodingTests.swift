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

    private func decode(_ bytes: [UInt8], onto previous: [UInt64]) throws(CodecError) -> [UInt64] {
        var cursor = ByteCursor()
        var values = previous
        try ValueCoding.decode(&cursor, bytes.span, onto: &values)
        guard cursor.offset == bytes.count else {
            throw .malformed(atByte: cursor.offset, what: "bytes are left")
        }
        return values
    }

    @Test("any bits come back against any bits", arguments: 0..<40)
    func roundTrip(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var previous = (0..<257).map { _ in ValueCodingTests.value(&random) }
        for _ in 0..<40 {
            let values = previous.map { old in
                Int.random(in: 0..<4, using: &random) == 0 ? old : ValueCodingTests.value(&random)
            }
            var bytes: [UInt8] = []
            ValueCoding.encode(values, against: previous, into: &bytes)
            #expect(try decode(bytes, onto: previous) == values, "seed \(seed)")
            #expect(bytes.count <= values.count * 9 + (values.count + 3) / 4 + 1)
            previous = values
        }
    }

    @Test(
        "what a step of the usual kind costs",
        arguments: [
            ([5.0, 5, 5, 5], [5.0, 5, 5, 5], 1), ([5, 100, 7, 9], [6, 90, 7, 9], 3),
            ([0.25, 1.5, 17.25, 3.125], [0.5, 1.75, 17.5, 3.25], 1 + 4 * 2),
            ([-0.0], [0.0], 3),
        ] as [([Double], [Double], Int)]
    )
    func cost(previous: [Double], values: [Double], byteCount: Int) throws {
        var bytes: [UInt8] = []
        ValueCoding.encode(
            values.map(\.bitPattern),
            against: previous.map(\.bitPattern),
            into: &bytes
        )
        #expect(bytes.count <= byteCount)
        #expect(try decode(bytes, onto: previous.map(\.bitPattern)) == values.map(\.bitPattern))
    }

    @Test("random bytes decode or are refused", arguments: 0..<20)
    func hostile(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<500 {
            let bytes = random.bytes(Int.random(in: 0..<80, using: &random))
            let previous = (0..<16).map { _ in ValueCodingTests.value(&random) }
            _ = try? decode(bytes, onto: previous)
        }
    }
}
