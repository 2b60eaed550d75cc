// One query over HTTP: the request, the reply, and why there was none.
internal import API
internal import Formats
internal import HTTP
public import Platform

/// A query as it goes out.
public struct QueryRequest: Sendable, Equatable {
    /// Without a slash at the end.
    public var url: String
    /// Empty for TCP.
    public var unixSocket: String
    /// Empty for none.
    public var token: String
    /// `/api/v1/query` or `/api/v1/query_range`.
    public var path: String
    /// The form's fields in order.
    public var fields: [ConfigParameter]
    /// Instead of a form: a remote-write message, compressed by Snappy.
    public var body: [UInt8]?
}

/// What came back.
public struct QueryReply: Sendable, Equatable {
    public var status: Int
    public var body: [UInt8]
    /// Parts of the store that the server could not read and left out of an export.
    public var leftOut: Int

    /// Makes a reply.
    public init(status: Int, body: [UInt8], leftOut: Int = 0) {
        self.status = status
        self.body = body
        self.leftOut = leftOut
    }
}

/// Why a query has no result.
public enum QueryFailure: Error, Equatable {
    case unreadable(path: String, cause: Errno)
    /// No event loop, no client: the environment is at its end.
    case noClient(String)
    /// The agent did not answer.
    case unanswered(String)
    /// It answered, and said no.
    case refused(type: String, text: String)
    /// It answered with what no agent answers.
    case strange(status: Int, text: String)
}

extension QueryFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let path, let cause): "cannot read \(path): \(cause); check --token-file"
        case .noClient(let text): "cannot ask: \(text)"
        case .unanswered(let text): "\(text); is the agent running, and is --server right?"
        case .refused(let type, let text): "\(type): \(text)"
        case .strange(401, _), .strange(403, _):
            "the server wants another token; give --token-file or set TSDB_API_TOKEN"
        case .strange(let status, let text):
            "the server answered \(status), which is not an agent's answer: \(text)"
        }
    }
}

/// Sends queries.
public enum QueryClient {
    /// The longest answer that is taken.
    private static let replyBytesLimit = 1 << 30
    /// A server gives up on its own before that.
    private static let timeoutMs: Int64 = 300_000

    /// Sends one query and waits for the reply, whatever its status.
    ///
    /// - Returns: the reply.
    /// - Throws: `.unanswered` when no HTTP answer came, `.noClient` when none could be asked for.
    public static func ask(_ query: QueryRequest) async throws(QueryFailure) -> QueryReply {
        let form = FormCoding(
            query.fields.flatMap { field in
                field.values.map { FormCoding.Field(field.name, $0) }
            }
        )
        var request = ClientRequest(
            .post,
            query.url + query.path,
            body: query.body ?? Array(form.encoded.utf8)
        )
        if query.body == nil {
            request.headers.set("Content-Type", "application/x-www-form-urlencoded")
        } else {
            request.headers.set("Content-Type", "application/x-protobuf")
            request.headers.set("Content-Encoding", "snappy")
        }
        if !query.token.isEmpty { request.headers.set("Authorization", "Bearer \(query.token)") }
        request.unixSocket = query.unixSocket
        request.acceptsGzip = true
        request.timeoutMs = timeoutMs
        request.bodyLimitBytes = replyBytesLimit

        let loop: EventLoop
        let thread: NamedThread
        do throws(Errno) {
            loop = try EventLoop()
            thread = try loop.start()
        } catch {
            throw .noClient(error.description)
        }
        defer {
            loop.stop()
            thread.join()
        }
        do throws(HTTPClientError) {
            let client = try CurlMulti(loop: loop)
            let response = try await client.send(request)
            await client.close()
            return QueryReply(
                status: response.status.code,
                body: response.body,
                leftOut: response.headers[ExportScan.leftOutHeader].flatMap { Int($0) } ?? 0
            )
        } catch {
            throw .unanswered(error.description)
        }
    }
}
