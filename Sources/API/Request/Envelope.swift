// What every answer of /api/v1 is wrapped in.
internal import Formats
internal import HTTP
internal import Model

enum Envelope {
    /// The media type of all answers.
    static let type = "application/json"

    /// The bytes of a success; `data` writes one value.
    static func success(
        warnings: [String] = [],
        infos: [String] = [],
        reserving bytes: Int = 256,
        _ data: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(reserving: bytes)
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("data")
        data(&json)
        for (key, texts) in [("warnings", warnings), ("infos", infos)] where !texts.isEmpty {
            json.key(key)
            json.beginArray()
            for text in texts { json.string(text) }
            json.endArray()
        }
        json.endObject()
        return json.bytes
    }

    /// The response of a success.
    static func response(_ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(.ok, type: type, bytes)
    }

    /// The response of an error.
    static func response(_ error: APIError) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("error")
        json.key("errorType")
        json.string(error.kind.rawValue)
        json.key("error")
        json.string(error.text)
        json.endObject()
        return HTTPResponse(error.status, type: type, json.bytes)
    }

    /// A list of texts as a success, cut to `limit` (0: not) with a warning.
    static func list(_ found: LabelTexts, limit: Int) -> [UInt8] {
        let texts = found.texts
        let isCut = limit > 0 && texts.count > limit
        return success(warnings: found.warnings + (isCut ? [truncated] : [])) { json in
            json.beginArray()
            for text in isCut ? texts.prefix(limit) : texts[...] { json.string(text) }
            json.endArray()
        }
    }

    /// Adds what is not among `warnings` yet.
    static func add(_ more: [String], to warnings: inout [String]) {
        for text in more where !warnings.contains(text) { warnings.append(text) }
    }

    /// The warning that goes with a cut answer.
    static let truncated = "results truncated due to limit"
}
