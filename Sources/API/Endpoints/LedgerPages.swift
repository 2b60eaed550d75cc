// GET /api/v1/status/ledger and /api/v1/status/forward
public import Formats
internal import HTTP
internal import Model

struct LedgerPages: Sendable {
    let source: any LedgerSource

    func ledger(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let report = await source.ledger()
        return Envelope.response(Envelope.success { LedgerJSON.write(report, to: &$0) })
    }

    func forward(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let reports = await source.destinations()
        let bytes = Envelope.success { json in
            json.beginObject()
            json.key("destinations")
            json.beginArray()
            for report in reports { LedgerPages.write(report, &json) }
            json.endArray()
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    private static func write(_ report: DestinationReport, _ json: inout JSONWriter) {
        json.beginObject()
        for (key, text) in [
            ("name", report.name), ("kind", report.kind), ("url", report.url),
            ("activity", report.activity), ("end", report.end), ("lastError", report.lastError),
        ] {
            json.key(key)
            json.string(text)
        }
        for (key, text) in [("acked", report.acked), ("message", report.message)] {
            json.key(key)
            if let text { json.string(text) } else { json.null() }
        }
        for (key, number) in [
            ("pendingSamples", report.pendingSamples), ("inFlight", Int64(report.inFlight)),
            ("failuresInRow", Int64(report.failuresInRow)),
            ("parkedCode", report.parkedCode.map { Int64($0) }),
            ("sentSamples", Int64(clamping: report.sentSamples)),
            ("retriedSamples", Int64(clamping: report.retriedSamples)),
            ("requests", Int64(clamping: report.requests)),
            ("failedRequests", Int64(clamping: report.failedRequests)),
            ("sentBytes", Int64(clamping: report.sentBytes)),
        ] {
            json.key(key)
            if let number { json.number(number) } else { json.null() }
        }
        json.key("lagSeconds")
        json.number(report.lagSeconds)
        for (key, ms) in [
            ("lastErrorTime", report.lastErrorMs), ("lastSuccessTime", report.lastSuccessMs),
        ] {
            json.key(key)
            if let ms { json.string(RFC3339.format(Timestamp(ms: ms))) } else { json.null() }
        }
        json.endObject()
    }
}

/// The ledger as JSON: the endpoint's data, and what the command line prints offline.
public enum LedgerJSON {
    /// Writes one object.
    public static func write(_ report: LedgerReport, to json: inout JSONWriter) {
        json.beginObject()
        json.key("balanced")
        json.bool(report.isBalanced)
        json.key("complete")
        json.bool(report.isComplete)
        json.key("stored")
        json.number(report.stored)
        json.key("lost")
        json.number(report.lost)
        json.key("sources")
        json.beginArray()
        for source in report.sources {
            json.beginObject()
            json.key("source")
            json.string(source.name)
            json.key("in")
            json.number(source.brought)
            json.key("stored")
            json.number(source.stored)
            write("dropped", source.dropped, &json)
            json.key("difference")
            json.number(source.difference)
            json.key("balanced")
            json.bool(source.difference == 0)
            json.endObject()
        }
        json.endArray()
        json.key("destinations")
        json.beginArray()
        for destination in report.destinations { write(destination, &json) }
        json.endArray()
        json.endObject()
    }

    private static func write(
        _ destination: LedgerReport.Destination,
        _ json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("destination")
        json.string(destination.name)
        json.key("kind")
        json.string(destination.kind)
        for (key, number) in [
            ("stored", destination.stored), ("acked", destination.acked),
            ("ambiguous", destination.ambiguous), ("filtered", destination.filtered),
            ("pending", destination.pending), ("adjusted", destination.adjusted),
            ("difference", destination.difference),
        ] {
            json.key(key)
            json.number(number)
        }
        write("rejected", destination.rejected, &json)
        write("skipped", destination.skipped, &json)
        write("expired", destination.expired, &json)
        json.key("settled")
        json.bool(destination.isSettled)
        json.key("balanced")
        json.bool(destination.difference == 0)
        json.key("problem")
        json.string(destination.problem)
        json.endObject()
    }

    private static func write(_ key: String, _ counts: [NamedCount], _ json: inout JSONWriter) {
        json.key(key)
        json.beginObject()
        for one in counts {
            json.key(one.name)
            json.number(one.count)
        }
        json.endObject()
    }
}
