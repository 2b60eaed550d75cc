// Figures that come from one reading: what is asked for once gives many of them.

/// One figure of a reading.
public struct MeterFigure<Reading>: Sendable {
    public var name: String
    public var help: String
    /// A counter or a gauge.
    public var kind: MeterKind
    public var labels: [String: String]
    /// The figure in a reading; must not block and must not register meters.
    public var value: @Sendable (Reading) -> Double

    public init(
        _ name: String,
        _ help: String,
        _ kind: MeterKind,
        _ labels: [String: String] = [:],
        value: @escaping @Sendable (Reading) -> Double
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }
}

// Takes a reading; gives back its figures in their order.
final class MeterSource: Sendable {
    let read: @Sendable () -> [Double]

    init(_ read: @escaping @Sendable () -> [Double]) {
        self.read = read
    }
}
