// GET /-/healthy, GET /-/ready, POST|PUT /-/reload; what is answered before all requests are taken
internal import HTTP

struct LifecyclePaths: Sendable {
    let status: any StatusSource

    static func healthy(_ request: HTTPRequest) -> HTTPResponse {
        HTTPResponse(.ok, text: "tsdb-agent is healthy.\n")
    }

    func ready(_ request: HTTPRequest) -> HTTPResponse {
        switch status.servingPhase() {
        case .ready: HTTPResponse(.ok, text: "tsdb-agent is ready.\n")
        case .replaying: replaying
        case .down: LifecyclePaths.notReady
        }
    }

    /// What is answered instead of the request; nil when it is taken.
    ///
    /// While the buffer is replayed queries are answered out of what is there.
    func refusal(of request: HTTPRequest, _ permission: Permission) -> HTTPResponse? {
        guard request.path.hasPrefix("/api/"), request.path != "/api/v1/status/walreplay" else {
            return nil
        }
        return switch status.servingPhase() {
        case .ready: nil
        case .replaying: permission == .read ? nil : replaying
        case .down: LifecyclePaths.notReady
        }
    }

    private var replaying: HTTPResponse {
        let replay = status.replay()
        return HTTPResponse(
            .unavailable,
            text: "Service Unavailable: the write buffer of the last start is being replayed, "
                + "\(replay.readBytes) of \(replay.totalBytes) bytes; queries are answered\n"
        ).with("Retry-After", "1")
    }

    func reload(_ request: HTTPRequest) async -> HTTPResponse {
        guard let failure = await status.reload() else { return HTTPResponse(.ok, text: "") }
        return HTTPResponse(.internalError, text: "failed to reload config: \(failure)\n")
    }

    /// What everything but probes and metrics answers until the agent is ready.
    static let notReady = HTTPResponse(.unavailable, text: "Service Unavailable\n")
}
