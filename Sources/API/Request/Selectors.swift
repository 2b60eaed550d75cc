// Series selectors in `match[]`.
internal import Model
internal import PromQL

enum Selectors {
    /// The matchers of every `match[]`.
    static func matchers(_ parameters: Parameters) throws(APIError) -> [[LabelMatcher]] {
        var sets: [[LabelMatcher]] = []
        for text in parameters.all("match[]") {
            let matchers: [LabelMatcher]
            do throws(PromQLError) {
                matchers = try PromQLParser.parseSelector(text)
            } catch {
                // The parser refuses `{}` as an expression would be; Prometheus's API has words of
                // its own for that.
                if error.text == allEmpty { throw .parameter("match[]", "match[]\(atLeastOne)") }
                throw .parameter("match[]", "\(error)")
            }
            sets.append(matchers)
        }
        return sets
    }

    private static let atLeastOne = " must contain at least one non-empty matcher"
    private static let allEmpty = "vector selector\(atLeastOne)"
}
