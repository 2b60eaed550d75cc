// `tsdb-agent query`: from arguments to a request, from the reply to text.
internal import Formats
internal import Model
internal import Platform

/// One run of `query`.
struct QueryCommand {
    /// How the result is written.
    enum Format: String, CaseIterable {
        case table, json, csv
    }

    let request: QueryRequest
    let format: Format
    private let arguments: CommandArguments
    private let context: CommandContext

    /// Reads the arguments.
    /// - Throws: the first that is wrong or does not go with another.
    init(_ arguments: CommandArguments, _ context: CommandContext) throws(UsageError) {
        self.arguments = arguments
        self.context = context
        let word = arguments["format"] ?? Format.table.rawValue
        guard let format = Format(rawValue: word) else {
            throw .badValue(option: "format", text: word, wanted: "table, json or csv")
        }
        self.format = format
        let server = try ServerAddress(arguments["server"] ?? ServerAddress.standard)
        let (path, fields) = try QueryCommand.fields(arguments, nowMs: context.clock.nowMs())
        request = QueryRequest(
            url: server.url,
            unixSocket: server.unixSocket,
            token: "",
            path: path,
            fields: fields
        )
    }

    /// Asks and writes the answer.
    func run(
        _ ask: @Sendable (QueryRequest) async throws(QueryFailure) -> QueryReply
    ) async -> Int32 {
        do throws(QueryFailure) {
            var request = request
            request.token = try ServerAddress.token(arguments, context)
            let reply = try await ask(request)
            let answer = try QueryAnswer(reply)
            for warning in answer.warnings { context.err("warning: \(warning)\n") }
            switch format {
            case .json: context.out(String(decoding: reply.body, as: UTF8.self) + "\n")
            case .table: context.out(answer.result.table)
            case .csv: context.out(answer.result.csv)
            }
            return 0
        } catch {
            context.err("tsdb-agent query: \(error)\n")
            return 1
        }
    }

    private static func fields(
        _ arguments: CommandArguments,
        nowMs: Int64
    ) throws(UsageError) -> (String, [ConfigParameter]) {
        let expression = ConfigParameter("query", [arguments.operands[0]])
        let range = ["start", "end", "step"].first { arguments[$0] != nil }
        if let range, arguments["time"] != nil { throw .excluded(option: "time", by: range) }
        guard range != nil else {
            var fields = [expression]
            if let text = arguments["time"] {
                fields.append(ConfigParameter("time", [seconds(try time(text, "time", nowMs))]))
            }
            return ("/api/v1/query", fields)
        }
        guard let startText = arguments["start"] else {
            throw .missingValue(option: "start", value: "T")
        }
        let start = try time(startText, "start", nowMs)
        let end = try time(arguments["end"] ?? "now", "end", nowMs)
        if end < start {
            throw .badValue(
                option: "end",
                text: arguments["end"] ?? "now",
                wanted: "a time that is not before --start"
            )
        }
        var step = max(1000, (end - start) / 100 / 1000 * 1000)
        if let text = arguments["step"] {
            let ms = (try? DurationText.parse(text)) ?? Double(text).map { Int64($0 * 1000) }
            guard let ms, ms > 0 else {
                throw .badValue(option: "step", text: text, wanted: "a duration, such as 15s")
            }
            step = ms
        }
        let fields = [
            expression, ConfigParameter("start", [seconds(start)]),
            ConfigParameter("end", [seconds(end)]), ConfigParameter("step", [seconds(step)]),
        ]
        return ("/api/v1/query_range", fields)
    }

    /// Milliseconds of a time as the command line takes it.
    static func time(_ text: String, _ option: String, _ nowMs: Int64) throws(UsageError) -> Int64 {
        if let time = RFC3339.parse(text) { return time.ms }
        if let seconds = Double(text), abs(seconds) < 1e12 {
            return Int64((seconds * 1000).rounded())
        }
        if text == "now" { return nowMs }
        if text.hasPrefix("now-"), let ms = try? DurationText.parse(String(text.dropFirst(4))) {
            return nowMs - ms
        }
        throw .badValue(
            option: option,
            text: text,
            wanted: "RFC 3339, seconds since 1970, now, or now-1h30m"
        )
    }

    private static func seconds(_ ms: Int64) -> String { FloatText.text(Double(ms) / 1000) }
}
