// `tsdb-agent ledger`: the balance of every source and destination, and whether it is one.
internal import API
internal import Codec
internal import Formats
internal import Forward
internal import Platform
internal import Store

/// One run of `ledger`.
struct LedgerCommand {
    private enum Format: String {
        case table, json
    }

    // Seconds that an agent which replays its buffer, or begins, is waited for.
    private static let patience = 120
    private static let path = "/api/v1/status/ledger"

    private let arguments: CommandArguments
    private let context: CommandContext
    private let place: DataPlace
    private let format: Format
    private let checks: Bool

    /// Reads the arguments.
    /// - Throws: the first that is wrong or does not go with another.
    init(_ arguments: CommandArguments, _ context: CommandContext) throws(UsageError) {
        self.arguments = arguments
        self.context = context
        place = try DataPlace(arguments)
        let word = arguments["format"] ?? Format.table.rawValue
        guard let format = Format(rawValue: word) else {
            throw .badValue(option: "format", text: word, wanted: "table or json")
        }
        self.format = format
        checks = arguments["check"] != nil
    }

    /// Shows the ledger; answers 1 when it cannot be had, and with `--check` when it does not balance.
    func run(_ ask: @escaping DataAsk) async -> Int32 {
        do throws(DataFailure) {
            let json: [UInt8]
            switch place {
            case .server(let server): json = try await fromServer(server, ask)
            case .directory: json = try fromDirectory()
            }
            guard let whole = try? JSONValue.parse(json), let table = LedgerTable(whole) else {
                throw DataFailure("the server's answer is not an agent's")
            }
            context.out(format == .json ? String(decoding: json, as: UTF8.self) + "\n" : table.text)
            guard checks else { return 0 }
            for problem in table.problems { context.err("tsdb-agent ledger: \(problem)\n") }
            return table.problems.isEmpty ? 0 : 1
        } catch {
            context.err("tsdb-agent ledger: \(error)\n")
            return 1
        }
    }

    // With `--check` until the agent knows all that it has.
    private func fromServer(
        _ server: ServerAddress,
        _ ask: @escaping DataAsk
    ) async throws(DataFailure) -> [UInt8] {
        let token: String
        do throws(QueryFailure) {
            token = try ServerAddress.token(arguments, context)
        } catch { throw DataFailure(error) }
        let client = DataClient(server: server, token: token, ask: ask)
        var left = checks ? LedgerCommand.patience : 1
        while true {
            left -= 1
            let data = try await client.data(LedgerCommand.path, attempts: max(1, left))
            let isReady = LedgerTable(data)?.isReady ?? true
            if isReady || left <= 0 { return JSONText.bytes(of: data) }
            do { try await Task.sleep(for: .seconds(1)) } catch { left = 0 }
        }
    }

    private func fromDirectory() throws(DataFailure) -> [UInt8] {
        let config = try DataPlace.config(arguments, context)
        var options = config.storeOptions
        options.isReadOnly = true
        let database: Database
        do throws(StoreError) {
            database = try Database(
                options,
                fileSystem: context.files,
                log: Logger(level: .warn)
            )
        } catch {
            throw DataPlace.failure(error)
        }
        let cursors = CursorPlace(
            files: context.files,
            directory: FilePath.join(options.basePath, "forward"),
            quarantine: FilePath.join(options.basePath, "quarantine"),
            store: CursorTag(database.storeID.bytes),
            boot: .unknown
        )
        let kinds = Dictionary(
            config.forward.map { ($0.name, $0.kind?.rawValue ?? "") },
            uniquingKeysWith: { first, _ in first }
        )
        var rows: [LedgerReport.Destination] = []
        for name in cursors.names() {
            if let row = row(name, kinds[name] ?? "", cursors, database) { rows.append(row) }
        }
        let (ledger, lost) = database.sourceLedger()
        let report = LedgerReport(ledger, lost: lost, isComplete: true, rows)
        var json = JSONWriter()
        LedgerJSON.write(report, to: &json)
        return json.bytes
    }

    // Nil for one that is not configured any more: what it still lacks is nobody's.
    private func row(
        _ name: String,
        _ kind: String,
        _ cursors: CursorPlace,
        _ database: Database
    ) -> LedgerReport.Destination? {
        do throws(ForwardError) {
            guard let record = try CursorFile.peek(cursors, name: name),
                record.account.doubt != .released
            else { return nil }
            do throws(StoreError) {
                let found = try database.account(after: record.acked)
                return LedgerReport.Destination(name, kind, ShipBalance(record.standing, found), "")
            } catch { return LedgerReport.Destination(name, kind, nil, "\(error)") }
        } catch { return LedgerReport.Destination(name, kind, nil, "\(error)") }
    }
}

/// The ledger as people read it.
struct LedgerTable {
    /// The rows of both tables.
    let text: String
    /// What does not balance, a line each.
    let problems: [String]
    /// Whether everything can be compared by now.
    let isReady: Bool

    /// Reads the endpoint's data; nil when it is not that.
    init?(_ data: JSONValue) {
        guard case .array(let sources) = data["sources"],
            case .array(let destinations) = data["destinations"],
            case .bool(let isComplete) = data["complete"]
        else { return nil }
        var problems: [String] = []
        if !isComplete { problems.append("the write buffer is being replayed: try again later") }
        var rows = [["SOURCE", "IN", "STORED", "DROPPED"]]
        for source in sources {
            let (brought, stored) = (source.count("in"), source.count("stored"))
            let dropped = source.counts("dropped")
            let name = source.word("source")
            rows.append([name, "\(brought)", "\(stored)", LedgerTable.text(of: dropped)])
            let difference = brought - stored - dropped.reduce(0) { $0 + $1.count }
            if difference != 0 {
                problems.append("source \(name): in - stored - dropped is \(difference), not 0")
            }
        }
        var text = LedgerTable.lines(rows)
        rows = [
            [
                "DESTINATION", "KIND", "STORED", "ACKED", "PENDING", "REJECTED", "AMBIGUOUS",
                "FILTERED", "SKIPPED", "EXPIRED", "DIFFERENCE",
            ]
        ]
        var isSettled = true
        for one in destinations {
            let name = one.word("destination")
            let terms = ["acked", "pending", "ambiguous", "filtered"].map { one.count($0) }
            let named = ["rejected", "skipped", "expired"].map { one.counts($0) }
            let sum = terms.reduce(0, +) + named.joined().reduce(0) { $0 + $1.count }
            let difference = one.count("stored") - sum
            rows.append([
                name, one.word("kind"), "\(one.count("stored"))", "\(terms[0])", "\(terms[1])",
                LedgerTable.text(of: named[0]), "\(terms[2])", "\(terms[3])",
                LedgerTable.text(of: named[1]), LedgerTable.text(of: named[2]), "\(difference)",
            ])
            if !one.word("problem").isEmpty {
                problems.append("destination \(name): \(one.word("problem"))")
            } else if one["settled"] != .bool(true) {
                isSettled = false
                problems.append(
                    "destination \(name): it was not held against the store yet: it begins, or the "
                        + "agent ended before it did"
                )
            } else if difference != 0 {
                problems.append(
                    "destination \(name): stored \(one.count("stored")) - acked \(terms[0]) - "
                        + "pending \(terms[1]) - all other terms is \(difference), not 0"
                )
            }
        }
        if rows.count > 1 { text += "\n" + LedgerTable.lines(rows) }
        self.text = text
        self.problems = problems
        isReady = isComplete && isSettled
    }

    private static func text(of counts: [(name: String, count: Int64)]) -> String {
        let parts = counts.filter { $0.count != 0 }
        if parts.isEmpty { return "0" }
        return parts.map { "\($0.name)=\($0.count)" }.joined(separator: ",")
    }

    // Words to the left, numbers to the right.
    private static func lines(_ rows: [[String]]) -> String {
        let columns = rows[0].count
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let line = row.indices.map { column -> String in
                let gap = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + gap : gap + row[column]
            }
            return line.joined(separator: "  ") + "\n"
        }.joined()
    }
}

extension JSONValue {
    fileprivate func word(_ key: String) -> String {
        if case .string(let text) = self[key] { return text }
        return ""
    }

    fileprivate func count(_ key: String) -> Int64 {
        if case .number(let number) = self[key] { return Int64(exactly: number) ?? 0 }
        return 0
    }

    fileprivate func counts(_ key: String) -> [(name: String, count: Int64)] {
        guard case .object(let members) = self[key] else { return [] }
        return members.map { member in
            guard case .number(let number) = member.value else { return (member.name, 0) }
            return (member.name, Int64(exactly: number) ?? 0)
        }
    }
}

/// JSON that was read, as text again.
enum JSONText {
    /// The bytes of one value.
    static func bytes(of value: JSONValue) -> [UInt8] {
        var json = JSONWriter()
        write(value, &json)
        return json.bytes
    }

    private static func write(_ value: JSONValue, _ json: inout JSONWriter) {
        switch value {
        case .null: json.null()
        case .bool(let bool): json.bool(bool)
        case .number(let number): json.number(number)
        case .string(let text): json.string(text)
        case .array(let items):
            json.beginArray()
            for item in items { write(item, &json) }
            json.endArray()
        case .object(let members):
            json.beginObject()
            for member in members {
                json.key(member.name)
                write(member.value, &json)
            }
            json.endObject()
        }
    }
}
