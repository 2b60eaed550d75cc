// The 64 bytes of a chunk header, byte by byte.
import Codec
import Model
import Testing

@testable import Store

@Suite("Chunk header") struct ChunkHeaderTests {
    static let id = SeriesID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)

    static func chunk() -> [UInt8] {
        let sealed = SealedChunk(
            TestSegment.samples([1000, 2000, 3000], [1, 1, StaleMarker.value]),
            flags: .late,
            with: GorillaCompressor()
        )
        let header = ChunkHeader(of: sealed, series: id)
        return header.chunk(
            sealed.payload.span,
            checksum: header.checksum(of: sealed.payload.span)
        )
    }

    @Test("golden bytes of version 1 stay readable for ever")
    func golden() throws {
        let bytes = Self.chunk()
        let text = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        let fields = [
            "474f5249", "0100", "01", "09", "0102030405060708090a0b0c0d0e0f10", "e803000000000000",
            "b80b000000000000", "03000000", "14000000", "14000000", "00000000",
        ]
        #expect(text.prefix(112) == fields.joined())
        #expect(text.suffix(40) == "00000000000003e83ff0000000000000e803e87c")
        let header = try ChunkHeader(bytes.span)
        #expect(header.seriesID == Self.id)
        #expect(header.flags == [.late, .staleMarkers])
        #expect(header.pointCount == 3)
        #expect(try header.verify(bytes.span) == 64..<84)
    }

    @Test(
        "says what is wrong",
        arguments: [
            (0, 0x58, "no chunk: it begins with 0x49524f58, not with GORI"),
            (4, 9, "chunk version 9 is newer than this program knows (1); use a newer tsdb-agent"),
            (
                6, 17,
                "chunk with compression 17 and flags 9, which this program does not know; use a newer "
                    + "tsdb-agent"
            ),
            (
                7, 0x80,
                "chunk with compression 1 and flags 128, which this program does not know; use a newer "
                    + "tsdb-agent"
            ),
            (40, 0, "chunk header with 0 points from 1000 to 3000"),
            (42, 1, "chunk header with 65539 points from 1000 to 3000"),
            (38, 0xff, "chunk checksum "),
            (45, 1, "chunk of 340 bytes, 84 are left"),
        ] as [(Int, UInt8, String)]
    )
    func texts(offset: Int, value: UInt8, text: String) {
        var bytes = Self.chunk()
        bytes[offset] = value
        let error = failure { () throws(ChunkError) in
            var samples = SampleColumns()
            let header = try ChunkHeader(bytes.span)
            let payload = try header.verify(bytes.span)
            try ChunkCoders.standard.decode(bytes.span.extracting(payload), header, into: &samples)
        }
        #expect(error?.hasPrefix(text) == true, "\(error ?? "nothing")")
    }

    @Test("a header that contradicts its samples is refused, and nothing is added")
    func times() throws {
        let bytes = Self.chunk()
        var header = try ChunkHeader(bytes.span)
        header.endMs = 4000
        var samples = SampleColumns()
        let error = failure { () throws(ChunkError) in
            try ChunkCoders.standard.decode(bytes.span.extracting(64..<84), header, into: &samples)
        }
        #expect(
            error == "chunk holds times from 1000 to 3000, header says 1000 to 4000, ascending"
        )
        #expect(samples.count == 0)
        header.compression = .none
        #expect(
            failure { () throws(ChunkError) in
                try ChunkCoders.standard.decode(
                    bytes.span.extracting(64..<84),
                    header,
                    into: &samples
                )
            }
                == "chunk with compression 0 and flags 9, which this program does not know; use a "
                + "newer tsdb-agent"
        )
    }

    @Test("reads a Gorilla payload under Snappy")
    func snappy() throws {
        let plain = SealedChunk(
            TestSegment.samples(Array(0..<500).map { $0 * 1000 }, Array(repeating: 3, count: 500)),
            flags: [],
            with: GorillaCompressor()
        )
        var header = ChunkHeader(of: plain, series: Self.id)
        header.compression = .gorillaSnappy
        let packed = SnappyBlock.compress(plain.payload.span)
        var samples = SampleColumns()
        try ChunkCoders.standard.decode(packed.span, header, into: &samples)
        #expect(samples.count == 500)
        header.uncompressedSize -= 1
        #expect(
            failure { () throws(ChunkError) in
                try ChunkCoders.standard.decode(packed.span, header, into: &samples)
            }?.hasPrefix("chunk payload: cannot decompress the Snappy block") == true
        )
        #expect(samples.count == 500)
    }

    private func failure(_ body: () throws(ChunkError) -> Void) -> String? {
        do throws(ChunkError) { try body() } catch { return error.description }
        return nil
    }
}
