// GET|POST /api/v1/labels and GET /api/v1/label/<name>/values
internal import HTTP
internal import Model
internal import PromQL

struct LabelLists: Sendable {
    let source: any LabelSource
    let runner: QueryRunner

    func names(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let source = source
        return try await list(request) { matchers, range, limit, check throws(QueryStorageError) in
            try source.labelNames(matchers, in: range, limit: limit, check: check)
        }
    }

    func values(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let given = request.parameter ?? ""
        guard let name = ParameterText.unescapedLabelName(given), !name.isEmpty else {
            throw APIError(.badData, "invalid label name: \(ParameterText.quoted(given))")
        }
        let source = source
        return try await list(request) { matchers, range, limit, check throws(QueryStorageError) in
            try source.labelValues(of: name, matchers, in: range, limit: limit, check: check)
        }
    }

    private func list(
        _ request: HTTPRequest,
        _ find:
            @escaping @Sendable (
                [LabelMatcher], TimeRange, Int, @escaping QueryCheck
            ) throws(QueryStorageError) -> LabelTexts
    ) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let limit = try parameters.limit()
        let range = try parameters.range()
        let given = try Selectors.matchers(parameters)
        let sets = given.isEmpty ? [[]] : given
        return Envelope.response(
            try await runner.run { check throws(APIError) in
                var found = LabelTexts([])
                do throws(QueryStorageError) {
                    for matchers in sets {
                        // One more than wanted tells whether the answer was cut.
                        let some = try find(matchers, range, limit == 0 ? 0 : limit + 1, check)
                        found.texts += some.texts
                        Envelope.add(some.warnings, to: &found.warnings)
                    }
                } catch {
                    throw APIError(error)
                }
                if sets.count > 1 { found.texts = LabelLists.merged(found.texts) }
                return Envelope.list(found, limit: limit)
            }
        )
    }

    private static func merged(_ texts: [String]) -> [String] {
        var distinct: [String] = []
        for text in texts.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where distinct.last.map({ !$0.utf8.elementsEqual(text.utf8) }) ?? true {
            distinct.append(text)
        }
        return distinct
    }
}
