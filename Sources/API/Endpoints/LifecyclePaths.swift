// GET /-/healthy, GET /-/ready, POST|PUT /-/reload
internal import HTTP

struct LifecyclePaths: Sendable {
    let status: any StatusSource

    static func healthy(_ request: HTTPRequest) -> HTTPResponse {
        HTTPResponse(.ok, text: "tsdb-agent is healthy.\n")
    }

    func ready(_ request: HTTPRequest) -> HTTPResponse {
        status.isReady()
            ? HTTPResponse(.ok, text: "tsdb-agent is ready.\n") : LifecyclePaths.notReady
    }

    func reload(_ request: HTTPRequest) async -> HTTPResponse {
        guard let failure = await status.reload() else { return HTTPResponse(.ok, text: "") }
        return HTTPResponse(.internalError, text: "failed to reload config: \(failure)\n")
    }

    /// What everything but probes and metrics answers until the agent is ready.
    static let notReady = HTTPResponse(.unavailable, text: "Service Unavailable\n")
}
