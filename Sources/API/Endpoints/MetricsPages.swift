// GET /metrics, the agent's own, and GET /host/metrics, the host collectors'.
internal import Formats
internal import HTTP
internal import Model
public import Platform

struct MetricsPages: Sendable {
    let meters: MeterRegistry
    let status: any StatusSource

    func own(_ request: HTTPRequest) async -> HTTPResponse {
        HTTPResponse(.ok, type: ExpositionWriter.contentType, MeterText.text(of: meters))
    }

    func host(_ request: HTTPRequest) async -> HTTPResponse {
        guard let text = await status.hostText() else {
            return HTTPResponse(
                .notFound,
                text: "the host collectors are disabled; see host.enabled\n"
            )
        }
        return HTTPResponse(.ok, type: ExpositionWriter.contentType, text)
    }
}

/// Meters as exposition families; also what the agent stores of itself.
public enum MeterText {
    static func family(_ meters: MeterFamily) -> ExpositionFamily {
        let kind: MetricKind =
            switch meters.kind {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            }
        var family = ExpositionFamily(meters.name, kind, help: meters.help)
        for series in meters.series {
            let labels = series.labels.map { Label($0.name, $0.value) }
            switch series.value {
            case .number(let value):
                family.samples.append(ExpositionSample(value, labels: labels))
            case .histogram(let reading):
                family.samples += buckets(reading, labels)
            }
        }
        return family
    }

    /// The text of all meters, as `/metrics` shows it.
    public static func text(of meters: MeterRegistry) -> [UInt8] {
        ExpositionWriter.text(meters.snapshot().map(family))
    }

    private static func buckets(
        _ reading: HistogramReading,
        _ labels: [Label]
    ) -> [ExpositionSample] {
        var samples: [ExpositionSample] = []
        for (bound, count) in zip(reading.bounds, reading.cumulative) {
            let le = Label("le", FloatText.text(bound, .exposition))
            samples.append(
                ExpositionSample(Double(count), labels: labels + [le], suffix: "_bucket")
            )
        }
        let count = Double(reading.count)
        samples.append(
            ExpositionSample(count, labels: labels + [Label("le", "+Inf")], suffix: "_bucket")
        )
        samples.append(ExpositionSample(reading.sum, labels: labels, suffix: "_sum"))
        samples.append(ExpositionSample(count, labels: labels, suffix: "_count"))
        return samples
    }
}
