// The reply to a query, read from Prometheus's JSON: https://prometheus.io/docs/prometheus/latest/querying/api/
internal import Formats
internal import Model

/// A reply that holds a result.
struct QueryAnswer {
    let result: QueryResult
    /// What the server remarked, warnings before notices.
    let warnings: [String]

    /// Reads a reply.
    /// - Throws: `.refused` with the server's own words; `.strange` for what is no agent's reply.
    init(_ reply: QueryReply) throws(QueryFailure) {
        guard let json = try? JSONValue.parse(reply.body), let status = json["status"]?.text else {
            let begin = String(decoding: reply.body.prefix(200), as: UTF8.self)
            throw .strange(status: reply.status, text: begin.isEmpty ? "(no body)" : begin)
        }
        if status != "success" {
            throw .refused(
                type: json["errorType"]?.text ?? "error \(reply.status)",
                text: json["error"]?.text ?? "no reason given"
            )
        }
        guard let data = json["data"], let result = QueryResult(data) else {
            throw .strange(status: reply.status, text: "there is no result in it")
        }
        self.result = result
        warnings =
            (json["warnings"]?.items ?? []).compactMap(\.text)
            + (json["infos"]?.items ?? []).compactMap(\.text)
    }
}

/// A result of any type, all of it as series with points; a scalar is a series without labels.
struct QueryResult {
    struct Point {
        /// Milliseconds since 1970.
        let timeMs: Int64
        /// As the server spells it.
        let value: String
    }
    struct Series {
        /// In order of name.
        let labels: [Label]
        let points: [Point]
    }

    /// `vector`, `matrix`, `scalar` or `string`.
    let type: String
    let series: [Series]

    fileprivate init?(_ data: JSONValue) {
        guard let type = data["resultType"]?.text, let result = data["result"] else { return nil }
        self.type = type
        switch type {
        case "vector", "matrix":
            var all: [Series] = []
            for item in result.items ?? [] {
                let raw = item["values"]?.items ?? item["value"].map { [$0] } ?? []
                let points = raw.compactMap(QueryResult.point)
                guard case .object(let members) = item["metric"] ?? .null,
                    points.count == raw.count
                else { return nil }
                let labels = members.map { Label($0.name, $0.value.text ?? "") }
                all.append(Series(labels: labels.sorted(), points: points))
            }
            series = all
        case "scalar", "string":
            guard let point = QueryResult.point(result) else { return nil }
            series = [Series(labels: [], points: [point])]
        default: return nil
        }
    }

    private static func point(_ json: JSONValue) -> Point? {
        guard let pair = json.items, pair.count == 2, case .number(let seconds) = pair[0],
            abs(seconds) < 1e15, let value = pair[1].text
        else { return nil }
        return Point(timeMs: Int64((seconds * 1000).rounded()), value: value)
    }

    // MARK: Text

    /// For people: a line a series, or for several points a series, a block each.
    var table: String {
        switch type {
        case "scalar", "string": (series.first?.points.first?.value ?? "") + "\n"
        case "vector":
            series.isEmpty
                ? "(no series)\n"
                : Columns.text(
                    series.map { (QueryResult.name($0.labels), $0.points.first?.value ?? "") },
                    indent: ""
                )
        default: series.isEmpty ? "(no series)\n" : series.map(block).joined(separator: "\n")
        }
    }

    /// RFC 4180, one line a point: time, value, and a column for each label that occurs.
    var csv: String {
        let names = Set(series.flatMap { $0.labels.map(\.name) })
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var text = (["time", "value"] + names).map(QueryResult.cell).joined(separator: ",") + "\n"
        for one in series {
            let values = names.map { name in one.labels.first { $0.name == name }?.value ?? "" }
            for point in one.points {
                let time = RFC3339.format(Timestamp(ms: point.timeMs))
                text += ([time, point.value] + values).map(QueryResult.cell).joined(separator: ",")
                text += "\n"
            }
        }
        return text
    }

    private func block(_ series: Series) -> String {
        let rows = series.points.map { (RFC3339.format(Timestamp(ms: $0.timeMs)), $0.value) }
        return QueryResult.name(series.labels) + "\n" + Columns.text(rows, indent: "  ")
    }

    private static func name(_ labels: [Label]) -> String { Labels(labels).description }

    private static func cell(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 != 10 && $0 != 13
        }
        if isPlain { return text }
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}

extension JSONValue {
    fileprivate var text: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    fileprivate var items: [JSONValue]? {
        if case .array(let items) = self { return items }
        return nil
    }
}
