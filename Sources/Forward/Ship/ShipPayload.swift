// The bytes of one slice on its way, and what is known of how its receiver takes them.

/// What is kept of a slice until it is answered: its request, from which smaller ones are made.
struct ShipPayload: Sendable {
    private let count: Int
    private var whole: WriteBody
    /// The samples that are in `body`.
    private var part: Range<Int>
    /// What goes over the wire.
    private(set) var body: WriteBody
    /// How often this very body was sent.
    var tries = 0
    /// The status with which the receiver said that it does not understand 2.0, nil when it did not.
    var refused: Int?

    /// Keeps the body of a slice with so many samples.
    init(_ whole: WriteBody, count: Int) {
        self.whole = whole
        self.count = count
        part = 0..<count
        body = whole
    }

    /// Whether `body` is what is to be sent.
    func isReady(_ part: Range<Int>, inVersion1: Bool) -> Bool {
        self.part == part && (!inVersion1 || body.version == .version1)
    }

    /// The same with another body; takes a millisecond: not on the loop.
    func made(_ part: Range<Int>, inVersion1: Bool) -> ShipPayload {
        var made = self
        if inVersion1 { made.whole = whole.inVersion1() }
        made.part = part
        made.body = part == 0..<count ? made.whole : made.whole.part(part)
        made.tries = 0
        return made
    }
}
