// The ledger and the destinations as the API shows them.
import API
import Forward
import Model
import Platform
import Store

/// Answers `/api/v1/status/ledger` and `/api/v1/status/forward`.
struct LedgerAdapter: LedgerSource {
    let database: Database
    let destinations: Destinations
    let pool: BlockingPool

    func ledger() async -> LedgerReport {
        let database = database
        let rows = await destinations.rows()
        // The store's lock may be held over a write to the disk.
        let (ledger, lost) = await pool.run { database.sourceLedger() }
        return LedgerReport(
            ledger,
            lost: lost,
            isComplete: !database.isReplaying,
            rows.map { row in
                LedgerReport.Destination(row.name, row.kind, row.balance, row.problem)
            }
        )
    }

    func destinations() async -> [DestinationReport] {
        await destinations.rows().map { row in
            let status = row.status
            return DestinationReport(
                name: row.name,
                kind: row.kind,
                url: status.url,
                activity: status.activity.rawValue,
                acked: status.acked.map { "\($0.number)" },
                end: "\(status.end.number)",
                pendingSamples: row.balance?.pending,
                lagSeconds: status.lagSeconds,
                inFlight: status.inFlight,
                failuresInRow: status.failuresInRow,
                parkedCode: status.parkedCode,
                sentSamples: status.totals.sent,
                retriedSamples: status.totals.retried,
                requests: status.totals.requests,
                failedRequests: status.totals.failures,
                sentBytes: status.sentBytes,
                message: status.version.map { version in
                    switch version {
                    case .version1: WriteMessage.version1.rawValue
                    case .version2: WriteMessage.version2.rawValue
                    }
                },
                lastError: status.lastError,
                lastErrorMs: status.lastErrorMs,
                lastSuccessMs: status.lastSuccessMs
            )
        }
    }
}

extension LedgerReport {
    /// The report of a store's ledger and its destinations.
    init(_ ledger: Ledger, lost: Int, isComplete: Bool, _ destinations: [Destination]) {
        self.init()
        self.isComplete = isComplete
        self.lost = Int64(lost)
        stored = Int64(ledger.stored)
        sources = ledger.rows.sorted { $0.key < $1.key }.map { name, row in
            Source(
                name: name,
                brought: Int64(row.brought),
                stored: Int64(row.stored),
                dropped: row.dropped.sorted { $0.key.text < $1.key.text }.map { reason, count in
                    NamedCount(reason.text, Int64(count))
                }
            )
        }
        self.destinations = destinations
    }
}

extension LedgerReport.Destination {
    /// A destination's row; `balance` is nil where there is none yet.
    init(_ name: String, _ kind: String, _ balance: ShipBalance?, _ problem: String) {
        self.init(name: name, kind: kind)
        self.problem = problem
        guard let balance else { return }
        let rows = balance.rows
        stored = balance.stored
        acked = Int64(rows.acked)
        rejected = rows.rejected.sorted { $0.key < $1.key }.map { code, count in
            NamedCount(code == 0 ? "other" : "\(code)", Int64(count))
        }
        ambiguous = Int64(rows.ambiguous)
        filtered = Int64(rows.filtered)
        skipped = [
            NamedCount("window", Int64(rows.skippedWindow)),
            NamedCount("format", Int64(rows.skippedFormat)),
        ]
        expired = ExpiredReason.allCases.map {
            NamedCount($0.text, Int64(rows.expired($0)))
        }
        pending = balance.pending
        adjusted = balance.adjusted
        difference = balance.difference
        isSettled = balance.isSettled
    }
}
