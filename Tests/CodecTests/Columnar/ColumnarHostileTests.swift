// Bytes that no encoder wrote: an error with a place, never a trap.
import Codec
import TestSupport
import Testing

@Suite("Columnar, hostile input") struct ColumnarHostileTests {
    @Test("every truncation and every added byte is refused", arguments: 0..<24)
    func truncations(seed: UInt64) {
        let sample = Self.sample(seed)
        #expect(sample.decode(sample.payload) == nil)
        for length in 0..<sample.payload.count {
            #expect(
                sample.decode(Array(sample.payload[..<length])) != nil,
                "seed \(seed), \(length) bytes"
            )
        }
        #expect(sample.decode(sample.payload + [0]) != nil)
    }

    @Test("bit flips give exactly the asked points or an error", arguments: 0..<24)
    func flips(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sample = Self.sample(seed)
        for bit in 0..<min(sample.payload.count * 8, 4000) {
            var damaged = sample.payload
            damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            _ = sample.decode(damaged)
            for _ in 0..<3 { damaged[Int(random.next() % UInt64(damaged.count))] ^= 0xff }
            _ = sample.decode(damaged)
        }
    }

    @Test("noise behind any first byte gives the asked points or an error", arguments: 0..<64)
    func noise(head: UInt8) {
        var random = SeededRandom(seed: UInt64(head))
        for _ in 0..<500 {
            var sample = Self.sample(0)
            sample.count = Int(random.next() % 400)
            sample.end = sample.start + Int64(random.next() % 3) * Int64(max(0, sample.count - 1))
            _ = sample.decode([head] + random.bytes(Int(random.next() % 300)))
        }
    }

    @Test("a count beyond the limit takes no memory; one below may come from two bytes")
    func counts() {
        var sample = Self.sample(0)
        for count in [-1, ColumnarLayout.maximumCount + 1, .max] {
            sample.count = count
            #expect(
                sample.decode([0, 0])
                    == .tooManyPoints(count: count, limit: ColumnarLayout.maximumCount)
            )
        }
        sample.count = 0
        #expect(sample.decode([]) == nil)
        #expect(sample.decode([0]) != nil)
        sample.count = 1 << 18
        sample.end = sample.start + (1 << 18) - 1
        #expect(sample.decode([0, 2]) == nil)
    }

    @Test("times must ascend from the start to the end that the header says")
    func ends() {
        var sample = Self.sample(3)  // jittered
        let end = sample.end
        sample.end += 1
        #expect(sample.decode(sample.payload) != nil)
        sample.end = end
        sample.start -= 1
        #expect(sample.decode(sample.payload) != nil)
        sample = Self.sample(0)  // on an exact grid
        sample.end += 1
        #expect(
            sample.decode(sample.payload)?.description
                == "cannot make sense of the bytes before byte 1: \(sample.count) times from "
                + "\(sample.start) to \(sample.end) are on no grid"
        )
        sample.end = sample.start
        #expect(sample.decode(sample.payload) != nil)
    }

    @Test("says what is wrong, and where")
    func texts() {
        var sample = Self.sample(0)
        sample.count = 3
        sample.end = sample.start + 2
        func text(_ bytes: [UInt8]) -> String? { sample.decode(bytes)?.description }
        let unknown = "cannot make sense of the bytes before byte"
        #expect(text([]) == "cannot read 1 bytes at byte 0: 0 left")
        #expect(text([0x40]) == "\(unknown) 1: a payload of layout 64")
        #expect(text([3]) == "\(unknown) 1: times of layout 3")
        #expect(text([6 << 2]) == "\(unknown) 1: values of layout 6")
        #expect(text([0, 2, 9]) == "\(unknown) 2: 1 bytes are left over")
        #expect(text([1 << 2, 0x38]) == "\(unknown) 2: the special value 8")
        #expect(text([1 << 2, 0x42]) == "\(unknown) 2: decimals of form 4")
        #expect(text([2 << 2, 1]) == "cannot read 8 bytes at byte 1: 1 left")
        #expect(text([3 << 2, 0x80]) == "\(unknown) 2: integers of layout 128")
        #expect(text([3 << 2, 0, 0, 0xf1, 65]) == "\(unknown) 5: a mini block of width 65")
        #expect(text([3 << 2, 0, 0, 0x1d]) == "\(unknown) 4: a mini block of layout 3")
        #expect(text([3 << 2, 0, 0, 0x15, 1, 64]) == "\(unknown) 6: patches of 64 bits above 1")
        #expect(text([3 << 2, 0, 0, 0x05, 1, 1, 3, 1]) == "\(unknown) 8: a patch at 3")
        #expect(text([3 << 2, 0, 0, 0x09, 1, 8, 1]) == "\(unknown) 7: a patch at 3")
        #expect(text([0x20, 2, 4]) == "\(unknown) 3: 4 exceptions among 3 values")
        #expect(text([0x20, 2, 1, 25]) == "\(unknown) 4: an exception behind 3 values")
        #expect(text([1, 1, 6]) == "\(unknown) 3: 3 gaps among 3 times")
        #expect(text([1, 1, 2, 3, 1]) == "\(unknown) 5: a gap behind 3 times")
        #expect(
            text([1, 1, 2, 1, 1, 0, 0])
                == "\(unknown) 5: times that do not ascend from 0 to 2"
        )
        #expect(
            text([4 << 2] + [UInt8](repeating: 0, count: 8) + [0x80])
                == "cannot decode the value at bit 72: it refers to a window, none was stated before"
        )
        #expect(text([5 << 2, 1]) == "cannot read 24 bytes at byte 1: 1 left")
        let endless = [UInt8](repeating: 0xff, count: 11)
        #expect(
            text([0] + endless) == "cannot read the varint at byte 1: it has more than 64 bits"
        )
    }

    // One payload of each kind, by the seed.
    private static func sample(_ seed: UInt64) -> Sample {
        var random = SeededRandom(seed: seed)
        let count = 150 + Int(seed) * 3
        var times: [Int64] = []
        var values: [Double] = []
        var time: Int64 = 0
        for index in 0..<count {
            times.append(time)
            time += 15_000
            switch seed % 4 {
            case 1: time += index % 40 == 7 ? 60_000 : 0
            case 2: time = Int64(index + 1) * 1000 + Int64(random.next() % 900)
            case 3: time += Int64(random.next() % 9) - (time % 15_000 > 7500 ? 9 : 0)
            default: break
            }
            let step = Double(index)
            switch seed % 6 {
            case 0: values.append(7)
            case 1: values.append(step * 0.5 + (index % 17 == 0 ? 1000 : 0))
            case 2: values.append(Double(bitPattern: random.next() >> 2))
            case 3: values.append(index % 9 < 6 ? 1 : step.squareRoot())
            case 4: values.append(index % 50 == 3 ? 3 : 0)
            default: values.append(Double(random.next() % 10_000) / 1e4)
            }
            if seed >= 12, index % 29 == 5 {
                values[index] = Double(bitPattern: GorillaLayout.staleMarkerBits)
            }
        }
        var payload: [UInt8] = []
        ColumnarPayload.encode(times: times.span, values: values.span, to: &payload)
        return Sample(payload: payload, count: count, start: 0, end: times[count - 1])
    }

    private struct Sample {
        var payload: [UInt8]
        var count: Int
        var start: Int64
        var end: Int64

        // Also checks that the columns grow by the count or not at all.
        func decode(_ bytes: [UInt8]) -> CodecError? {
            var times: [Int64] = [-7]
            var values: [Double] = [-8]
            do throws(CodecError) {
                try ColumnarPayload.decode(
                    bytes.span,
                    count: count,
                    start: start,
                    end: end,
                    times: &times,
                    values: &values
                )
            } catch {
                #expect(times == [-7])
                #expect(values == [-8])
                return error
            }
            #expect(times.count == count + 1)
            #expect(values.count == count + 1)
            if count > 0 {
                #expect(times[1] == start)
                #expect(times[count] == end)
                #expect((1..<count).allSatisfy { times[$0] < times[$0 + 1] })
            }
            return nil
        }
    }
}
