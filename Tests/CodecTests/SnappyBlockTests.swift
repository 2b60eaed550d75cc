// Snappy blocks: ours, damaged ones, and ones that lie about their size.
import Codec
import TestSupport
import Testing

@Suite("Snappy block") struct SnappyBlockTests {
    @Test("gives the bytes back", arguments: [0, 1, 5, 100, 100_000])
    func roundTrip(count: Int) throws {
        var random = SeededRandom(seed: UInt64(count))
        for bytes in [random.bytes(count), [UInt8](repeating: 7, count: count)] {
            let block = SnappyBlock.compress(bytes.span)
            #expect(try SnappyBlock.decompress(block.span, limit: count) == bytes)
            if count > 0 {
                #expect(
                    failure(block, limit: count - 1)
                        == .snappyTooLarge(uncompressed: count, limit: count - 1)
                )
            }
        }
    }

    @Test("truncated and damaged blocks are errors or other bytes, never traps")
    func damage() {
        let block = SnappyBlock.compress(Array("abcabcabcabcabcabcabc hello hello".utf8).span)
        for length in 0..<block.count {
            #expect(failure(Array(block[..<length]), limit: 1000) != nil)
        }
        for bit in 0..<block.count * 8 {
            var damaged = block
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            _ = failure(damaged, limit: 1 << 20)
        }
    }

    @Test("a few bytes that announce gigabytes take no memory")
    func bomb() {
        let bytes: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x0f, 0]
        #expect(failure(bytes, limit: .max) == .snappyDamaged(byteCount: 6))
        #expect(
            failure(bytes, limit: 1000)?.description
                == "cannot decompress the Snappy block: it would take 4294967295 bytes, "
                + "the limit is 1000"
        )
        #expect(
            failure([], limit: 9)?.description
                == "cannot decompress 0 bytes: they are no whole Snappy block"
        )
    }

    private func failure(_ block: [UInt8], limit: Int) -> CodecError? {
        do throws(CodecError) {
            _ = try SnappyBlock.decompress(block.span, limit: limit)
        } catch {
            return error
        }
        return nil
    }
}
