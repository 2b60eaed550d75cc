// The numbers that encoder and decoder share. Layout: Codec.docc/gorilla-bitstream.md

/// Constants of the Gorilla bit stream.
///
/// After "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (Pelkonen et al., VLDB 2015,
/// section 4.1), for milliseconds, with one joint bit for the commonest case.
public enum GorillaLayout {
    /// The first time and the first value stand in full before everything else.
    public static let headerBytes = 16
    /// Words that the first point takes.
    public static let headerWords = 2
    /// The most words that one further point can fill: 145 bits after 63 that were waiting.
    public static let maximumWordsPerPoint = 3

    /// The value that ends a series (Prometheus staleness): it has codes of its own, which leave the
    /// value before it as the base of the next one.
    public static let staleMarkerBits: UInt64 = 0x7ff0_0000_0000_0002

    /// `110` is followed by the change of the interval plus this, in 7 bits.
    @usableFromInline static let smallBias: Int64 = 64
    /// `1110` is followed by the change of the interval plus this, in 20 bits.
    @usableFromInline static let mediumBias: Int64 = 1 << 19
    /// A window is given up when it is this many bits too wide.
    ///
    /// Never giving it up would let one odd value make every later one cost 64 bits.
    @usableFromInline static let windowSlack: UInt64 = 11
    /// A window has at most this many leading zeros: five bits.
    @usableFromInline static let maximumLeading: UInt64 = 31
    /// The window 31 + 63 cannot exist; in its place it says "stale marker, off schedule".
    @usableFromInline static let staleLeading: UInt64 = 31
    @usableFromInline static let staleLength: UInt64 = 63
}
