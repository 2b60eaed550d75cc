// What the loop knows about one descriptor that somebody waits for.

/// What to wait for.
///
/// An empty interest waits for nothing, not even for a hang-up.
public struct Interest: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let readable = Interest(rawValue: 1)
    public static let writable = Interest(rawValue: 2)
}

/// What a descriptor is ready for; level-triggered, so it comes again until it is dealt with.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let readable = Readiness(rawValue: 1)
    public static let writable = Readiness(rawValue: 2)
    /// The peer closed: a read still gives what it sent, then the end.
    public static let hangup = Readiness(rawValue: 4)
    /// The descriptor failed, or could not be watched at all (then this comes exactly once).
    public static let failed = Readiness(rawValue: 8)
}

/// The wait for one descriptor.
///
/// Belongs to the loop's thread; cancel it before the descriptor closes.
///
/// Not Sendable: it is used where it was made, on the loop's thread.
public final class Watch {
    public let fd: Int32
    public private(set) var interest: Interest
    let generation: UInt32
    var isRegistered = false
    var isCancelled = false
    let handler: @Sendable (Readiness) -> Void
    private weak var loop: EventLoop?

    init(
        fd: Int32,
        interest: Interest,
        generation: UInt32,
        loop: EventLoop,
        handler: @escaping @Sendable (Readiness) -> Void
    ) {
        self.fd = fd
        self.interest = interest
        self.generation = generation
        self.loop = loop
        self.handler = handler
    }

    /// The epoll token: the generation keeps a late event from reaching the number's next owner.
    var token: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd)) }

    /// Waits for something else from now on.
    ///
    /// Only on the loop's thread.
    public func modify(_ interest: Interest) {
        guard !isCancelled, interest != self.interest else { return }
        self.interest = interest
        loop?.update(self)
    }

    /// Ends the wait; no handler call comes after this.
    ///
    /// Only on the loop's thread.
    public func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        loop?.forget(self)
    }
}
