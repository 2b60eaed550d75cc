// A store and a web for tests of scraping.
import Collect
import HTTP
import Model
import Synchronization

/// Keeps what it is given, in readable form.
final class FakeSink: SampleSink {
    struct State {
        var known: [Labels] = []
        var refused: [String: DropReason] = [:]
        var batches: [SampleBatch] = []
        var outcomes: [AppendOutcome] = []
        var notes: [String] = []
        var openStreams = 0
        var closedStreams = 0
    }

    let state = Mutex(State())

    func openStream(_ source: SourceName) -> StreamHandle {
        state.withLock { state in
            state.openStreams += 1
            return StreamHandle(raw: UInt32(state.openStreams))
        }
    }

    func closeStream(_ stream: StreamHandle) { state.withLock { $0.closedStreams += 1 } }

    func admit(_ series: [Labels]) -> [SeriesAdmission] {
        state.withLock { state in
            series.map { labels in
                if let reason = state.refused[labels.metricName ?? ""] { return .refused(reason) }
                if let index = state.known.firstIndex(of: labels) {
                    return .admitted(SeriesHandle(raw: UInt64(index)))
                }
                state.known.append(labels)
                return .admitted(SeriesHandle(raw: UInt64(state.known.count - 1)))
            }
        }
    }

    func append(_ batch: consuming SampleBatch) async -> AppendOutcome {
        let batch = batch
        return state.withLock { state in
            if let outcome = state.outcomes.popLast() { return outcome }
            state.batches.append(batch)
            return .stored(batch.count, dropped: [])
        }
    }

    func noteMetadata(job: String, family: String, _ note: MetadataNote) {
        state.withLock { $0.notes.append("\(job) \(family) \(note)") }
    }

    /// The batch as lines, `up` and its kin under their short names, durations left out.
    func lines(_ batch: SampleBatch) -> [String] {
        let known = state.withLock { $0.known }
        return batch.series.indices.compactMap { index in
            let labels = known[Int(batch.series[index].raw)]
            let value = batch.values[index]
            if labels.metricName == "scrape_duration_seconds" { return nil }
            let shown = value.isStaleMarker ? "stale" : "\(value)"
            return "\(labels) \(shown) @\(batch.timeMs(index))"
        }
    }

    var batchCount: Int { state.withLock { $0.batches.count } }
    var batches: [SampleBatch] { state.withLock { $0.batches } }
}

/// Answers as it was told, URL by URL.
final class FakeWeb: HTTPClient {
    struct Answer {
        var status = HTTPStatus.ok
        var type = "text/plain; version=0.0.4"
        var body: [UInt8] = []
        var error: HTTPClientError?
    }

    struct State {
        var answers: [String: Answer] = [:]
        var requests: [ClientRequest] = []
    }

    let state = Mutex(State())

    func serve(_ url: String, _ body: String) {
        state.withLock { $0.answers[url] = Answer(body: Array(body.utf8)) }
    }

    func send(_ request: ClientRequest) async throws(HTTPClientError) -> ClientResponse {
        throw .badRequest(url: request.url, reason: "not streamed")
    }

    func stream(
        _ request: ClientRequest,
        to sink: BodySink
    ) async throws(HTTPClientError) -> ClientResponse {
        let found = state.withLock { state in
            state.requests.append(request)
            return state.answers[request.url]
        }
        guard let answer = found else {
            throw .connect(url: request.url, message: "nobody there")
        }
        let headers =
            answer.type.isEmpty ? HTTPHeaders() : HTTPHeaders([("Content-Type", answer.type)])
        let head = ClientResponseHead(status: answer.status, headers: headers)
        if sink.head(head) == .abort { throw .aborted(url: request.url) }
        var at = 0
        while at < answer.body.count {
            let end = min(answer.body.count, at + 7)
            if sink.piece(answer.body.span.extracting(at..<end)) == .abort {
                throw .aborted(url: request.url)
            }
            at = end
        }
        if let error = answer.error { throw error }
        return ClientResponse(answer.status, headers: headers)
    }
}
