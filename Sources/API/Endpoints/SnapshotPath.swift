// POST|PUT /api/v1/admin/tsdb/snapshot
internal import Formats
internal import HTTP

struct SnapshotPath: Sendable {
    let status: any StatusSource

    /// Prometheus's answer; `skip_head` is not looked at: a snapshot always has everything.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        switch await status.snapshot() {
        case .made(let name):
            Envelope.response(
                Envelope.success { json in
                    json.beginObject()
                    json.key("name")
                    json.string(name)
                    json.endObject()
                }
            )
        case .failed(let text):
            Envelope.response(APIError(.internalError, "create snapshot: \(text)"))
        }
    }
}
