// What the agent does not have and clients ask for all the same: exemplars, rules and alerts.
internal import Formats
internal import HTTP

enum EmptyLists {
    /// GET|POST /api/v1/query_exemplars.
    ///
    /// The parameters are not looked at: Grafana's probe sends milliseconds where seconds belong.
    static func exemplars(_ request: HTTPRequest) -> HTTPResponse {
        Envelope.response(
            Envelope.success { json in
                json.beginArray()
                json.endArray()
            }
        )
    }

    /// GET /api/v1/rules.
    static func rules(_ request: HTTPRequest) -> HTTPResponse { empty("groups") }

    /// GET /api/v1/alerts.
    static func alerts(_ request: HTTPRequest) -> HTTPResponse { empty("alerts") }

    private static func empty(_ key: String) -> HTTPResponse {
        Envelope.response(
            Envelope.success { json in
                json.beginObject()
                json.key(key)
                json.beginArray()
                json.endArray()
                json.endObject()
            }
        )
    }
}
