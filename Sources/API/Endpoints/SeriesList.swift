// GET|POST /api/v1/series
internal import Formats
internal import HTTP
internal import Model
internal import PromQL

struct SeriesList: Sendable {
    let source: any Queryable
    let runner: QueryRunner

    func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        guard !parameters.all("match[]").isEmpty else {
            throw APIError(.badData, "no match[] parameter provided")
        }
        let limit = try parameters.limit()
        let range = try parameters.range()
        let sets = try Selectors.matchers(parameters)
        let source = source
        return Envelope.response(
            try await runner.run { check throws(APIError) in
                let (found, damage) = try SeriesList.labels(sets, range, source, check)
                let isCut = limit > 0 && found.count > limit
                return Envelope.success(
                    warnings: damage + (isCut ? [Envelope.truncated] : []),
                    reserving: 128 * found.count
                ) { json in
                    json.beginArray()
                    for labels in isCut ? found.prefix(limit) : found[...] { json.labels(labels) }
                    json.endArray()
                }
            }
        )
    }

    // The label sets of all selectors in order, each once, and what could not be read.
    private static func labels(
        _ sets: [[LabelMatcher]],
        _ range: TimeRange,
        _ source: any Queryable,
        _ check: @escaping QueryCheck
    ) throws(APIError) -> (series: [Labels], warnings: [String]) {
        var found: [Labels] = []
        var warnings: [String] = []
        for matchers in sets {
            let hints = SelectHints(function: "series", check: check)
            do throws(QueryStorageError) {
                let selection = try source.select(matchers, in: range, hints: hints)
                for index in 0..<selection.count {
                    if index % 1024 == 0, let why = check() { throw .interrupted(why) }
                    found.append(selection.labels(at: index))
                }
                Envelope.add(selection.warnings, to: &warnings)
            } catch {
                throw APIError(error)
            }
        }
        // Each selection is in order by itself.
        guard sets.count > 1 else { return (found, warnings) }
        found.sort()
        var distinct: [Labels] = []
        for labels in found where distinct.last != labels { distinct.append(labels) }
        return (distinct, warnings)
    }
}
