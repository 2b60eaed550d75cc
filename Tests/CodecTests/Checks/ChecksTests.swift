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
        "MD5, RFC 1321 section A.5",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f"
            ),
            (
                String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ]
    )
    func md5(text: String, expected: String) {
        let bytes = Array(text.utf8)
        #expect(Self.hexText(MD5.digest(bytes.span)) == expected)
        #expect(MD5.lastWord(bytes.span) == UInt64(expected.suffix(16), radix: 16))
    }

    // Of texts that end about where the padding needs another block; by `md5sum`.
    @Test(
        "MD5 around the end of a block",
        arguments: [
            (55, "04364420e25c512fd958a70738aa8f72"),
            (56, "668a72d5ba17f08e62dabcafad6db14b"),
            (63, "7dc2ca208106a2f703567bdff99d8981"),
            (64, "c1bb4f81d892b2d57947682aeb252456"),
            (65, "1bc932052302d074bdec39795fe00cf6"),
            (119, "ab347a5f68c8a443cfcddc633f12c24f"),
            (120, "fb98667f98096de92620b64f46e1c5b5"),
            (128, "d69cb61a6ee87200676eb0d4b90edbcb"),
        ]
    )
    func md5Padding(count: Int, expected: String) {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count)
        #expect(Self.hexText(MD5.digest(bytes.span)) == expected)
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
