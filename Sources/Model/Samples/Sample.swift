// One measured value, the marker that ends a series, and columns of samples.

/// One value of a series at a time.
///
/// Every bit of the value matters: NaN payloads are data.
public struct Sample: Sendable {
    /// When.
    public var time: Timestamp
    /// What; compare with `bitPattern` where NaN counts.
    public var value: Double

    /// Makes a sample.
    @inlinable
    public init(time: Timestamp, value: Double) {
        self.time = time
        self.value = value
    }
}

/// The value that says: from here on the series is gone (Prometheus staleness handling).
///
/// It is a *signalling* NaN: copy it and compare its bits, never compute with it.
public enum StaleMarker {
    /// Prometheus's bit pattern.
    public static let bits: UInt64 = 0x7ff0_0000_0000_0002
    /// The marker as a value.
    public static var value: Double { Double(bitPattern: bits) }
}

extension Double {
    /// Whether this is the stale marker, bit for bit.
    @inlinable
    public var isStaleMarker: Bool { bitPattern == 0x7ff0_0000_0000_0002 }
}

/// Samples of one series in ascending time, as two columns of equal length.
public struct SampleColumns: Sendable {
    /// Milliseconds since 1970-01-01 UTC, strictly ascending once reading is done.
    public var times: [Int64] = []
    /// One value a time.
    public var values: [Double] = []

    /// Starts empty.
    public init() {}

    /// The number of samples.
    @inlinable
    public var count: Int { times.count }

    /// Adds one sample at the end.
    @inlinable
    public mutating func append(_ time: Int64, _ value: Double) {
        times.append(time)
        values.append(value)
    }

    /// Forgets the samples, keeps the memory.
    public mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }
}
