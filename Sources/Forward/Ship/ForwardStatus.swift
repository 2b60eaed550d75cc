// A destination as `/api/v1/status/forward` shows it.
public import Store

/// Where a destination stands at one moment.
public struct ForwardStatus: Sendable, Equatable {
    /// What the destination is doing.
    ///
    /// Raw values are shown to users.
    public enum Activity: String, Sendable, CaseIterable {
        /// Its cursor is being opened, or cannot be.
        case starting
        /// All that is stored is answered.
        case inStep = "in step"
        /// Sending, with more to come.
        case sending
        /// The last request failed; it is tried again.
        case retrying
        /// The destination refuses everything; it is probed slowly.
        case parked
        /// Ended.
        case stopped
    }

    /// The destination's name.
    public var name: String
    /// Where requests go, without user, password and query.
    public var url: String
    /// The version of remote write in which new requests go; nil for other destinations.
    public var version: WriteVersion?
    /// What it is doing.
    public var activity: Activity
    /// Everything before was answered for good; nil before the cursor is open.
    public var acked: FeedPosition?
    /// The end of what is stored.
    public var end: FeedPosition
    /// Batches between the two that were taken since the store's start; older ones are not counted.
    public var pendingBatches: UInt64
    /// Age of the oldest sample that is known to wait, in seconds; 0 when in step.
    public var lagSeconds: Double
    /// Requests under way.
    public var inFlight: Int
    /// Failures since the last answer that was none.
    public var failuresInRow: Int
    /// The status for which it is parked.
    public var parkedCode: Int?
    /// Samples and requests since the start.
    public var totals: ShipTotals
    /// Bytes of bodies handed to the network, repetitions included.
    public var sentBytes: UInt64
    /// What went wrong last; empty when nothing did.
    public var lastError: String
    /// When, in milliseconds since 1970 UTC; nil when nothing did.
    public var lastErrorMs: Int64?
    /// When the receiver last took something.
    public var lastSuccessMs: Int64?
}
