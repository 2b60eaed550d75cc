// GET|POST /api/v1/query_range
internal import HTTP
internal import Model
internal import PromQL

struct RangeQuery: Sendable {
    let engine: QueryEngine
    let source: any Queryable
    let runner: QueryRunner

    func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let limit = try parameters.limit()
        let start = try parameters.requiredTime("start")
        let end = try parameters.requiredTime("end")
        guard start <= end else {
            throw .parameter("end", "end timestamp must not be before start time")
        }
        guard let stepMs = try parameters.durationMs("step") else {
            throw .parameter("step", "cannot parse \"\" to a valid duration")
        }
        guard stepMs > 0 else {
            throw .parameter(
                "step",
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer"
            )
        }
        guard end.ms(since: start) / stepMs <= Int64(QueryEngine.maxPointsPerSeries) else {
            throw APIError(
                .badData,
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)"
            )
        }
        let timeoutMs = try parameters.durationMs("timeout")
        let lookbackMs = try parameters.lookbackMs()
        let text = parameters["query"] ?? ""
        let (engine, source) = (engine, source)
        return Envelope.response(
            try await runner.run(timeoutMs: timeoutMs) { check throws(APIError) in
                do throws(QueryError) {
                    let result = try engine.range(
                        text,
                        from: start,
                        to: end,
                        stepMs: stepMs,
                        on: source,
                        lookbackMs: lookbackMs,
                        check: check
                    )
                    return QueryJSON.bytes(result, limit: limit)
                } catch {
                    throw APIError(error)
                }
            }
        )
    }
}
