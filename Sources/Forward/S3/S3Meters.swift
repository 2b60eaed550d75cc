// An archive's figures in the agent's own metrics, under the names of all destinations.
internal import Platform
internal import Synchronization

/// The meters of one archive.
final class S3Meters: Sendable {
    private static let lagName = "tsdb_agent_forward_lag_seconds"

    private let registry: MeterRegistry
    private let labels: [String: String]
    private let oldestPendingMs = Mutex<Int64?>(nil)
    private let acked: Counter
    private let requests: Counter
    private let failures: Counter
    private let bytes: Counter
    private let segments: Counter
    private let manifests: Counter
    private let damaged: Counter
    private let cursorFailures: Counter
    private let parked: Gauge
    private let seconds: Histogram

    init(_ registry: MeterRegistry, destination: String) {
        let labels = ["destination": destination]
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("tsdb_agent_forward_\(name)_total", help, labels)
        }
        self.registry = registry
        self.labels = labels
        acked = counter("acked_samples", "Samples that the receiver took.")
        requests = counter("requests", "Requests that were sent.")
        failures = counter("failed_requests", "Requests that failed and are tried again.")
        bytes = counter("sent_bytes", "Bytes of request bodies, repetitions included.")
        segments = counter("segments", "Segments that the object store has.")
        manifests = counter("manifests", "Manifests that were written to the object store.")
        damaged = counter(
            "damaged_samples",
            "Samples of segments that were damaged before they could be shipped."
        )
        cursorFailures = counter("cursor_write_failures", "Writes of the cursor file that failed.")
        parked = registry.gauge(
            "tsdb_agent_forward_parked",
            "1 while the destination refuses everything and is probed slowly.",
            labels
        )
        seconds = registry.histogram(
            "tsdb_agent_forward_request_seconds",
            "Time until a request was answered.",
            labels
        )
    }

    /// Shows what only the moment of asking knows.
    func begin(wall: any WallClock) {
        registry.callback(
            S3Meters.lagName,
            "Age of the oldest sample that waits to be answered.",
            .gauge,
            labels
        ) { [self] in
            guard let oldestMs = oldestPendingMs.withLock({ $0 }) else { return 0 }
            return Double(max(0, wall.nowMs() - oldestMs)) / 1000
        }
    }

    /// Ends what `begin` began.
    func end() {
        registry.remove(S3Meters.lagName, labels)
        parked.set(0)
    }

    func note(pendingSinceMs: Int64?) { oldestPendingMs.withLock { $0 = pendingSinceMs } }

    func note(sent byteCount: Int, seconds duration: Double) {
        requests.add()
        bytes.add(UInt64(byteCount))
        seconds.observe(duration)
    }

    func note(acked samples: Int) {
        acked.add(UInt64(samples))
        segments.add()
    }

    func note(damaged samples: Int) { damaged.add(UInt64(samples)) }

    func noteManifest() { manifests.add() }

    func noteFailure() { failures.add() }

    func noteCursorFailure() { cursorFailures.add() }

    func note(isParked: Bool) { parked.set(isParked ? 1 : 0) }
}
