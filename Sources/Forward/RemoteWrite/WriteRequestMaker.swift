// The HTTP request around a body: headers of remote write, credentials, TLS.
internal import HTTP
internal import Platform
internal import Synchronization

/// Makes the requests of one destination.
///
/// Secrets in files are read anew when the files change.
final class WriteRequestMaker: Sendable {
    private struct Secret {
        var text = ""
        var modifiedMs: Int64 = .min
        var size: Int64 = -1
    }

    private let options: ForwardOptions
    private let template: ClientRequest
    private let secretFile: String
    private let files: any FileSystem
    private let secret = Mutex(Secret())

    init(_ options: ForwardOptions, userAgent: String, files: any FileSystem) {
        self.options = options
        self.files = files
        var request = ClientRequest(.post, options.url)
        for header in options.headers { request.headers.add(header.name, header.value) }
        request.headers.set("Content-Encoding", "snappy")
        request.headers.set("User-Agent", userAgent)
        request.timeoutMs = max(1, options.remoteTimeout.wholeMs)
        request.connectTimeoutMs = min(10_000, request.timeoutMs)
        request.tls = options.tls
        request.proxy = options.proxyURL
        // An answer's text is for the log only.
        request.bodyLimitBytes = 1024 * 1024
        template = request
        secretFile = options.basicAuth?.passwordFile ?? options.authorization?.credentialsFile ?? ""
    }

    /// Whether `request` reads a file, which must not happen on the loop.
    var readsFile: Bool { !secretFile.isEmpty }

    /// The request with `body`, which was sent `attempt` times before.
    ///
    /// - Throws: `.cannot` when the file with the password or the credentials cannot be read.
    func request(_ body: WriteBody, attempt: Int) throws(ForwardError) -> ClientRequest {
        var request = template
        request.body = body.bytes
        let (type, version) =
            switch body.version {
            case .version1: ("application/x-protobuf", "0.1.0")
            case .version2:
                ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0")
            }
        request.headers.set("Content-Type", type)
        request.headers.set("X-Prometheus-Remote-Write-Version", version)
        // As Prometheus does: who reads a receiver's log sees what is repeated.
        if attempt > 0 { request.headers.set("Retry-Attempt", "\(attempt)") }
        if let basicAuth = options.basicAuth {
            request.basicAuth = BasicAuth(
                username: basicAuth.username,
                password: readsFile ? try currentSecret() : basicAuth.password
            )
        } else if let authorization = options.authorization {
            let credentials = readsFile ? try currentSecret() : authorization.credentials
            request.headers.set("Authorization", "\(authorization.type) \(credentials)")
        }
        return request
    }

    private func currentSecret() throws(ForwardError) -> String {
        do throws(Errno) {
            let info = try files.stat(secretFile)
            let kept = secret.withLock { $0 }
            if kept.modifiedMs == info.modifiedMs, kept.size == info.size { return kept.text }
            let text = String(decoding: try files.readSecret(secretFile), as: UTF8.self)
            secret.withLock {
                $0 = Secret(text: text, modifiedMs: info.modifiedMs, size: info.size)
            }
            return text
        } catch {
            throw .cannot(action: "read", path: secretFile, cause: error)
        }
    }
}
