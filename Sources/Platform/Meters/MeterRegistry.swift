// All meters of one agent. Asking for a meter twice gives the same one, so that a reload or a second
// worker needs no bookkeeping; asking for it with another type is a bug.

/// What a family's values mean.
public enum MeterKind: String, Sendable {
    case counter, gauge, histogram
}

/// A label of a meter.
public struct MeterLabel: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// One meter's value at one moment.
public enum MeterValue: Sendable, Equatable {
    case number(Double)
    case histogram(HistogramReading)
}

/// One meter of a family.
public struct MeterSeries: Sendable, Equatable {
    /// Sorted by name.
    public var labels: [MeterLabel]
    public var value: MeterValue

    public init(labels: [MeterLabel], value: MeterValue) {
        self.labels = labels
        self.value = value
    }
}

/// All meters of one name.
public struct MeterFamily: Sendable, Equatable {
    public var name: String
    public var help: String
    public var kind: MeterKind
    /// Sorted by labels.
    public var series: [MeterSeries]

    public init(name: String, help: String, kind: MeterKind, series: [MeterSeries]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.series = series
    }
}

/// Makes meters and reads them all.
public final class MeterRegistry: Sendable {
    private enum Meter: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case callback(@Sendable () -> Double)
        case figure(of: MeterSource, Int)
    }

    // What one snapshot has read so far.
    private struct Readings {
        private var figures: [ObjectIdentifier: [Double]] = [:]

        mutating func value(of meter: Meter) -> MeterValue {
            switch meter {
            case .counter(let counter): return .number(Double(counter.value))
            case .gauge(let gauge): return .number(gauge.value)
            case .histogram(let histogram): return .histogram(histogram.reading)
            case .callback(let read): return .number(read())
            case .figure(let source, let place):
                let key = ObjectIdentifier(source)
                let all = figures[key] ?? source.read()
                figures[key] = all
                return .number(all[place])
            }
        }
    }

    private struct Family: Sendable {
        var help: String
        var kind: MeterKind
        var meters: [[MeterLabel]: Meter] = [:]
    }

    private let families = Lock<[String: Family]>([:])

    public init() {}

    /// The counter of this name and these labels, made at the first call.
    public func counter(
        _ name: String,
        _ help: String,
        _ labels: [String: String] = [:]
    ) -> Counter {
        let meter = meter(name, help, .counter, labels) { .counter(Counter()) }
        guard case .counter(let counter) = meter else { wrongKind(name) }
        return counter
    }

    /// The gauge of this name and these labels, made at the first call.
    public func gauge(
        _ name: String,
        _ help: String,
        _ labels: [String: String] = [:]
    ) -> Gauge {
        let meter = meter(name, help, .gauge, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = meter else { wrongKind(name) }
        return gauge
    }

    /// The histogram of this name and these labels, made at the first call.
    public func histogram(
        _ name: String,
        _ help: String,
        _ labels: [String: String] = [:],
        bounds: [Double] = Histogram.secondsBounds
    ) -> Histogram {
        let meter = meter(name, help, .histogram, labels) {
            .histogram(Histogram(bounds: bounds))
        }
        guard case .histogram(let histogram) = meter else { wrongKind(name) }
        return histogram
    }

    /// A value that is asked for when somebody reads; a second call replaces the first's `read`.
    ///
    /// `read` is called on the reader's thread; it must not block and must not register meters.
    public func callback(
        _ name: String,
        _ help: String,
        _ kind: MeterKind,
        _ labels: [String: String] = [:],
        read: @escaping @Sendable () -> Double
    ) {
        set(.callback(read), name, help, kind, labels)
    }

    /// Figures that are asked for together when somebody reads: `read` is called once a snapshot.
    ///
    /// A second call for a figure replaces the first's. `read` is called on the reader's thread; it must
    /// not block and must not register meters.
    public func callbacks<Reading>(
        _ figures: [MeterFigure<Reading>],
        read: @escaping @Sendable () -> Reading
    ) {
        let source = MeterSource {
            let reading = read()
            return figures.map { $0.value(reading) }
        }
        for (place, figure) in figures.enumerated() {
            let meter = Meter.figure(of: source, place)
            set(meter, figure.name, figure.help, figure.kind, figure.labels)
        }
    }

    private func set(
        _ meter: Meter,
        _ name: String,
        _ help: String,
        _ kind: MeterKind,
        _ labels: [String: String]
    ) {
        precondition(kind != .histogram, "BUG: meter \(name): a callback gives one number")
        let key = MeterRegistry.key(labels)
        families.withLock { families in
            var family = families[name] ?? Family(help: help, kind: kind)
            precondition(family.kind == kind, "BUG: meter \(name) is a \(family.kind.rawValue)")
            family.meters[key] = meter
            families[name] = family
        }
    }

    /// Forgets one meter: its target or destination is gone.
    public func remove(_ name: String, _ labels: [String: String]) {
        let key = MeterRegistry.key(labels)
        families.withLock { families in
            families[name]?.meters[key] = nil
            if families[name]?.meters.isEmpty == true { families[name] = nil }
        }
    }

    /// All families, sorted by name, their meters by labels.
    public func snapshot() -> [MeterFamily] {
        var readings = Readings()
        // Callbacks run outside the lock.
        return families.withLock { $0 }.sorted { $0.key < $1.key }.map { name, family in
            let meters = family.meters.sorted { MeterRegistry.isBefore($0.key, $1.key) }
            return MeterFamily(
                name: name,
                help: family.help,
                kind: family.kind,
                series: meters.map {
                    MeterSeries(labels: $0.key, value: readings.value(of: $0.value))
                }
            )
        }
    }

    private func meter(
        _ name: String,
        _ help: String,
        _ kind: MeterKind,
        _ labels: [String: String],
        _ make: () -> Meter
    ) -> Meter {
        let key = MeterRegistry.key(labels)
        return families.withLock { families in
            var family = families[name] ?? Family(help: help, kind: kind)
            precondition(family.kind == kind, "BUG: meter \(name) is a \(family.kind.rawValue)")
            if let meter = family.meters[key] { return meter }
            let meter = make()
            family.meters[key] = meter
            families[name] = family
            return meter
        }
    }

    private func wrongKind(_ name: String) -> Never {
        preconditionFailure("BUG: meter \(name) is read by a callback")
    }

    private static func key(_ labels: [String: String]) -> [MeterLabel] {
        labels.map { MeterLabel(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
    }

    private static func isBefore(_ left: [MeterLabel], _ right: [MeterLabel]) -> Bool {
        left.lexicographicallyPrecedes(right) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}
