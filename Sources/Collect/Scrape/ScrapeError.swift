// Why a scrape failed: the text is the target's `lastError`.
public import Formats
public import HTTP

/// A scrape that brought nothing.
public enum ScrapeError: Error, Equatable {
    case request(HTTPClientError)
    case status(HTTPStatus)
    case contentType(String)
    case text(ExpositionError)
    case bodySizeLimit(bytes: Int)
    case sampleLimit(Int)
    case labelLimit(metric: String, count: Int, limit: Int)
    case labelNameLength(metric: String, name: String, length: Int, limit: Int)
    case labelValueLength(metric: String, name: String, length: Int, limit: Int)
    case targetLimit(count: Int, limit: Int)
    case credentials(String)
}

extension ScrapeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .request(let error): error.description
        case .status(let status): "server returned HTTP status \(status)"
        case .contentType(""):
            "the response has no Content-Type; set fallback_scrape_protocol = "
                + "\"PrometheusText0.0.4\" if it is the text format"
        case .contentType(let type):
            "cannot read the content type \"\(type)\"; set fallback_scrape_protocol = "
                + "\"PrometheusText0.0.4\" if it is the text format"
        case .text(let error): error.description
        case .bodySizeLimit(let bytes): "body size limit of \(bytes) bytes exceeded"
        case .sampleLimit(let limit): "sample limit exceeded (limit: \(limit))"
        case .labelLimit(let metric, let count, let limit):
            "label_limit exceeded (metric: \"\(metric)\", number of labels: \(count), "
                + "limit: \(limit))"
        case .labelNameLength(let metric, let name, let length, let limit):
            "label_name_length_limit exceeded (metric: \"\(metric)\", label name: \"\(name)\", "
                + "length: \(length), limit: \(limit))"
        case .labelValueLength(let metric, let name, let length, let limit):
            "label_value_length_limit exceeded (metric: \"\(metric)\", label name: \"\(name)\", "
                + "length: \(length), limit: \(limit))"
        case .targetLimit(let count, let limit):
            "target_limit exceeded (number of targets: \(count), limit: \(limit))"
        case .credentials(let text): "cannot read the job's secrets: \(text)"
        }
    }
}
