// The series that every scrape writes about itself, with Prometheus's names.

/// What became of one scrape.
struct ScrapeReport {
    static let names = [
        "up", "scrape_duration_seconds", "scrape_samples_scraped",
        "scrape_samples_post_metric_relabeling", "scrape_series_added",
    ]

    var isUp: Bool
    var durationSeconds: Double
    /// Samples in the text.
    var scraped: Int
    /// Samples left after the job's rules.
    var kept: Int
    /// Series that the last successful scrape did not have.
    var seriesAdded: Int

    /// In the order of `names`.
    var values: [Double] {
        [isUp ? 1 : 0, durationSeconds, Double(scraped), Double(kept), Double(seriesAdded)]
    }
}
