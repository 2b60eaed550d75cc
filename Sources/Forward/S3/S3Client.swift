// Requests to one bucket, signed here: `wire.md` of the design says why not by libcurl.
internal import Codec
internal import Formats
public import HTTP
internal import Model
public import Platform
internal import Synchronization

/// What a store says of an object.
public struct S3ObjectFacts: Sendable, Equatable {
    /// The length.
    public var byteCount: Int
    /// The `x-amz-meta-` headers, by what follows in their names.
    public var metadata: [String: String]
}

/// An object as a list has it.
public struct S3ListedObject: Sendable, Equatable {
    /// Its whole key.
    public var key: String
    /// The length.
    public var byteCount: Int
}

/// Sends requests to one bucket; retries are the caller's.
///
/// Each request is signed with a real hash of its body. Redirects are never followed: where the store
/// names another region, the request is signed anew for that one; where it says that the clock is wrong,
/// the difference to its `Date` is kept and the request signed anew.
public final class S3Client: Sendable {
    /// How objects are reached.
    public struct Settings: Sendable {
        /// Sent with every request.
        public var userAgent = "tsdb-agent"
        /// For one request.
        public var timeoutMs: Int64 = 30_000
        /// Certificates and their checks.
        public var tls = TLSOptions()
        /// URL of a proxy; empty for none.
        public var proxy = ""
        /// Objects beyond this go in parts.
        public var multipartBytes = 64 << 20
        /// The length of a part: S3 wants at least 5 MiB and at most 10,000 parts.
        public var partBytes = 16 << 20

        /// The defaults.
        public init() {}
    }

    private struct State {
        var endpoint: S3Endpoint
        var clockOffsetMs: Int64 = 0
    }

    let settings: Settings
    let pool: BlockingPool
    private let client: any HTTPClient
    private let credentials: S3CredentialSource
    private let wall: any WallClock
    private let state: Mutex<State>
    // A redirect, a wrong clock, and the request itself.
    private static let signings = 4
    // The store refuses at 15 minutes.
    private static let skewMs: Int64 = 300_000

    /// Makes a client that has not asked anything yet.
    public init(
        _ endpoint: S3Endpoint,
        as credentials: S3CredentialSource,
        settings: Settings = Settings(),
        over client: any HTTPClient,
        pool: BlockingPool,
        wall: any WallClock = SystemClock()
    ) {
        self.client = client
        self.credentials = credentials
        self.settings = settings
        self.pool = pool
        self.wall = wall
        state = Mutex(State(endpoint: endpoint))
    }

    /// The bucket as it is known by now.
    public var endpoint: S3Endpoint { state.withLock { $0.endpoint } }

    /// What the store's clock is ahead of this machine's, as far as it has mattered.
    public var clockOffsetMs: Int64 { state.withLock { $0.clockOffsetMs } }

    /// A request without its signature.
    struct Request {
        var action: String
        var method: HTTPMethod
        var key = ""
        var query: [SigV4Request.Field] = []
        var headers: [SigV4Request.Field] = []
        var content = S3Content([])
        var range = 0..<0
        /// SHA-256 of that part of the content; nil to find it out.
        var hash: String?
        /// Any 2xx is one.
        var welcome: Set<Int> = []
        var answerLimit = 16 << 20
    }

    /// Sends a request until it is signed as the store wants it.
    ///
    /// - Returns: an answer with status 2xx or one of `welcome`.
    /// - Throws: `S3Error`.
    func send(_ request: Request) async throws(S3Error) -> ClientResponse {
        let (content, range) = (request.content, request.range)
        let hash: String
        if let known = request.hash {
            hash = known
        } else {
            hash = try await pool.run { () throws(S3Error) in try content.hash(of: range) }
        }
        var left = S3Client.signings
        while true {
            left -= 1
            let signed = try await sign(request, hash)
            let response: ClientResponse
            do throws(HTTPClientError) { response = try await client.send(signed) } catch {
                throw .unanswered(error)
            }
            let status = response.status.code
            if (200..<300).contains(status) { return response }
            let refusal = S3Refusal(response)
            if left > 0, follow(refusal) || correct(refusal, response) { continue }
            if request.welcome.contains(status) { return response }
            throw .refused(action: request.action, url: signed.shownURL, refusal)
        }
    }

    // The server's clock counts in signatures, not in anything else.
    private func sign(
        _ request: Request,
        _ hash: String
    ) async throws(S3Error) -> ClientRequest {
        let source = credentials
        let credentials = try await pool.run { () throws(S3Error) in try source.current() }
        let (endpoint, offset) = state.withLock { ($0.endpoint, $0.clockOffsetMs) }
        var headers = [SigV4Request.Field("Host", endpoint.host)] + request.headers
        headers += SigV4(region: endpoint.region).sign(
            SigV4Request(
                method: request.method.rawValue,
                path: endpoint.path(request.key),
                query: request.query,
                headers: headers,
                payloadHash: hash
            ),
            as: credentials,
            at: Timestamp(ms: wall.nowMs() + offset)
        )
        var signed = ClientRequest(request.method, endpoint.url(request.key, request.query))
        for header in headers where header.name != "Host" {
            signed.headers.add(header.name, header.value)
        }
        signed.headers.set("User-Agent", settings.userAgent)
        // Small bodies need no second fetch, and libcurl may send them anew over a new connection.
        if request.range.count > 64 << 10 {
            signed.source = request.content.source(of: request.range, on: pool)
        } else if !request.range.isEmpty {
            signed.body = try request.content.bytes(in: request.range)
        }
        // A slow line may take longer for a large body: at least 128 KB a second.
        signed.timeoutMs = settings.timeoutMs + Int64(request.range.count / 128)
        signed.connectTimeoutMs = min(10_000, settings.timeoutMs)
        signed.tls = settings.tls
        signed.proxy = settings.proxy
        signed.bodyLimitBytes = request.answerLimit
        return signed
    }

    // 301, 307, and 400 where only the region of the signature was wrong.
    private func follow(_ refusal: S3Refusal) -> Bool {
        guard refusal.status == 301 || refusal.status == 307 || refusal.status == 400 else {
            return false
        }
        return state.withLock { state in
            guard let moved = state.endpoint.moved(to: refusal.region) else { return false }
            state.endpoint = moved
            return true
        }
    }

    // Answers to HEAD have no code: there the clocks themselves must tell.
    private func correct(_ refusal: S3Refusal, _ response: ClientResponse) -> Bool {
        guard refusal.status == 403, refusal.code.isEmpty || refusal.code == "RequestTimeTooSkewed",
            let date = response.headers["date"].flatMap(S3Client.parse(date:))
        else { return false }
        let offset = date.ms - wall.nowMs()
        return state.withLock { state in
            guard abs(offset - state.clockOffsetMs) > S3Client.skewMs else { return false }
            state.clockOffsetMs = offset
            return true
        }
    }

    /// Reads `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110, section 5.6.7); nil for anything else.
    static func parse(date: String) -> Timestamp? {
        let words = date.split(separator: " ")
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        guard words.count == 6, words[5] == "GMT", words[1].count == 2,
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return RFC3339.parse("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
