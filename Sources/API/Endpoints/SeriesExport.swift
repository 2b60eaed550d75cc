// GET|POST /api/v1/export: series with all their samples, page by page, bit for bit
internal import Formats
internal import HTTP
internal import Model
internal import PromQL

/// Answers pages: each is a `prometheus.WriteRequest`, not compressed.
///
/// The next page is asked for with `after` = the last series of this one, as the exposition format
/// spells it; a page without series is the end. `X-Parts-Left-Out` counts what could not be read.
struct SeriesExport: Sendable {
    let source: any Queryable
    let names: any LabelSource
    let runner: QueryRunner

    // A page ends behind the series that reaches one of these.
    private static let pageBytes = 8 << 20
    private static let pageSeries = 100_000

    func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let range = try parameters.range()
        let selectors = try Selectors.matchers(parameters)
        let after = try SeriesExport.after(parameters)
        let source = source
        let names = names
        let (body, damages) = try await runner.run { check throws(APIError) in
            do throws(QueryStorageError) {
                let scan = try ExportScan(
                    source: source,
                    names: names,
                    selectors: selectors,
                    range: range,
                    after: after,
                    check: check
                )
                return try SeriesExport.page(scan)
            } catch {
                throw APIError(error)
            }
        }
        let response = HTTPResponse(.ok, type: "application/x-protobuf", body)
        return damages == 0 ? response : response.with(ExportScan.leftOutHeader, "\(damages)")
    }

    private static func page(
        _ scan: ExportScan
    ) throws(QueryStorageError) -> (body: [UInt8], damages: Int) {
        var body: [UInt8] = []
        var samples = SampleColumns()
        var count = 0
        while let labels = try scan.step(&samples) {
            RemoteWriteV1.appendSeries(
                encodedLabels: RemoteWriteV1.encodedLabels(labels),
                samples,
                to: &body
            )
            count += 1
            if body.count >= pageBytes || count >= pageSeries { break }
        }
        return (body, scan.warnings.count)
    }

    private static func after(_ parameters: Parameters) throws(APIError) -> Labels? {
        guard let text = parameters["after"] else { return nil }
        do throws(ExpositionError) {
            return try ExpositionLabels.parse(Array(text.utf8).span)
        } catch {
            throw .parameter("after", "\(error.problem)")
        }
    }
}
