// What an answer, or its absence, means for the samples of a request: remote write 1.0, section
// "Retries & Backoff" (5xx is tried again, 4xx is not, 429 may be), remote write 2.0, section
// "Required Written Response Headers", and what an operator can repair.
public import HTTP

/// What became of one request.
public enum Verdict: Sendable, Hashable {
    /// 2xx: the receiver has the samples.
    case stored
    /// A 2.0 receiver says how many it has; it refused the others for good.
    ///
    /// - acked: how many are stored there.
    /// - code: the status with which it said so.
    case partly(acked: Int, code: Int)
    /// The receiver surely has nothing of it, because it does not speak this version of the message:
    /// the same samples go again, at once, in the other one.
    case notUnderstood
    /// Try the identical request again.
    ///
    /// - afterMs: what `Retry-After` asked for, in milliseconds.
    /// - mayHaveArrived: false only when the receiver surely has nothing of it.
    case retry(afterMs: Int64?, mayHaveArrived: Bool)
    /// 5xx: as `retry`, of samples that may be there; perhaps because of what these samples are.
    case failed(code: Int, afterMs: Int64?)
    /// Refused for good: move past it.
    case rejected(code: Int)
    /// The destination takes nothing until someone changes something there or here: probe slowly.
    case parked(code: Int)
    /// 413: send less at a time.
    case tooLarge
}

extension Verdict {
    /// The longest wait that a receiver can ask for.
    public static let retryAfterLimitMs: Int64 = 300_000

    /// What an HTTP status means.
    ///
    /// The status is between 100 and 599; `Retry-After` is nil when it is absent.
    public static func of(status: Int, retryAfterSeconds: Int?) -> Verdict {
        let afterMs = retryAfterSeconds.map {
            min(Int64(min(max(0, $0), 1_000_000)) * 1000, retryAfterLimitMs)
        }
        return switch status {
        case 200..<300: .stored
        // Surely not taken; the receiver says when.
        case 429: .retry(afterMs: afterMs, mayHaveArrived: false)
        case 408: .retry(afterMs: afterMs, mayHaveArrived: true)
        case 500...: .failed(code: status, afterMs: afterMs)
        case 401, 403, 404, 407, 415: .parked(code: status)
        case 413: .tooLarge
        // A redirect is not followed: it would carry the credentials elsewhere. That the URL is
        // wrong can be repaired here, so nothing is given up for it.
        case 300..<400: .parked(code: status)
        case 400..<500: .rejected(code: status)
        // 1xx as a final answer: not HTTP as we know it.
        default: .retry(afterMs: nil, mayHaveArrived: true)
        }
    }

    /// What a request without an answer means.
    public static func of(_ error: HTTPClientError) -> Verdict {
        switch error {
        // Nothing was sent.
        case .badRequest, .connect, .tls: .retry(afterMs: nil, mayHaveArrived: false)
        case .timeout, .tooLarge, .transfer, .aborted, .cancelled, .closed:
            .retry(afterMs: nil, mayHaveArrived: true)
        }
    }
}

/// What a receiver answered, as far as it decides anything.
struct WriteAnswer: Sendable, Equatable {
    var status: Int
    var retryAfterSeconds: Int?
    /// How many samples a 2.0 receiver says it has stored; nil when it says nothing of what it stored.
    var written: Int?

    init(status: Int, retryAfterSeconds: Int? = nil, written: Int? = nil) {
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.written = written
    }

    init(_ response: ClientResponse) {
        self.init(
            status: response.status.code,
            retryAfterSeconds: response.retryAfterSeconds,
            written: WriteAnswer.written(response.headers)
        )
    }

    // A header that is missing says 0 where another is there. What is no number says nothing.
    private static func written(_ headers: HTTPHeaders) -> Int? {
        let counts = ["Samples", "Histograms", "Exemplars"].map { what in
            headers["X-Prometheus-Remote-Write-\(what)-Written"].flatMap { Int($0) }
        }
        if counts.allSatisfy({ $0 == nil }) { return nil }
        return max(0, counts[0] ?? 0)
    }

    /// What it means for a request of 1.0.
    var verdict: Verdict { .of(status: status, retryAfterSeconds: retryAfterSeconds) }

    /// What it means for a request of 2.0 with so many samples.
    ///
    /// `.notUnderstood` where a success comes without a count.
    func verdict(ofVersion2 samples: Int) -> Verdict {
        switch (verdict, written) {
        case (.stored, nil): .notUnderstood
        case (.stored, let written?) where written >= samples: .stored
        case (.stored, let written?), (.rejected, let written?):
            .partly(acked: min(written, samples), code: status)
        // The whole request goes again, although a part of it is there.
        case (.retry(let afterMs, false), let written?) where written > 0:
            .retry(afterMs: afterMs, mayHaveArrived: true)
        case (let verdict, _): verdict
        }
    }
}
