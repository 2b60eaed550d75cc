// POST /api/v1/write: remote write 1.0 and 2.0
internal import HTTP
internal import Platform

struct RemoteWritePush: Sendable {
    let decoder: RemoteWriteDecoder
    let intake: any PushIntake
    let workers: BlockingPool

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let message: RemoteWriteMessage
        do throws(PushRefusal) {
            message = try RemoteWriteMessage(request)
        } catch {
            return PushResponse.refused(error)
        }
        let (response, written) = await store(request, message)
        return message == .version2 ? RemoteWritePush.counted(response, written) : response
    }

    // The answer, and how many samples are in the store; with 429 and 5xx none, and the sender sends
    // all of them again.
    private func store(
        _ request: HTTPRequest,
        _ message: RemoteWriteMessage
    ) async -> (HTTPResponse, samples: Int) {
        let decoder = decoder
        let body = request.body
        let decoded: RemoteWriteDecoder.Decoded
        do throws(PushRefusal) {
            try RemoteWriteMessage.checkCoding(request)
            decoded = try await workers.run { () throws(PushRefusal) in
                try decoder.decode(body, message)
            }
        } catch {
            return (PushResponse.refused(error), 0)
        }
        let samples = decoded.push.sampleCount
        let outcome =
            decoded.push.series.isEmpty && decoded.push.metadata.isEmpty
            ? .stored : await intake.take(decoded.push)
        switch outcome {
        case .stored:
            guard let refusal = decoded.refusal else { return (PushResponse.of(.stored), samples) }
            // What is whole was stored; the sender must not try again (specification, "Retries").
            return (HTTPResponse(.badRequest, text: "\(refusal)\n"), samples)
        case .rejected(let reason, let lost):
            let text = [reason, decoded.refusal].compactMap(\.self).joined(separator: "; ")
            return (HTTPResponse(.badRequest, text: "\(text)\n"), max(0, samples - lost))
        case .busy, .unavailable: return (PushResponse.of(outcome), 0)
        }
    }

    // "Required Written Response Headers" of 2.0, in errors too.
    private static func counted(_ response: HTTPResponse, _ samples: Int) -> HTTPResponse {
        response.with("X-Prometheus-Remote-Write-Samples-Written", "\(samples)")
            .with("X-Prometheus-Remote-Write-Histograms-Written", "0")
            .with("X-Prometheus-Remote-Write-Exemplars-Written", "0")
    }
}

/// What a pusher is told.
enum PushResponse {
    static func of(_ outcome: PushOutcome) -> HTTPResponse {
        switch outcome {
        case .stored: HTTPResponse(.noContent)
        case .rejected(let reason, _): HTTPResponse(.badRequest, text: "\(reason)\n")
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
