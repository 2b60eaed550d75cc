// The ledger's rows of destinations as own metrics, as they were when last counted.
import Forward
import Platform
import Store

/// The figures of all destinations.
final class LedgerMeters: Sendable {
    private static let prefix = "tsdb_agent_forward_"
    private let registry: MeterRegistry
    private let balances = Lock<[String: ShipBalance]>([:])

    /// Shows nothing yet.
    init(_ registry: MeterRegistry) {
        self.registry = registry
    }

    /// Shows what was counted.
    func update(_ row: Destinations.Row) {
        guard let balance = row.balance, balance.isSettled else { return }
        let isNew = balances.withLock { $0.updateValue(balance, forKey: row.name) == nil }
        guard isNew else { return }
        let name = row.name
        func show(
            _ metric: String,
            _ help: String,
            _ kind: MeterKind,
            _ labels: [String: String] = [:],
            _ value: @escaping @Sendable (ShipBalance) -> Double
        ) {
            registry.callback(
                LedgerMeters.prefix + metric,
                help,
                kind,
                labels.merging(["destination": name]) { $1 }
            ) { [weak self] in
                self?.balances.withLock { $0[name] }.map(value) ?? 0
            }
        }
        show("pending_samples", "Samples that wait, as the store counts them.", .gauge) {
            Double($0.pending)
        }
        show(
            "ledger_difference_samples",
            "Samples that are in no term of the destination's balance; 0 unless there is a bug.",
            .gauge
        ) { Double($0.difference) }
        for reason in ExpiredReason.allCases {
            show(
                "expired_samples_total",
                "Samples that were gone before the destination had them, since it began.",
                .counter,
                ["reason": reason.text]
            ) { Double($0.rows.expired(reason)) }
        }
        show(
            "skipped_samples_total",
            "Samples that were not sent, since the destination began.",
            .counter,
            ["reason": "window"]
        ) { Double($0.rows.skippedWindow) }
        show(
            "skipped_samples_total",
            "Samples that were not sent, since the destination began.",
            .counter,
            ["reason": "format"]
        ) { Double($0.rows.skippedFormat) }
    }

    /// Ends what a destination shows.
    func forget(_ name: String) {
        guard balances.withLock({ $0.removeValue(forKey: name) }) != nil else { return }
        let labels = ["destination": name]
        for metric in ["pending_samples", "ledger_difference_samples"] {
            registry.remove(LedgerMeters.prefix + metric, labels)
        }
        let expired = LedgerMeters.prefix + "expired_samples_total"
        for reason in ExpiredReason.allCases {
            registry.remove(expired, labels.merging(["reason": reason.text]) { $1 })
        }
        for reason in ["window", "format"] {
            registry.remove(
                LedgerMeters.prefix + "skipped_samples_total",
                labels.merging(["reason": reason]) { $1 }
            )
        }
    }
}
