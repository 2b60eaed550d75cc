// Keyed digests for request signatures (RFC 2104, RFC 4231 has the vectors).

/// HMAC with SHA-256.
public enum HMACSHA256 {
    /// The 32-byte code of `message` under `key`, which may have any length.
    public static func code(key: Span<UInt8>, message: Span<UInt8>) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: SHA256.blockBytes)
        if key.count > SHA256.blockBytes {
            block.replaceSubrange(0..<SHA256.digestBytes, with: SHA256.digest(key))
        } else {
            for index in key.indices { block[index] = key[index] }
        }
        // Named arrays on purpose: a span of a temporary crashes the 6.3.1 compiler here.
        let innerPad = block.map { $0 ^ 0x36 }
        let outerPad = block.map { $0 ^ 0x5c }
        var inner = SHA256()
        inner.update(innerPad.span)
        inner.update(message)
        let innerDigest = inner.finish()
        var outer = SHA256()
        outer.update(outerPad.span)
        outer.update(innerDigest.span)
        return outer.finish()
    }
}
