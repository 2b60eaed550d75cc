// GET|POST /api/v1/query
internal import HTTP
internal import Model
internal import Platform
internal import PromQL

struct InstantQuery: Sendable {
    let engine: QueryEngine
    let source: any Queryable
    let runner: QueryRunner
    let clock: any WallClock

    func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let limit = try parameters.limit()
        let time = try parameters.time("time", else: Timestamp(ms: clock.nowMs()))
        let timeoutMs = try parameters.durationMs("timeout")
        let lookbackMs = try parameters.lookbackMs()
        let text = parameters["query"] ?? ""
        let (engine, source) = (engine, source)
        return Envelope.response(
            try await runner.run(timeoutMs: timeoutMs) { check throws(APIError) in
                do throws(QueryError) {
                    let result = try engine.instant(
                        text,
                        at: time,
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
