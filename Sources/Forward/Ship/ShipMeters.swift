// A destination's figures in the agent's own metrics.
internal import Platform
internal import Store
internal import Synchronization

/// The meters of one destination.
final class ShipMeters: Sendable {
    // What the callbacks read, on the thread of whoever asks.
    private struct Reading {
        var acked: FeedPosition?
        var oldestPendingMs: Int64?
    }

    private let registry: MeterRegistry
    private let labels: [String: String]
    private let reading = Mutex(Reading())
    private let counted = Mutex(ShipTotals())

    private let sent: Counter
    private let retried: Counter
    private let acked: Counter
    private let ambiguous: Counter
    private let filtered: Counter
    private let setAside: Counter
    private let requests: Counter
    private let failures: Counter
    private let bytes: Counter
    private let cursorFailures: Counter
    private let rateWaits: Counter
    private let version: Gauge
    private let inFlight: Gauge
    private let parked: Gauge
    private let seconds: Histogram

    private static let lagName = "tsdb_agent_forward_lag_seconds"
    private static let batchesName = "tsdb_agent_forward_pending_batches"

    init(_ registry: MeterRegistry, destination: String) {
        let labels = ["destination": destination]
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("tsdb_agent_forward_\(name)_total", help, labels)
        }
        self.registry = registry
        self.labels = labels
        sent = counter("sent_samples", "Samples handed to the network, repetitions included.")
        retried = counter("retried_samples", "Samples that were sent again.")
        acked = counter("acked_samples", "Samples that the receiver took.")
        ambiguous = counter(
            "ambiguous_samples",
            "Samples refused when sent again: most likely stored before."
        )
        filtered = counter(
            "filtered_samples",
            "Samples not sent, as write_relabel_configs says."
        )
        setAside = counter(
            "set_aside_samples",
            "Samples that the receiver failed on with 5xx while it took all others."
        )
        requests = counter("requests", "Requests that were sent.")
        failures = counter("failed_requests", "Requests that failed and are tried again.")
        bytes = counter("sent_bytes", "Bytes of request bodies, repetitions included.")
        cursorFailures = counter("cursor_write_failures", "Writes of the cursor file that failed.")
        rateWaits = counter(
            "rate_limit_reached",
            "Requests that waited because of rate_limit."
        )
        version = registry.gauge(
            "tsdb_agent_forward_remote_write_version",
            "Version of remote write in which new requests go: 1 or 2.",
            labels
        )
        inFlight = registry.gauge(
            "tsdb_agent_forward_in_flight_requests",
            "Requests under way.",
            labels
        )
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

    /// Shows what only the moment of asking knows: age and number of what waits.
    func begin(feed: any BatchFeed, wall: any WallClock) {
        registry.callback(
            ShipMeters.lagName,
            "Age of the oldest sample that waits to be answered.",
            .gauge,
            labels
        ) { [self] in
            guard let oldestMs = reading.withLock({ $0.oldestPendingMs }) else { return 0 }
            return Double(max(0, wall.nowMs() - oldestMs)) / 1000
        }
        registry.callback(
            ShipMeters.batchesName,
            "Batches of this start that wait to be answered.",
            .gauge,
            labels
        ) { [self] in
            guard let acked = reading.withLock({ $0.acked }) else { return 0 }
            return Double(ForwardStatus.batches(from: acked, to: feed.end))
        }
    }

    /// Ends what `begin` began.
    func end() {
        registry.remove(ShipMeters.lagName, labels)
        registry.remove(ShipMeters.batchesName, labels)
        inFlight.set(0)
        parked.set(0)
    }

    func update(_ state: ShipState) {
        reading.withLock {
            // Between two slices of a backlog nothing is fetched, and yet much waits.
            let last = state.isInStep ? nil : $0.oldestPendingMs
            $0 = Reading(
                acked: state.acked,
                oldestPendingMs: state.oldestPendingMs ?? last
            )
        }
        inFlight.set(Double(state.inFlight))
        parked.set(state.parkedCode == nil ? 0 : 1)
        let now = state.totals
        let before = counted.withLock { counted in
            defer { counted = now }
            return counted
        }
        guard now != before else { return }
        sent.add(now.sent - before.sent)
        retried.add(now.retried - before.retried)
        acked.add(now.acked - before.acked)
        ambiguous.add(now.ambiguous - before.ambiguous)
        filtered.add(now.filtered - before.filtered)
        setAside.add(now.setAside - before.setAside)
        requests.add(now.requests - before.requests)
        failures.add(now.failures - before.failures)
        for (code, count) in now.rejected where count != before.rejected[code] {
            registry.counter(
                "tsdb_agent_forward_rejected_samples_total",
                "Samples that the receiver refused for good.",
                labels.merging(["code": "\(code)"]) { $1 }
            ).add(count - (before.rejected[code] ?? 0))
        }
    }

    func noteSent(bytes count: Int) {
        bytes.add(UInt64(count))
    }

    func noteAnswer(seconds duration: Double) {
        seconds.observe(duration)
    }

    func noteRateLimited() {
        rateWaits.add()
    }

    func note(version: WriteVersion) {
        self.version.set(Double(version.rawValue))
    }

    func noteCursorFailure() {
        cursorFailures.add()
    }
}
