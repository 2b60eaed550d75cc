// The server's side of export and import: /api/v1/export, /api/v1/import, /api/v1/labels.
internal import API
internal import Codec
internal import Formats
internal import Model

/// Sends a request to an agent.
typealias DataAsk = @Sendable (QueryRequest) async throws(QueryFailure) -> QueryReply

/// Asks one agent for series and gives it series.
struct DataClient {
    let server: ServerAddress
    let token: String
    let ask: DataAsk

    /// The label names of the series that a form's selectors choose.
    /// - Throws: what keeps it from answering.
    func labelNames(_ form: [ConfigParameter]) async throws(DataFailure) -> [String] {
        let data = try await json(request("/api/v1/labels", form))
        guard case .array(let items) = data else { throw DataClient.strange }
        var names: [String] = []
        for case .string(let name) in items { names.append(name) }
        return names
    }

    /// A page of series, empty behind the last one, and how many parts of the store are missing in it.
    /// - Throws: what keeps it from answering.
    func page(
        _ form: [ConfigParameter],
        after: Labels?
    ) async throws(DataFailure) -> (
        series: [(labels: Labels, samples: SampleColumns)], leftOut: Int
    ) {
        var fields = form
        if let after {
            var text: [UInt8] = []
            SeriesText.write(after, to: &text)
            fields.append(ConfigParameter("after", [String(decoding: text, as: UTF8.self)]))
        }
        let reply = try await answer(request("/api/v1/export", fields))
        let body = reply.body
        var series: [(labels: Labels, samples: SampleColumns)] = []
        do throws(RemoteWriteError) {
            var reader = RemoteWriteV1Reader(count: body.count)
            while let entry = try reader.next(body.span) {
                guard case .series = entry else { continue }
                series.append((try reader.labels(body.span), reader.samples))
            }
        } catch {
            throw DataFailure("the server's page cannot be read: \(error)")
        }
        return (series, reply.leftOut)
    }

    /// Gives series to the agent, which stores what it has not.
    ///
    /// An agent that is busy is asked again for a while.
    /// - Throws: what keeps it from storing.
    func store(
        _ series: [(labels: Labels, samples: SampleColumns)]
    ) async throws(DataFailure) -> ImportReport {
        var body: [UInt8] = []
        for one in series {
            RemoteWriteV1.appendSeries(
                encodedLabels: RemoteWriteV1.encodedLabels(one.labels),
                one.samples,
                to: &body
            )
        }
        var request = request("/api/v1/import", [])
        request.body = SnappyBlock.compress(body.span)
        let data = try await json(request, attempts: DataClient.busyAttempts)
        guard case .object(let members) = data else { throw DataClient.strange }
        var report = ImportReport()
        for member in members {
            guard case .number(let number) = member.value, let count = Int(exactly: number) else {
                throw DataClient.strange
            }
            switch member.name {
            case "stored": report.stored = count
            case "duplicate": report.duplicates = count
            case "conflict": report.conflicts = count
            default: report.dropped[member.name] = count
            }
        }
        return report
    }

    /// The data of a page that takes no parameters.
    /// - Throws: what keeps it from answering.
    func data(_ path: String, attempts: Int) async throws(DataFailure) -> JSONValue {
        try await json(request(path, []), attempts: attempts)
    }

    // A minute: longer than it takes to seal an epoch, or to make room on a disk.
    private static let busyAttempts = 60
    private static let strange = DataFailure("the server's answer is not an agent's")

    private func request(_ path: String, _ form: [ConfigParameter]) -> QueryRequest {
        QueryRequest(
            url: server.url,
            unixSocket: server.unixSocket,
            token: token,
            path: path,
            fields: form
        )
    }

    private func json(
        _ request: QueryRequest,
        attempts: Int = 1
    ) async throws(DataFailure) -> JSONValue {
        let reply = try await answer(request, attempts: attempts)
        guard let json = try? JSONValue.parse(reply.body), let data = json["data"] else {
            throw DataClient.strange
        }
        return data
    }

    private func answer(
        _ request: QueryRequest,
        attempts: Int = 1
    ) async throws(DataFailure) -> QueryReply {
        var left = attempts
        while true {
            left -= 1
            let reply: QueryReply
            do throws(QueryFailure) { reply = try await ask(request) } catch {
                throw DataFailure(error)
            }
            if reply.status == 200 { return reply }
            if left > 0, reply.status == 429 || reply.status == 503 {
                do { try await Task.sleep(for: .seconds(1)) } catch { left = 0 }
                continue
            }
            throw DataFailure(DataClient.refusal(reply))
        }
    }

    // The envelope's words where there is one, else the text.
    private static func refusal(_ reply: QueryReply) -> QueryFailure {
        if let json = try? JSONValue.parse(reply.body), case .string(let text) = json["error"] {
            if case .string(let type) = json["errorType"] {
                return .refused(type: type, text: text)
            }
            return .refused(type: "error \(reply.status)", text: text)
        }
        let text = String(decoding: reply.body.prefix(200), as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? "(no body)"
        return reply.status == 400
            ? .refused(type: "bad request", text: line) : .strange(status: reply.status, text: line)
    }
}
