// GET /api/v1/metadata
internal import Formats
internal import HTTP
internal import Model

struct MetadataList: Sendable {
    let source: any MetadataSource

    func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let limit = try MetadataList.number("limit", parameters)
        let perMetric = try MetadataList.number("limit_per_metric", parameters)
        let found = await source.metadata(of: parameters["metric"])
        let bytes = Envelope.success { json in
            json.beginObject()
            for metric in found.prefix(limit ?? .max) {
                json.key(metric.name)
                json.beginArray()
                for entry in metric.entries.prefix(perMetric ?? .max) {
                    json.beginObject()
                    json.key("type")
                    json.string(entry.kind.rawValue)
                    json.key("help")
                    json.string(entry.help)
                    json.key("unit")
                    json.string(entry.unit)
                    json.endObject()
                }
                json.endArray()
            }
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    // Negative means all, as in Prometheus.
    private static func number(
        _ name: String,
        _ parameters: Parameters
    ) throws(APIError) -> Int? {
        guard let text = parameters[name] else { return nil }
        guard let number = Int(text) else {
            throw APIError(.badData, "\(name) must be a number")
        }
        return number < 0 ? nil : number
    }
}
