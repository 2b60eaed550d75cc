// An object store without a network: checks signatures, keeps objects, fails when it is told to.
import Codec
import Formats
import HTTP
import Model
import Synchronization
import TestSupport

@testable import Forward

final class FakeBucket: HTTPClient {
    struct Object: Sendable, Equatable {
        var bytes: [UInt8]
        var metadata: [String: String] = [:]
    }

    /// What a test does to a request.
    enum Fault: Sendable {
        /// This answer, and nothing happens.
        case answer(ClientResponse)
        /// It happens, and the answer is lost.
        case lost
        /// There is no connection.
        case unreachable
    }

    struct State: Sendable {
        var objects: [String: Object] = [:]
        var uploads: [String: (key: String, metadata: [String: String], parts: [Int: [UInt8]])] =
            [:]
        var requests: [ClientRequest] = []
        var largestPiece = 0
        var region = "us-east-1"
        var knowsCondition = true
        var pageSize = 3
        var nextUpload = 1
        var puts = 0
    }

    let state = Mutex(State())
    let clock: ManualClock
    private let credentials: S3Credentials
    private let fault: @Sendable (Int, ClientRequest) -> Fault?

    init(
        clock: ManualClock,
        credentials: S3Credentials = FakeBucket.credentials,
        fault: @escaping @Sendable (Int, ClientRequest) -> Fault? = { _, _ in nil }
    ) {
        self.clock = clock
        self.credentials = credentials
        self.fault = fault
    }

    static let credentials = S3Credentials(accessKeyID: "AKID", secretAccessKey: "secret")

    var objects: [String: Object] { state.withLock { $0.objects } }
    var keys: [String] { objects.keys.sorted() }
    var requests: [ClientRequest] { state.withLock { $0.requests } }
    /// Whole objects that were taken, repetitions included.
    var puts: Int { state.withLock { $0.puts } }

    func stream(
        _ request: ClientRequest,
        to sink: BodySink
    ) async throws(HTTPClientError) -> ClientResponse {
        try await send(request)
    }

    func send(_ request: ClientRequest) async throws(HTTPClientError) -> ClientResponse {
        let number = state.withLock { state in
            state.requests.append(request)
            return state.requests.count
        }
        var body = request.body
        if let source = request.source {
            while body.count < source.byteCount {
                let limit = min(1000, source.byteCount - body.count)
                guard let piece = await source.piece(body.count, limit), piece.count <= limit
                else { throw .transfer(url: request.url, message: "the body cannot be read") }
                state.withLock { $0.largestPiece = max($0.largestPiece, piece.count) }
                body += piece
            }
        }
        switch fault(number, request) {
        case .answer(let response): return response
        case .unreachable: throw .connect(url: request.url, message: "refused")
        case .lost:
            _ = answer(request, body)
            throw .transfer(url: request.url, message: "broken off")
        case nil: return answer(request, body)
        }
    }

    // MARK: The store

    static func error(_ status: Int, _ code: String) -> ClientResponse {
        ClientResponse(
            HTTPStatus(status),
            body: Array("<Error><Code>\(code)</Code><Message>no</Message></Error>".utf8)
        )
    }

    private func answer(_ request: ClientRequest, _ body: [UInt8]) -> ClientResponse {
        guard let url = try? URLParts(request.url), let path = PercentCoding.decode(url.path) else {
            return FakeBucket.error(400, "InvalidURI")
        }
        var query: [String: String] = [:]
        for part in (url.query ?? "").split(separator: "&") {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            query[PercentCoding.decode(pair[0]) ?? ""] = PercentCoding.decode(pair[1])
        }
        if let refusal = check(request, url, path, query, body) { return refusal }
        guard path == "/bucket" || path.hasPrefix("/bucket/") else {
            return FakeBucket.error(404, "NoSuchBucket")
        }
        let key = String(path.dropFirst("/bucket/".utf8.count))
        return state.withLock { state in
            switch request.method {
            case .put where query["partNumber"] != nil:
                return FakeBucket.putPart(&state, query, body)
            case .put: return FakeBucket.put(&state, key, request, body)
            case .head: return FakeBucket.head(&state, key)
            case .get where key.isEmpty && query["uploads"] != nil:
                return FakeBucket.uploads(&state, query)
            case .get where key.isEmpty: return FakeBucket.list(&state, query)
            case .get: return FakeBucket.get(&state, key, request)
            case .post where query["uploads"] != nil:
                return FakeBucket.begin(&state, key, request)
            case .post: return FakeBucket.complete(&state, key, query, body)
            case .delete:
                let upload = state.uploads.removeValue(forKey: query["uploadId"] ?? "")
                return upload == nil
                    ? FakeBucket.error(404, "NoSuchUpload") : ClientResponse(HTTPStatus(204))
            default: return FakeBucket.error(405, "MethodNotAllowed")
            }
        }
    }

    // As S3 does: clock, region, signature, and the hash of what came.
    private func check(
        _ request: ClientRequest,
        _ url: URLParts,
        _ path: String,
        _ query: [String: String],
        _ body: [UInt8]
    ) -> ClientResponse? {
        let now = clock.nowMs()
        let date = request.headers["x-amz-date"] ?? ""
        let digits = Array(date)
        guard digits.count == 16,
            let time = RFC3339.parse(
                "\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<8]))T"
                    + "\(String(digits[9..<11])):\(String(digits[11..<13])):"
                    + "\(String(digits[13..<15]))Z"
            )
        else { return FakeBucket.error(403, "AccessDenied") }
        if abs(time.ms - now) > 900_000 {
            var refusal = FakeBucket.error(403, "RequestTimeTooSkewed")
            if request.method == .head { refusal.body = [] }
            refusal.head.headers.set("Date", FakeBucket.text(of: now))
            return refusal
        }
        let region = state.withLock { $0.region }
        let authorization = request.headers["authorization"] ?? ""
        if !authorization.contains("/\(region)/s3/") {
            var refusal = FakeBucket.error(301, "PermanentRedirect")
            refusal.head.headers.set("x-amz-bucket-region", region)
            refusal.head.headers.set("Location", "http://elsewhere/")
            return refusal
        }
        let host = url.host + (url.port.map { ":\($0)" } ?? "")
        let unsigned = ["authorization", "user-agent", "x-amz-date", "x-amz-content-sha256"]
        let signed = SigV4(region: region).sign(
            SigV4Request(
                method: request.method.rawValue,
                path: path,
                query: query.map { .init($0.key, $0.value) },
                headers: [.init("Host", host)]
                    + request.headers.fields.filter { !unsigned.contains($0.name.lowercased()) }
                    .map { .init($0.name, $0.value) },
                payloadHash: SigV4.hash(body)
            ),
            as: credentials,
            at: time
        )
        return signed.last?.value == authorization
            ? nil : FakeBucket.error(403, "SignatureDoesNotMatch")
    }

    private static func text(of ms: Int64) -> String {
        let time = RFC3339.format(Timestamp(ms: ms))
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let month = Int(time.dropFirst(5).prefix(2)) ?? 1
        return "Thu, \(time.dropFirst(8).prefix(2)) \(months[month - 1]) \(time.prefix(4)) "
            + "\(time.dropFirst(11).prefix(8)) GMT"
    }

    private static func metadata(_ request: ClientRequest) -> [String: String] {
        var metadata: [String: String] = [:]
        for field in request.headers.fields where field.name.hasPrefix("x-amz-meta-") {
            metadata[String(field.name.dropFirst(11))] = field.value
        }
        return metadata
    }

    private static func put(
        _ state: inout State,
        _ key: String,
        _ request: ClientRequest,
        _ body: [UInt8]
    ) -> ClientResponse {
        if request.headers["if-none-match"] == "*" {
            if !state.knowsCondition { return error(501, "NotImplemented") }
            if state.objects[key] != nil { return error(412, "PreconditionFailed") }
        }
        state.objects[key] = Object(bytes: body, metadata: metadata(request))
        state.puts += 1
        return ClientResponse(.ok)
    }

    private static func head(_ state: inout State, _ key: String) -> ClientResponse {
        guard let object = state.objects[key] else { return ClientResponse(HTTPStatus(404)) }
        var response = ClientResponse(.ok)
        response.head.headers.set("Content-Length", "\(object.bytes.count)")
        for (name, value) in object.metadata {
            response.head.headers.set("x-amz-meta-\(name)", value)
        }
        return response
    }

    private static func get(
        _ state: inout State,
        _ key: String,
        _ request: ClientRequest
    ) -> ClientResponse {
        guard let object = state.objects[key] else { return error(404, "NoSuchKey") }
        guard let range = request.headers["range"] else {
            return ClientResponse(.ok, body: object.bytes)
        }
        let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] < object.bytes.count else {
            return error(416, "InvalidRange")
        }
        let end = min(ends[1] + 1, object.bytes.count)
        return ClientResponse(HTTPStatus(206), body: Array(object.bytes[ends[0]..<end]))
    }

    private static func list(_ state: inout State, _ query: [String: String]) -> ClientResponse {
        let prefix = query["prefix"] ?? ""
        let after = query["continuation-token"] ?? query["start-after"] ?? ""
        let all = state.objects.keys
            .filter { $0.hasPrefix(prefix) && (after.isEmpty || $0 > after) }.sorted()
        let page = all.prefix(state.pageSize)
        var text = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"u\">"
        for key in page {
            text += "<Contents><Key>\(key)</Key>"
            text += "<Size>\(state.objects[key]?.bytes.count ?? 0)</Size></Contents>"
        }
        text += "<IsTruncated>\(page.count < all.count)</IsTruncated>"
        if page.count < all.count, let last = page.last {
            text += "<NextContinuationToken>\(last)</NextContinuationToken>"
        }
        return ClientResponse(.ok, body: Array((text + "</ListBucketResult>").utf8))
    }

    private static func begin(
        _ state: inout State,
        _ key: String,
        _ request: ClientRequest
    ) -> ClientResponse {
        let id = "upload+\(state.nextUpload)/="
        state.nextUpload += 1
        state.uploads[id] = (key, metadata(request), [:])
        let text =
            "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId>"
            + "</InitiateMultipartUploadResult>"
        return ClientResponse(.ok, body: Array(text.utf8))
    }

    private static func putPart(
        _ state: inout State,
        _ query: [String: String],
        _ body: [UInt8]
    ) -> ClientResponse {
        guard let id = query["uploadId"], state.uploads[id] != nil,
            let number = query["partNumber"].flatMap({ Int($0) })
        else { return error(404, "NoSuchUpload") }
        state.uploads[id]?.parts[number] = body
        var response = ClientResponse(.ok)
        response.head.headers.set("ETag", "\"tag&\(number)\"")
        return response
    }

    private static func complete(
        _ state: inout State,
        _ key: String,
        _ query: [String: String],
        _ body: [UInt8]
    ) -> ClientResponse {
        guard let upload = state.uploads[query["uploadId"] ?? ""], upload.key == key else {
            return error(404, "NoSuchUpload")
        }
        guard let root = try? XMLElement.parse(body) else { return error(400, "MalformedXML") }
        var bytes: [UInt8] = []
        for (index, part) in root.all("Part").enumerated() {
            let number = part["PartNumber"].flatMap { Int($0.text) } ?? 0
            guard number == index + 1, let piece = upload.parts[number],
                part["ETag"]?.text == "\"tag&\(number)\""
            else { return error(400, "InvalidPart") }
            bytes += piece
        }
        state.objects[key] = Object(bytes: bytes, metadata: upload.metadata)
        state.uploads[query["uploadId"] ?? ""] = nil
        state.puts += 1
        return ClientResponse(
            .ok,
            body: Array(
                "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>".utf8
            )
        )
    }

    private static func uploads(
        _ state: inout State,
        _ query: [String: String]
    ) -> ClientResponse {
        var text = "<ListMultipartUploadsResult>"
        for (id, upload) in state.uploads where upload.key.hasPrefix(query["prefix"] ?? "") {
            text += "<Upload><Key>\(upload.key)</Key><UploadId>\(id)</UploadId></Upload>"
        }
        return ClientResponse(.ok, body: Array((text + "</ListMultipartUploadsResult>").utf8))
    }
}
