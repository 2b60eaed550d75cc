// Bytes that no encoder wrote: an error with a place, never a trap.
import Codec
import TestSupport
import Testing

@Suite("Gorilla, hostile input") struct GorillaHostileTests {
    @Test("every truncation is refused", arguments: 0..<6)
    func truncations(seed: UInt64) {
        let (payload, count) = Self.sample(seed)
        for length in 0..<payload.count {
            #expect(
                decode(Array(payload[..<length]), count) != nil,
                "seed \(seed), \(length) bytes"
            )
        }
        #expect(decode(payload + [0], count) != nil)
        #expect(decode(payload, count) == nil)
        #expect(decode(payload, count + 20) != nil)
    }

    @Test("bit flips and noise give exactly the asked points or an error", arguments: 0..<6)
    func flips(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let (payload, count) = Self.sample(seed)
        for bit in 0..<payload.count * 8 {
            var damaged = payload
            damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            _ = decode(damaged, count)
            for _ in 0..<3 { damaged[Int(random.next() % UInt64(damaged.count))] ^= 0xff }
            _ = decode(damaged, count)
        }
        for _ in 0..<2000 {
            let noise = random.bytes(Int(random.next() % 80))
            _ = decode(noise, Int(random.next() % 64))
        }
    }

    @Test("megabytes behind the last point are an error, and nothing outside of them is read")
    func leftover() {
        for byteCount in [49, 64, 1 << 16, 64 << 20] {
            let payload = [UInt8](repeating: 0, count: byteCount)
            for count in [1, 3, 100] {
                guard case .leftover = decode(payload, count) else {
                    Issue.record("\(count) points of \(byteCount) bytes")
                    continue
                }
            }
        }
    }

    @Test("a count that the bytes cannot hold takes no memory")
    func hugeCount() {
        let payload = [UInt8](repeating: 0, count: 17)
        #expect(decode(payload, .max) == .impossibleCount(count: .max, byteCount: 17))
        #expect(decode(payload, -1) == .impossibleCount(count: -1, byteCount: 17))
        #expect(decode(payload, 10) == .impossibleCount(count: 10, byteCount: 17))
        #expect(decode([], 1) == .impossibleCount(count: 1, byteCount: 0))
        #expect(decode([], 0) == nil)
        #expect(decode(payload, 9) == nil)
    }

    @Test("says what is wrong, and where")
    func texts() {
        let header = [UInt8](repeating: 0, count: 16)
        #expect(
            decode(header + [0b1000_0000], 2)?.description
                == "cannot decode the value at bit 131: it refers to a window, none was stated before"
        )
        #expect(
            decode(header + [0b1010_0000, 0], 2)?.description
                == "cannot decode point 2 of 2: it ends at bit 206, the payload at bit 144"
        )
        #expect(
            decode(header + [0b1011_1111, 0b1111_1000], 2)?.description
                == "cannot decode the window before bit 142: 31 leading zeros and 62 bits do not fit "
                + "into 64"
        )
        #expect(
            decode(header + [0b0100_0000], 2)?.description
                == "cannot accept the payload: its last point ends at bit 129, the payload goes on to "
                + "bit 136"
        )
        #expect(
            decode(header, 2)?.description
                == "cannot decode 2 points from 16 bytes: the first point takes 16 bytes, each further "
                + "one at least 1 bit"
        )
    }

    @Test("columns are as before after an error")
    func untouched() {
        var times: [Int64] = [1]
        var values: [Double] = [2]
        let bytes = [UInt8](repeating: 0xff, count: 40)
        #expect(throws: CodecError.self) {
            try GorillaDecoder.decode(bytes.span, count: 100, times: &times, values: &values)
        }
        #expect(times == [1])
        #expect(values == [2])
    }

    // A payload with every kind of code in it.
    private static func sample(_ seed: UInt64) -> (payload: [UInt8], count: Int) {
        var random = SeededRandom(seed: seed)
        var times: [Int64] = []
        var values: [Double] = []
        var time: Int64 = 1_700_000_000_000
        for index in 0..<40 {
            times.append(time)
            values.append(index % 3 == 0 ? Double(index) : 1.5)
            if index % 13 == 5 { values[index] = Double(bitPattern: GorillaLayout.staleMarkerBits) }
            time &+= index % 5 == 0 ? Int64(random.next() & 0xff_ffff) : 15_000
        }
        return (GorillaPayload.encode(times: times.span, values: values.span), times.count)
    }

    private func decode(_ bytes: [UInt8], _ count: Int) -> CodecError? {
        var times: [Int64] = []
        var values: [Double] = []
        do throws(CodecError) {
            try GorillaDecoder.decode(bytes.span, count: count, times: &times, values: &values)
        } catch {
            return times.isEmpty && values.isEmpty ? error : nil
        }
        return times.count == count && values.count == count
            ? nil : .truncated(atByte: -1, wanted: count, available: times.count)
    }
}
