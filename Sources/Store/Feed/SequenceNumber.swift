// The number of a batch: architecture section 5, "Numbers".

/// The number of a batch in its store's sequence; never used twice, gaps are normal.
///
/// The upper 32 bits say in which start of the store the batch was taken (`start` is at least the
/// Unix time of that start in seconds), the lower 32 bits count the batches of that start from 1.
public struct SequenceNumber: Hashable, Sendable {
    /// `start` and `count` in one word, which orders like the pair.
    public let raw: UInt64

    /// Takes the word as it stands in a file.
    public init(raw: UInt64) {
        self.raw = raw
    }

    /// Makes the number of batch `count` of start `start`.
    public init(start: UInt32, count: UInt32) {
        raw = UInt64(start) << 32 | UInt64(count)
    }

    /// Which start of the store.
    public var start: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }
    /// Which batch of that start.
    public var count: UInt32 { UInt32(truncatingIfNeeded: raw) }

    /// The latest start that a file may claim: a Unix time in 2105, with room for the starts to come.
    static let latestStart: UInt32 = .max - (1 << 24)
    /// Whether it is of a start that there can be.
    var isPossible: Bool { start <= SequenceNumber.latestStart }

    /// Before every batch.
    public static let zero = SequenceNumber(raw: 0)

    /// Behind every batch.
    public static let max = SequenceNumber(raw: .max)
}

extension SequenceNumber: Comparable {
    public static func < (one: SequenceNumber, other: SequenceNumber) -> Bool {
        one.raw < other.raw
    }
}

extension SequenceNumber: CustomStringConvertible {
    /// `start-count`, as in a Redis stream id.
    public var description: String { "\(start)-\(count)" }
}

/// The batches after `after` up to and including `through`: (M, N] of the architecture.
public struct SequenceRange: Hashable, Sendable {
    /// M: the last number before the range.
    public let after: SequenceNumber
    /// N: the last number inside.
    public let through: SequenceNumber

    /// Makes (after, through].
    public init(after: SequenceNumber, through: SequenceNumber) {
        self.after = after
        self.through = through
    }

    /// Whether `number` lies inside.
    public func contains(_ number: SequenceNumber) -> Bool {
        after < number && number <= through
    }
}
