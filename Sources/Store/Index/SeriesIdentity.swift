// The identity of a series: architecture section 5, "Identity".
import Codec
public import Model

/// Makes series ids.
public enum SeriesIdentity {
    /// The first 16 bytes of SHA-256 over the canonical label bytes: the same everywhere, for ever.
    public static func id(of labels: Labels) -> SeriesID {
        let digest = SHA256.digest(labels.bytes.span)
        return SeriesID(
            high: ByteLoads.u64BigEndian(digest.span, 0),
            low: ByteLoads.u64BigEndian(digest.span, 8)
        )
    }
}
