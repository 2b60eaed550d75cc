// Fields in and out of bytes, and what happens at the end of them.
import Codec
import Testing

@Suite("Bytes") struct BytesTests {
    @Test(
        "varints have the documented bytes",
        arguments: [
            (0, [0]), (1, [1]), (127, [0x7f]), (128, [0x80, 1]), (300, [0xac, 2]),
            (.max, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ] as [(UInt64, [UInt8])]
    )
    func varints(value: UInt64, expected: [UInt8]) throws {
        var bytes: [UInt8] = []
        Varint.append(value, to: &bytes)
        #expect(bytes == expected)
        #expect(Varint.length(of: value) == expected.count)
        var offset = 0
        #expect(try Varint.read(bytes.span, &offset) == value)
        #expect(offset == bytes.count)
    }

    @Test("every power of two and its neighbour keep their length")
    func varintLengths() {
        for shift in 0..<64 as Range<UInt64> {
            for value in [UInt64(1) << shift, UInt64(1) << shift - 1] {
                var bytes: [UInt8] = []
                Varint.append(value, to: &bytes)
                #expect(bytes.count == Varint.length(of: value))
            }
        }
    }

    @Test("zigzag is a bijection", arguments: [0, -1, 1, -2, 63, .min, .max] as [Int64])
    func zigzag(value: Int64) {
        #expect(Varint.unzigzag(Varint.zigzag(value)) == value)
        #expect(Varint.zigzag(-1) == 1)
        #expect(Varint.zigzag(.min) == .max)
    }

    @Test(
        "varints that end early or never are errors",
        arguments: [
            ([], "cannot read 1 bytes at byte 0: 0 left"),
            ([0x80, 0x80], "cannot read 3 bytes at byte 0: 2 left"),
            (
                [255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
                "cannot read the varint at byte 0: it has more than 64 bits"
            ),
        ] as [([UInt8], String)]
    )
    func badVarints(bytes: [UInt8], text: String) {
        var offset = 0
        let error = failure { () throws(CodecError) in _ = try Varint.read(bytes.span, &offset) }
        #expect(error == text)
        #expect(offset == 0)
    }

    @Test("what a sink wrote a cursor reads")
    func fields() throws {
        var sink = ByteSink()
        sink.u8(0xab)
        sink.u16(0x1234)
        sink.u32(0x89ab_cdef)
        sink.u64(0x0123_4567_89ab_cdef)
        sink.i64(-2)
        sink.varint(300)
        sink.field("name".utf8)
        sink.pad(to: 8)
        sink.patch(u32: 7, at: 3)
        #expect(sink.count == 32)
        #expect(sink.bytes.prefix(7) == [0xab, 0x34, 0x12, 7, 0, 0, 0])
        var cursor = ByteCursor()
        let bytes = sink.bytes.span
        #expect(try cursor.u8(bytes) == 0xab)
        #expect(try cursor.u16(bytes) == 0x1234)
        #expect(try cursor.u32(bytes) == 7)
        #expect(try cursor.u64(bytes) == 0x0123_4567_89ab_cdef)
        #expect(try cursor.i64(bytes) == -2)
        #expect(try cursor.varint(bytes) == 300)
        #expect(try cursor.field(bytes) == 26..<30)
        #expect(cursor.remaining(bytes) == 2)
    }

    @Test("a cursor stops at the end")
    func end() {
        let bytes: [UInt8] = [1, 2, 3]
        var cursor = ByteCursor(at: 1)
        #expect(
            failure { () throws(CodecError) in _ = try cursor.u32(bytes.span) }
                == "cannot read 4 bytes at byte 1: 2 left"
        )
        let long: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
        cursor = ByteCursor()
        #expect(
            failure { () throws(CodecError) in _ = try cursor.field(long.span) }
                == "cannot read \(Int.max) bytes at byte 10: 0 left"
        )
        cursor = ByteCursor(at: 9)
        #expect(
            failure { () throws(CodecError) in _ = try cursor.u8(bytes.span) }
                == "cannot read 1 bytes at byte 9: 0 left"
        )
    }

    private func failure(_ body: () throws(CodecError) -> Void) -> String? {
        do throws(CodecError) { try body() } catch { return error.description }
        return nil
    }
}
