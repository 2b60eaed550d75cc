// POST /api/v1/import: what /api/v1/export gave, into the store; twice is as good as once
internal import Formats
internal import HTTP
internal import Platform

/// Takes a `prometheus.WriteRequest`, compressed by Snappy as for `/api/v1/write`.
///
/// Unlike there, samples that the store has already are looked for in sealed data too and left out.
struct SeriesImport: Sendable {
    let decoder: RemoteWriteDecoder
    let intake: any PushIntake
    let workers: BlockingPool

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let decoder = decoder
        let body = request.body
        let decoded: RemoteWriteDecoder.Decoded
        do throws(PushRefusal) {
            guard try RemoteWriteMessage(request) == .version1 else {
                throw PushRefusal(
                    status: 415,
                    text: "cannot read this message; send prometheus.WriteRequest"
                )
            }
            try RemoteWriteMessage.checkCoding(request)
            decoded = try await workers.run { () throws(PushRefusal) in try decoder.decode(body) }
        } catch {
            return PushResponse.refused(error)
        }
        if decoded.refusedSeries > 0 {
            return PushResponse.refused(PushRefusal(status: 400, text: decoded.firstRefusal))
        }
        switch await intake.takeMissing(decoded.push) {
        case .done(let report): return SeriesImport.response(report)
        case .later(let outcome): return PushResponse.of(outcome)
        }
    }

    private static func response(_ report: ImportReport) -> HTTPResponse {
        Envelope.response(
            Envelope.success { json in
                json.beginObject()
                for (name, count) in report.counts {
                    json.key(name)
                    json.number(Double(count))
                }
                json.endObject()
            }
        )
    }
}
