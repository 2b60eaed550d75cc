// What an object store refuses, and what that means: status handling as S3's API reference has it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
internal import Formats
public import HTTP
public import Platform
public import Store

/// An answer that is none of those hoped for.
public struct S3Refusal: Error, Sendable, Equatable {
    /// The HTTP status.
    public var status: Int
    /// Such as `NoSuchBucket`; empty where the answer has none, as those to `HEAD`.
    public var code = ""
    /// For people.
    public var message = ""
    /// Where the bucket is, when it is elsewhere.
    public var region = ""
    /// What `Retry-After` asks for.
    public var retryAfterSeconds: Int?

    /// Reads an answer.
    init(_ response: ClientResponse) {
        status = response.status.code
        retryAfterSeconds = response.retryAfterSeconds
        region = response.headers["x-amz-bucket-region"] ?? ""
        read(response.body)
    }

    /// Reads an error that came in the body of an answer with status 200.
    init(body: [UInt8]) {
        status = 200
        read(body)
    }

    private mutating func read(_ body: [UInt8]) {
        guard let error = try? XMLElement.parse(body), error.name == "Error" else { return }
        code = error["Code"]?.text ?? ""
        message = error["Message"]?.text ?? ""
        if region.isEmpty { region = error["Region"]?.text ?? "" }
    }
}

/// Why a request came to nothing.
public enum S3Error: Error, Equatable {
    /// The store said no.
    case refused(action: String, url: String, S3Refusal)
    /// There was no answer.
    case unanswered(HTTPClientError)
    /// It answered with what no object store answers.
    case strange(action: String, url: String, what: String)
    /// What was to be sent cannot be read.
    case segment(SegmentError)
    /// What is behind the place cannot be counted.
    case store(StoreError)
    /// A file of ours cannot be used.
    case file(action: String, path: String, cause: Errno)
    /// Nobody said who we are.
    case noCredentials
}

extension S3Error: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let action, let url, let refusal):
            "cannot \(action) \(url): HTTP \(refusal.status)"
                + (refusal.code.isEmpty ? "" : " \(refusal.code)")
                + (refusal.message.isEmpty ? "" : ": \(refusal.message)")
        case .unanswered(let error): "\(error)"
        case .strange(let action, let url, let what):
            "cannot \(action) \(url): \(what), which no object store answers"
        case .segment(let error): "\(error)"
        case .store(let error): "\(error)"
        case .file(let action, let path, let cause): "cannot \(action) \(path): \(cause)"
        case .noCredentials:
            "there are no credentials for S3; set access_key_id and secret_access_key_file, or "
                + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
    }
}

extension S3Error {
    /// What the error means for the request: `.retry` or `.parked`, as nothing that is kept for good is
    /// ever passed over for what a store says today.
    public var verdict: Verdict {
        switch self {
        case .refused(_, _, let refusal): refusal.verdict
        case .unanswered(let error): .of(error)
        // What answered may be a proxy that has the store's place for a while.
        case .strange: .retry(afterMs: nil, mayHaveArrived: true)
        case .segment, .store, .file: .retry(afterMs: nil, mayHaveArrived: false)
        case .noCredentials: .parked(code: 403)
        }
    }
}

extension S3Refusal {
    /// Statuses and codes by which S3 says that it may work the next time.
    private static let passing: Set<String> = [
        "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "IncompleteBody",
        "BadDigest", "XAmzContentSHA256Mismatch", "OperationAborted", "NoSuchUpload",
        "ConditionalRequestConflict", "RequestTimeTooSkewed",
    ]

    var verdict: Verdict {
        let afterMs = retryAfterSeconds.map {
            min(Int64($0) * 1000, Verdict.retryAfterLimitMs)
        }
        let mayWork =
            status >= 500 && status != 501 || status == 408 || status == 409 || status == 429
            || status == 200 || S3Refusal.passing.contains(code)
        return mayWork ? .retry(afterMs: afterMs, mayHaveArrived: true) : .parked(code: status)
    }
}
