// Objects: put once, ask for, get a part of, list.
internal import Formats
internal import HTTP

/// What became of an object that was to be put.
public enum S3Put: Sendable, Equatable {
    /// It was sent.
    case stored
    /// It was there, as long as it should be.
    case wasThere
}

extension S3Client {
    /// Puts an object whose key says its content: where one is, it is the same.
    ///
    /// - Parameters:
    ///   - key: names the hash of the content.
    ///   - content: all of the object.
    ///   - hash: SHA-256 of it, lower-case hex.
    ///   - metadata: `x-amz-meta-` headers, by what follows.
    /// - Returns: whether it was sent.
    /// - Throws: `S3Error`; the same call again is safe.
    public func putOnce(
        _ key: String,
        _ content: S3Content,
        hash: String,
        metadata: [String: String]
    ) async throws(S3Error) -> S3Put {
        if content.byteCount > settings.multipartBytes {
            return try await putInParts(key, content, metadata)
        }
        var request = Request(action: "put", method: .put, key: key)
        request.headers = S3Client.headers(metadata)
        request.content = content
        request.range = 0..<content.byteCount
        request.hash = hash
        var conditional = request
        conditional.headers.append(.init("If-None-Match", "*"))
        // 304 is what an old MinIO says; 501 and 400 come from stores that do not know the condition.
        conditional.welcome = [304, 400, 412, 501]
        let response = try await send(conditional)
        if (200..<300).contains(response.status.code) { return .stored }
        let refusal = S3Refusal(response)
        if refusal.status == 400, !S3Client.mayMeanCondition.contains(refusal.code) {
            throw .refused(action: request.action, url: endpoint.url(key, []), refusal)
        }
        if try await facts(of: key)?.byteCount == content.byteCount { return .wasThere }
        // Another content under this name is none that we wrote: a blind overwrite is harmless.
        _ = try await send(request)
        return .stored
    }

    /// How stores name a header that they do not implement, beside status 400.
    private static let mayMeanCondition: Set<String> = [
        "InvalidArgument", "NotImplemented", "InvalidRequest",
    ]

    /// Puts an object, whatever is there.
    ///
    /// - Throws: `S3Error`.
    public func put(_ key: String, _ bytes: [UInt8], type: String) async throws(S3Error) {
        var request = Request(action: "put", method: .put, key: key)
        request.headers = [.init("Content-Type", type)]
        request.content = S3Content(bytes)
        request.range = 0..<bytes.count
        _ = try await send(request)
    }

    /// What is known of an object; nil when there is none.
    ///
    /// - Throws: `S3Error`.
    public func facts(of key: String) async throws(S3Error) -> S3ObjectFacts? {
        var request = Request(action: "ask for", method: .head, key: key)
        request.welcome = [404]
        let response = try await send(request)
        if response.status.code == 404 { return nil }
        guard let length = response.headers["content-length"].flatMap({ Int($0) }), length >= 0
        else {
            throw .strange(action: "ask for", url: endpoint.url(key, []), what: "no length")
        }
        var metadata: [String: String] = [:]
        for field in response.headers.fields {
            let name = field.name.lowercased()
            if name.hasPrefix("x-amz-meta-") { metadata[String(name.dropFirst(11))] = field.value }
        }
        return S3ObjectFacts(byteCount: length, metadata: metadata)
    }

    /// The bytes of an object, or of a part of it.
    ///
    /// - Parameters:
    ///   - key: the object's.
    ///   - range: which bytes; nil for all.
    ///   - limit: the most that is taken.
    /// - Returns: the bytes; fewer than asked for only where the object ends.
    /// - Throws: `S3Error`.
    public func get(
        _ key: String,
        _ range: Range<Int>? = nil,
        limit: Int
    ) async throws(S3Error) -> [UInt8] {
        var request = Request(action: "get", method: .get, key: key)
        if let range {
            request.headers.append(
                .init("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
            )
        }
        request.answerLimit = limit
        let response = try await send(request)
        // 200 is the whole object: from a server that has not heard of ranges.
        let isPart = response.status.code == 206
        if range == nil || isPart { return response.body }
        guard let range, response.body.count >= range.lowerBound else {
            throw .strange(action: "get", url: endpoint.url(key, []), what: "no such part")
        }
        return Array(
            response.body[range.lowerBound..<min(range.upperBound, response.body.count)]
        )
    }

    /// All objects whose keys begin with `prefix`, in the order of their keys' bytes, a page at a time.
    ///
    /// - Parameters:
    ///   - prefix: what keys begin with.
    ///   - after: only keys behind this one; empty for all.
    ///   - page: takes some of them; false ends the list.
    /// - Throws: `S3Error`.
    public func list(
        _ prefix: String,
        after: String = "",
        _ page: ([S3ListedObject]) -> Bool
    ) async throws(S3Error) {
        var token: String?
        while true {
            var request = Request(action: "list", method: .get)
            request.query = [.init("list-type", "2"), .init("prefix", prefix)]
            if let token {
                request.query.append(.init("continuation-token", token))
            } else if !after.isEmpty {
                request.query.append(.init("start-after", after))
            }
            let response = try await send(request)
            let answer = try S3List(response.body) { what in
                .strange(action: "list", url: endpoint.url("", []), what: what)
            }
            guard page(answer.objects), let next = answer.next else { return }
            if next == token {
                throw .strange(
                    action: "list",
                    url: endpoint.url("", []),
                    what: "the same page again"
                )
            }
            token = next
        }
    }

    static func headers(_ metadata: [String: String]) -> [SigV4Request.Field] {
        metadata.sorted { $0.key < $1.key }.map { .init("x-amz-meta-\($0.key)", $0.value) }
    }
}

/// One page of ListObjectsV2.
struct S3List {
    var objects: [S3ListedObject] = []
    /// What to ask the next page with; nil behind the last.
    var next: String?

    init(_ body: [UInt8], _ strange: (String) -> S3Error) throws(S3Error) {
        let root: XMLElement
        do throws(XMLError) { root = try XMLElement.parse(body) } catch {
            throw strange("\(error)")
        }
        guard root.name == "ListBucketResult" else { throw strange("<\(root.name)>") }
        for item in root.all("Contents") {
            guard let key = item["Key"]?.text, !key.isEmpty,
                let size = item["Size"].flatMap({ Int($0.text) }), size >= 0
            else { throw strange("an object without key or size") }
            objects.append(S3ListedObject(key: key, byteCount: size))
        }
        switch root["IsTruncated"]?.text {
        case "true":
            guard let token = root["NextContinuationToken"]?.text, !token.isEmpty else {
                throw strange("a page without the next one's token")
            }
            next = token
        case "false", nil: next = nil
        default: throw strange("<IsTruncated> that is no yes or no")
        }
    }
}
