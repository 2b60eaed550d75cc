// The parameters of a request: a form's before the query string's, as in Go's Request.Form.
internal import Formats
internal import HTTP
internal import Model

struct Parameters: Sendable {
    private let body: FormCoding
    private let query: FormCoding

    /// Reads query string and, where it is one, the form in the body.
    init(_ request: HTTPRequest) throws(APIError) {
        do throws(FormError) {
            query = try FormCoding(query: request.query)
            let isForm =
                request.method == .post
                && request.headers.mediaType == "application/x-www-form-urlencoded"
            body = isForm ? try FormCoding(parsing: request.body) : FormCoding()
        } catch {
            throw APIError(.badData, "error parsing form values: \(error)")
        }
    }

    /// The first value of `name` that is not empty, nil when there is none.
    subscript(name: String) -> String? {
        guard let value = body[name] ?? query[name], !value.isEmpty else { return nil }
        return value
    }

    /// Every value of `name`.
    func all(_ name: String) -> [String] { body.all(name) + query.all(name) }

    /// A time that must be there.
    func requiredTime(_ name: String) throws(APIError) -> Timestamp {
        let text = self[name] ?? ""
        guard let time = ParameterText.time(text) else {
            throw .parameter(
                name,
                "cannot parse \(ParameterText.quoted(text)) to a valid timestamp"
            )
        }
        return time
    }

    /// A time, or what stands for it when it is missing.
    func time(_ name: String, else missing: Timestamp) throws(APIError) -> Timestamp {
        guard let text = self[name] else { return missing }
        guard let time = ParameterText.time(text) else {
            throw .parameter(
                name,
                "invalid time value for '\(name)': cannot parse \(ParameterText.quoted(text)) "
                    + "to a valid timestamp"
            )
        }
        return time
    }

    /// A duration in milliseconds, nil when it is missing.
    func durationMs(_ name: String) throws(APIError) -> Int64? {
        guard let text = self[name] else { return nil }
        do throws(APIError) {
            return try ParameterText.durationMs(text)
        } catch {
            throw .parameter(name, error.text)
        }
    }

    /// How long this query may look back, nil for the default.
    func lookbackMs() throws(APIError) -> Int64? {
        guard let text = self["lookback_delta"] else { return nil }
        do throws(APIError) {
            return try ParameterText.durationMs(text)
        } catch {
            throw APIError(.badData, "error parsing lookback delta duration: \(error.text)")
        }
    }

    /// How many entries are wanted; 0 for all.
    func limit() throws(APIError) -> Int {
        guard let text = self["limit"] else { return 0 }
        guard let limit = Int(text) else {
            throw .parameter(
                "limit",
                "strconv.Atoi: parsing \(ParameterText.quoted(text)): invalid syntax"
            )
        }
        guard limit >= 0 else { throw .parameter("limit", "limit must be non-negative") }
        return limit
    }

    /// The times from `start` to `end`, all of time where they are missing.
    func range() throws(APIError) -> TimeRange {
        let start = try time("start", else: .min)
        let end = try time("end", else: .max)
        return TimeRange(start, end)
    }
}
