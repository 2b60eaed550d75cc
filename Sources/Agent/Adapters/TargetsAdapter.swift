// The scraper's targets as the API shows them.
import API
import Collect
import Model

/// Answers `/api/v1/targets`.
struct TargetsAdapter: TargetsSource {
    private let scraper: Scraper

    init(_ scraper: Scraper) {
        self.scraper = scraper
    }

    func targets() async -> TargetsReport {
        let active = await scraper.snapshots().map { snapshot in
            var target = ActiveTarget(
                discoveredLabels: snapshot.discoveredLabels,
                labels: snapshot.labels,
                scrapePool: snapshot.job,
                scrapeURL: snapshot.scrapeURL,
                intervalMs: snapshot.intervalMs,
                timeoutMs: snapshot.timeoutMs
            )
            target.lastError = snapshot.lastError
            target.lastScrape = snapshot.lastScrape
            target.lastScrapeSeconds = snapshot.lastDurationSeconds
            target.health =
                switch snapshot.health {
                case .unknown: .unknown
                case .up: .up
                case .down: .down
                }
            return target
        }
        let dropped = await scraper.droppedTargets().map {
            DroppedTarget(discoveredLabels: $0.labels, scrapePool: $0.job)
        }
        return TargetsReport(active: active, dropped: dropped)
    }
}
