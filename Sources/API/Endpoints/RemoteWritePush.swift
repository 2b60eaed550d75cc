// POST /api/v1/write: remote write 1.0
internal import HTTP
internal import Platform

struct RemoteWritePush: Sendable {
    let decoder: RemoteWriteDecoder
    let intake: any PushIntake
    let workers: BlockingPool

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if let refusal = RemoteWritePush.typeRefusal(request) { return refusal }
        let decoder = decoder
        let body = request.body
        let decoded: RemoteWriteDecoder.Decoded
        do throws(PushRefusal) {
            decoded = try await workers.run { () throws(PushRefusal) in try decoder.decode(body) }
        } catch {
            return PushResponse.refused(error)
        }
        let outcome =
            decoded.push.series.isEmpty && decoded.push.metadata.isEmpty
            ? .stored : await intake.take(decoded.push)
        guard outcome == .stored, decoded.refusedSeries > 0 else {
            return PushResponse.of(outcome)
        }
        // What is whole was stored; the sender must not try again (specification, "Retries").
        return HTTPResponse(
            .badRequest,
            text: "\(decoded.refusedSeries) series refused, the rest is stored; the first: "
                + "\(decoded.firstRefusal)\n"
        )
    }

    // A form or a text is what a web page could send without asking: only this type is taken.
    static func typeRefusal(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.headers.mediaType == "application/x-protobuf" else {
            return HTTPResponse(
                .unsupportedMediaType,
                text: "Content-Type must be application/x-protobuf\n"
            )
        }
        if let value = request.headers["content-type"],
            let message = RemoteWritePush.message(value), message != "prometheus.WriteRequest"
        {
            return HTTPResponse(
                .unsupportedMediaType,
                text: "cannot read this message; send prometheus.WriteRequest (remote write 1.0)\n"
            )
        }
        if let coding = request.headers["content-encoding"], !HTTPHeaders.same(coding, "snappy") {
            return HTTPResponse(
                .unsupportedMediaType,
                text: "Content-Encoding must be snappy\n"
            )
        }
        return nil
    }

    // The value of the parameter `proto`, nil when there is none.
    private static func message(_ type: String) -> String? {
        for part in type.utf8.split(separator: UInt8(ascii: ";")).dropFirst() {
            let bytes = part.filter { $0 != 0x20 && $0 != 0x09 && $0 != UInt8(ascii: "\"") }
            if bytes.starts(with: "proto=".utf8) {
                return String(decoding: bytes.dropFirst(6), as: UTF8.self)
            }
        }
        return nil
    }
}

/// What a pusher is told.
enum PushResponse {
    static func of(_ outcome: PushOutcome) -> HTTPResponse {
        switch outcome {
        case .stored: HTTPResponse(.noContent)
        case .rejected(let reason): HTTPResponse(.badRequest, text: "\(reason)\n")
        case .busy(let seconds):
            HTTPResponse(.tooManyRequests, text: "too many samples; try again later\n")
                .with("Retry-After", "\(seconds)")
        case .unavailable(let reason, let seconds):
            HTTPResponse(.unavailable, text: "\(reason)\n").with("Retry-After", "\(seconds)")
        }
    }

    static func refused(_ refusal: PushRefusal) -> HTTPResponse {
        HTTPResponse(HTTPStatus(refusal.status), text: "\(refusal.text)\n")
    }
}
