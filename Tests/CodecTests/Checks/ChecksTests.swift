// Published vectors, and the same bytes in pieces.
import Codec
import TestSupport
import Testing

@Suite("Checksums and digests") struct ChecksTests {
    @Test(
        "XXH64, seed 0",
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] as [(String, UInt64)]
    )
    func xxh64(text: String, expected: UInt64) {
        #expect(XXH64.hash(Array(text.utf8).span) == expected)
    }

    @Test(
        "SHA-256, FIPS 180-4 examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ]
    )
    func sha256(text: String, expected: String) {
        #expect(Self.hexText(SHA256.digest(Array(text.utf8).span)) == expected)
    }

    @Test(
        "HMAC-SHA-256, RFC 4231 cases 1, 2, 6",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
    )
    func hmac(key: [UInt8], message: String, expected: String) {
        let code = HMACSHA256.code(key: key.span, message: Array(message.utf8).span)
        #expect(Self.hexText(code) == expected)
    }

    @Test(
        "CRC-32C, RFC 3720 B.4",
        arguments: [
            ([], 0), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), (Array(0..<32), 0x46dd_794e),
            (Array((0..<32).reversed()), 0x113f_db5c), (Array("123456789".utf8), 0xe306_9283),
        ] as [([UInt8], UInt32)]
    )
    func crc32c(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.hash(bytes.span) == expected)
    }

    @Test("pieces give the same as the whole", arguments: 0..<20)
    func pieces(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = random.bytes(Int.random(in: 0...500, using: &random))
        var xxh = XXH64()
        var sha = SHA256()
        var crc = CRC32C()
        var offset = 0
        while offset < bytes.count {
            let end = Int.random(in: offset...min(bytes.count, offset + 90), using: &random)
            let piece = Array(bytes[offset..<end])
            xxh.update(piece.span)
            sha.update(piece.span)
            crc.update(piece.span)
            offset = end
        }
        #expect(xxh.finish() == XXH64.hash(bytes.span), "seed \(seed)")
        if bytes.count >= 64 {
            let header = [8 of UInt64] { ByteLoads.u64(bytes.span, 8 * $0) }
            let rest = Array(bytes[64...])
            let parts = XXH64.hash(header: header, followedBy: rest.span)
            #expect(parts == XXH64.hash(bytes.span), "seed \(seed)")
        }
        #expect(sha.finish() == SHA256.digest(bytes.span), "seed \(seed)")
        #expect(crc.finish() == CRC32C.hash(bytes.span), "seed \(seed)")
    }

    private static func hexText(_ bytes: [UInt8]) -> String {
        bytes.map { hex($0) }.joined()
    }
}
