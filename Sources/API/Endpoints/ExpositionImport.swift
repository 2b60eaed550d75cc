// POST /api/v1/import/prometheus: exposition text, all of it or nothing
internal import Formats
internal import HTTP
internal import Model
internal import Platform

struct ExpositionImport: Sendable {
    let intake: any PushIntake
    let workers: BlockingPool
    let limits: PushLimits
    let clock: any WallClock

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if let coding = request.headers["content-encoding"],
            !HTTPHeaders.same(coding, "identity"), !coding.isEmpty
        {
            return HTTPResponse(
                .unsupportedMediaType,
                text: "Content-Encoding must be absent; send the text uncompressed\n"
            )
        }
        let push: Push
        do throws(PushRefusal) {
            let decoder = ExpositionDecoder(
                limits: limits,
                extraLabels: try ExpositionImport.extraLabels(request.query),
                arrivalMs: clock.nowMs()
            )
            let body = request.body
            push = try await workers.run { () throws(PushRefusal) in try decoder.decode(body) }
        } catch {
            return PushResponse.refused(error)
        }
        if push.series.isEmpty, push.metadata.isEmpty { return PushResponse.of(.stored) }
        let outcome = await intake.take(push)
        // 400 means that nothing was stored; here only single samples were turned away, and counted.
        if case .rejected(let reason, _) = outcome {
            return PushResponse.of(.stored).with(ExpositionImport.notStoredHeader, reason)
        }
        return PushResponse.of(outcome)
    }

    // Says which samples of an accepted import were not stored.
    private static let notStoredHeader = "X-Samples-Not-Stored"

    // `extra_label=name=value`, repeated.
    private static func extraLabels(_ query: String) throws(PushRefusal) -> [Label] {
        let fields: FormCoding
        do throws(FormError) { fields = try FormCoding(query: query) } catch {
            throw PushRefusal(status: 400, text: "\(error)")
        }
        var labels: [Label] = []
        for text in fields.all("extra_label") {
            let equal = text.utf8.firstIndex(of: UInt8(ascii: "="))
            guard let equal, equal > text.startIndex else {
                throw PushRefusal(
                    status: 400,
                    text: "extra_label=\(text): write it as extra_label=name=value"
                )
            }
            labels.append(Label(String(text[..<equal]), String(text[equal...].dropFirst())))
        }
        return labels
    }
}
