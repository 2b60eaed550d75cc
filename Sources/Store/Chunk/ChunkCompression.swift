// How the payload of a chunk is coded: byte 6 of its header. Layout: Store.docc/segment-file.md

/// The number of a coding in a chunk's header.
///
/// 0 to 127 are the format's own, 128 to 255 are for compressors that a user binds in `StoreEngines`.
public struct ChunkCompression: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Samples as they are; reserved, not written and not read.
    public static let none = ChunkCompression(rawValue: 0)
    /// A Gorilla bit stream.
    public static let gorilla = ChunkCompression(rawValue: 1)
    /// Samples as they are under Snappy; reserved, not written and not read.
    public static let snappy = ChunkCompression(rawValue: 2)
    /// A Gorilla bit stream under Snappy.
    public static let gorillaSnappy = ChunkCompression(rawValue: 3)
    /// Columns of times and values.
    public static let columnar = ChunkCompression(rawValue: 4)
    /// Columns of times and values under Snappy.
    public static let columnarSnappy = ChunkCompression(rawValue: 5)
    /// The first of those that are for users' own compressors.
    public static let usersOwn = ChunkCompression(rawValue: 128)

    /// Whether the format says what this is, or leaves it to users.
    var isKnown: Bool { rawValue <= 5 || rawValue >= ChunkCompression.usersOwn.rawValue }

    /// The coding under the second stage; nil where there is no second stage.
    var firstStage: ChunkCompression? {
        switch self {
        case .gorillaSnappy: .gorilla
        case .columnarSnappy: .columnar
        default: nil
        }
    }

    /// The same with Snappy as second stage; nil for what has none.
    var withSecondStage: ChunkCompression? {
        switch self {
        case .gorilla: .gorillaSnappy
        case .columnar: .columnarSnappy
        default: nil
        }
    }
}
