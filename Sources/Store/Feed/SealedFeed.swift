// What a destination of whole segments reads: one after the other, as they are sealed.
// Architecture section 5, "Feed" and "Rewrite and retention".
internal import Platform

/// The sealed segments in sequence.
///
/// A reader pins the place behind what it has: no segment is merged with another over that place, so
/// that the next one always begins there. Positions are those of `BatchFeed`, behind whole batches.
public protocol SealedFeed: FeedLedger {
    /// The end of what is, or will be, in segments now: where the open epoch begins.
    var closedEnd: SequenceNumber { get }

    /// The first segment with batches behind `number`; nil when there is none, or when one that comes
    /// before it is still on its way.
    ///
    /// Batches between `number` and the segment's `range.after` are gone. The reader stays readable for as
    /// long as it is held, whatever becomes of the file.
    func nextSealed(after number: SequenceNumber) -> SegmentReader?

    /// Calls `wake` after segments were sealed or could not be sealed before, from any thread; it must
    /// only nudge the reader. Returns a token for `unsubscribeFromSealed`.
    func subscribeToSealed(_ wake: @escaping @Sendable () -> Void) -> Int

    /// Ends a subscription.
    func unsubscribeFromSealed(_ token: Int)

    /// As in `BatchFeed`.
    func pin(_ destination: String, at position: FeedPosition)

    /// As in `BatchFeed`.
    func offer(_ destination: String, through position: FeedPosition)

    /// As in `BatchFeed`.
    func unpin(_ destination: String)
}

extension Database: SealedFeed {
    public var closedEnd: SequenceNumber {
        writer.withLock { writer in
            writer.isReplaying ? max(writer.epochAfter, firstOfStart) : writer.epochAfter
        }
    }

    public func nextSealed(after number: SequenceNumber) -> SegmentReader? {
        // In this order: an epoch that is sealed in between counts as on its way once more.
        let (isReplaying, closing) = writer.withLock { writer in
            (writer.isReplaying, writer.closing.map(\.range))
        }
        let next = sealed.withLock { segments in
            segments.first { number < $0.range.through }
        }
        guard let next else { return nil }
        if next.range.after <= number { return next }
        // Recovery may have found the batches of a gap in the buffer, or be about to.
        let isAwaited = closing.contains { range in
            number < range.through && range.after < next.range.after
        }
        return isReplaying || isAwaited ? nil : next
    }

    public func subscribeToSealed(_ wake: @escaping @Sendable () -> Void) -> Int {
        sealedSubscribers.withLock { $0.add(wake) }
    }

    public func unsubscribeFromSealed(_ token: Int) {
        sealedSubscribers.withLock { $0.remove(token) }
    }

    /// Tells the readers of segments that there may be a next one.
    func wakeSealedReaders() {
        for wake in sealedSubscribers.withLock({ $0.all }) { wake() }
    }
}
