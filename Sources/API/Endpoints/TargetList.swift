// GET /api/v1/targets and GET /api/v1/scrape_pools
internal import Formats
internal import HTTP
internal import Model

struct TargetList: Sendable {
    let source: any TargetsSource

    func targets(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let state = parameters["state"] ?? "any"
        let pool = parameters["scrapePool"]
        let report = await source.targets()
        let active = report.active.filter { pool == nil || $0.scrapePool == pool }
        let dropped = report.dropped.filter { pool == nil || $0.scrapePool == pool }
        let bytes = Envelope.success { json in
            json.beginObject()
            json.key("activeTargets")
            json.beginArray()
            if state != "dropped" { for target in active { TargetList.write(target, &json) } }
            json.endArray()
            json.key("droppedTargets")
            json.beginArray()
            if state != "active" {
                for target in dropped {
                    json.beginObject()
                    json.key("discoveredLabels")
                    json.labels(target.discoveredLabels)
                    json.key("scrapePool")
                    json.string(target.scrapePool)
                    json.endObject()
                }
            }
            json.endArray()
            json.key("droppedTargetCounts")
            json.beginObject()
            if state != "active" {
                var counts: [String: Int] = [:]
                for target in dropped { counts[target.scrapePool, default: 0] += 1 }
                for pool in counts.keys.sorted() {
                    json.key(pool)
                    json.number(counts[pool] ?? 0)
                }
            }
            json.endObject()
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    func pools(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let report = await source.targets()
        let pools = Set(report.active.map(\.scrapePool) + report.dropped.map(\.scrapePool))
        let bytes = Envelope.success { json in
            json.beginObject()
            json.key("scrapePools")
            json.beginArray()
            for pool in pools.sorted() { json.string(pool) }
            json.endArray()
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    private static func write(_ target: ActiveTarget, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("discoveredLabels")
        json.labels(target.discoveredLabels)
        json.key("labels")
        json.labels(target.labels)
        json.key("scrapePool")
        json.string(target.scrapePool)
        json.key("scrapeUrl")
        json.string(target.scrapeURL)
        json.key("globalUrl")
        json.string(target.scrapeURL)
        json.key("lastError")
        json.string(target.lastError)
        json.key("lastScrape")
        // What Go prints for a time that never was.
        json.string(target.lastScrape.map(RFC3339.format) ?? "0001-01-01T00:00:00Z")
        json.key("lastScrapeDuration")
        json.number(target.lastScrapeSeconds)
        json.key("health")
        json.string(target.health.rawValue)
        json.key("scrapeInterval")
        json.string(DurationText.format(target.intervalMs))
        json.key("scrapeTimeout")
        json.string(DurationText.format(target.timeoutMs))
        json.endObject()
    }
}
