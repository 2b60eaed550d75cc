// Bounds on what one push may be.

/// Limits of pushes; a body that is over one is answered 413.
public struct PushLimits: Sendable, Hashable {
    /// Length of a remote-write request after decompression, in bytes.
    public var decodedBytes = 32 * 1024 * 1024
    /// Samples in one push.
    public var samples = 1_000_000

    /// The defaults.
    public init() {}
}

/// Decompresses what is pushed; bound to the codec where the program is wired.
public protocol SnappyDecoder: Sendable {
    /// The bytes that were compressed into the block.
    ///
    /// - Throws: `.tooLarge` before anything larger than `limit` is allocated, `.damaged`.
    func decode(_ block: [UInt8], limit: Int) throws(SnappyDecodeError) -> [UInt8]
}

/// Why a block cannot be decompressed.
public enum SnappyDecodeError: Error, Equatable {
    case tooLarge(bytes: Int, limit: Int)
    case damaged(reason: String)
}

/// A push that is refused, with its status.
struct PushRefusal: Error, Equatable {
    let status: Int
    let text: String
}
