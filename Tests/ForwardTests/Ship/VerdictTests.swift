import HTTP
import Testing

@testable import Forward

@Suite("Verdict") struct VerdictTests {
    @Test(
        "each status has its meaning",
        arguments: [
            (200, Verdict.stored), (204, .stored), (299, .stored),
            (500, .failed(code: 500, afterMs: nil)),
            (503, .failed(code: 503, afterMs: nil)),
            (408, .retry(afterMs: nil, mayHaveArrived: true)),
            (429, .retry(afterMs: nil, mayHaveArrived: false)),
            (400, .rejected(code: 400)), (422, .rejected(code: 422)), (409, .rejected(code: 409)),
            (402, .rejected(code: 402)), (405, .rejected(code: 405)),
            (401, .parked(code: 401)), (403, .parked(code: 403)), (404, .parked(code: 404)),
            (407, .parked(code: 407)), (415, .parked(code: 415)), (302, .parked(code: 302)),
            (413, .tooLarge), (101, .retry(afterMs: nil, mayHaveArrived: true)),
        ]
    )
    func statuses(status: Int, verdict: Verdict) {
        #expect(Verdict.of(status: status, retryAfterSeconds: nil) == verdict)
    }

    @Test(
        "Retry-After is honoured within five minutes",
        arguments: [
            (0, 0), (7, 7000), (300, 300_000), (86_400, 300_000), (Int.max, 300_000), (-5, 0),
        ]
    )
    func retryAfter(seconds: Int, ms: Int) {
        #expect(
            Verdict.of(status: 503, retryAfterSeconds: seconds)
                == .failed(code: 503, afterMs: Int64(ms))
        )
        #expect(
            Verdict.of(status: 429, retryAfterSeconds: seconds)
                == .retry(afterMs: Int64(ms), mayHaveArrived: false)
        )
        #expect(Verdict.of(status: 204, retryAfterSeconds: seconds) == .stored)
    }

    @Test(
        "a request without an answer is tried again, and may have arrived unless it was never sent",
        arguments: [
            (HTTPClientError.connect(url: "u", message: "m"), false),
            (.tls(url: "u", message: "m"), false), (.badRequest(url: "u", reason: "r"), false),
            (.timeout(url: "u", message: "m"), true), (.transfer(url: "u", message: "m"), true),
            (.tooLarge(url: "u", limitBytes: 1), true),
        ]
    )
    func errors(error: HTTPClientError, mayHaveArrived: Bool) {
        #expect(Verdict.of(error) == .retry(afterMs: nil, mayHaveArrived: mayHaveArrived))
    }
}
