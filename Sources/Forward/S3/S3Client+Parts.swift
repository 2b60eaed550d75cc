// Objects in parts: begun, sent part by part, completed; what is broken off is taken back.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
internal import Formats
internal import HTTP

extension S3Client {
    /// Puts an object in parts.
    ///
    /// What an earlier try left behind under this key is taken back first: an upload that nobody
    /// completes is stored, and paid for, for ever.
    ///
    /// - Returns: whether it was sent.
    /// - Throws: `S3Error`; then what was sent is taken back as far as that works.
    func putInParts(
        _ key: String,
        _ content: S3Content,
        _ metadata: [String: String]
    ) async throws(S3Error) -> S3Put {
        if try await facts(of: key)?.byteCount == content.byteCount { return .wasThere }
        for upload in try await uploads(of: key) { try await abort(key, upload) }
        let upload = try await begin(key, metadata)
        do throws(S3Error) {
            var tags: [String] = []
            let step = max(settings.partBytes, (content.byteCount + 9999) / 10_000)
            for start in stride(from: 0, to: content.byteCount, by: step) {
                let range = start..<min(start + step, content.byteCount)
                tags.append(try await putPart(key, upload, tags.count + 1, content, range))
            }
            try await complete(key, upload, tags, content.byteCount)
            return .stored
        } catch {
            // What the store said first is what counts; the next try takes back what this cannot.
            do throws(S3Error) { try await abort(key, upload) } catch {}
            throw error
        }
    }

    private func begin(
        _ key: String,
        _ metadata: [String: String]
    ) async throws(S3Error) -> String {
        var request = Request(action: "begin", method: .post, key: key)
        request.query = [.init("uploads", "")]
        request.headers = S3Client.headers(metadata)
        let body = try await send(request).body
        guard let root = try? XMLElement.parse(body),
            root.name == "InitiateMultipartUploadResult", let id = root["UploadId"]?.text,
            !id.isEmpty
        else { throw .strange(action: "begin", url: endpoint.url(key, []), what: "no upload's id") }
        return id
    }

    private func putPart(
        _ key: String,
        _ upload: String,
        _ number: Int,
        _ content: S3Content,
        _ range: Range<Int>
    ) async throws(S3Error) -> String {
        var request = Request(action: "put a part of", method: .put, key: key)
        request.query = [.init("partNumber", "\(number)"), .init("uploadId", upload)]
        request.content = content
        request.range = range
        guard let tag = try await send(request).headers["etag"], !tag.isEmpty else {
            throw .strange(action: request.action, url: endpoint.url(key, []), what: "no ETag")
        }
        return tag
    }

    // An answer that was lost leaves a completed upload, which cannot be completed twice: then the object
    // itself tells. Status 200 may come with an error in the body.
    private func complete(
        _ key: String,
        _ upload: String,
        _ tags: [String],
        _ byteCount: Int
    ) async throws(S3Error) {
        var text = "<CompleteMultipartUpload>"
        for (index, tag) in tags.enumerated() {
            text +=
                "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(S3Client.escaped(tag))</ETag>"
            text += "</Part>"
        }
        text += "</CompleteMultipartUpload>"
        var request = Request(action: "complete", method: .post, key: key)
        request.query = [.init("uploadId", upload)]
        request.headers = [.init("Content-Type", "application/xml")]
        let bytes = Array(text.utf8)
        request.content = S3Content(bytes)
        request.range = 0..<bytes.count
        let failure: S3Error
        do throws(S3Error) {
            let body = try await send(request).body
            let refusal = S3Refusal(body: body)
            guard !refusal.code.isEmpty else { return }
            failure = .refused(action: request.action, url: endpoint.url(key, []), refusal)
        } catch {
            failure = error
        }
        if try await facts(of: key)?.byteCount == byteCount { return }
        throw failure
    }

    /// Takes an upload back; one that is not there is fine.
    /// - Throws: `S3Error`.
    func abort(_ key: String, _ upload: String) async throws(S3Error) {
        var request = Request(action: "take back", method: .delete, key: key)
        request.query = [.init("uploadId", upload)]
        request.welcome = [404]
        _ = try await send(request)
    }

    /// The uploads of a key that were begun and not completed.
    /// - Throws: `S3Error`.
    func uploads(of key: String) async throws(S3Error) -> [String] {
        var request = Request(action: "list uploads of", method: .get)
        request.query = [.init("prefix", key), .init("uploads", "")]
        let body = try await send(request).body
        guard let root = try? XMLElement.parse(body), root.name == "ListMultipartUploadsResult"
        else {
            throw .strange(action: request.action, url: endpoint.url(key, []), what: "no list")
        }
        return root.all("Upload").compactMap { upload in
            upload["Key"]?.text == key ? upload["UploadId"]?.text : nil
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
