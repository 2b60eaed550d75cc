// Which libcurl options a request becomes. Versions: written to 7.85, the oldest with PROTOCOLS_STR.
internal import CCurl

extension CurlHandle {
    /// Sets every option of a request on a handle that was just reset.
    mutating func configure(_ request: ClientRequest) throws(CurlFailure) {
        try setWay(request)
        try setMethod(request)
        try setHeaders(request)
        if request.url.utf8.starts(with: "https".utf8) || !request.proxy.isEmpty {
            try setTLS(request)
        }
    }

    private mutating func setWay(_ request: ClientRequest) throws(CurlFailure) {
        try set(CURLOPT_URL, CurlHandle.checked(request.url))
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TIMEOUT_MS, Int(max(1, request.timeoutMs)))
        try set(
            CURLOPT_CONNECTTIMEOUT_MS,
            Int(max(1, min(request.connectTimeoutMs, request.timeoutMs)))
        )
        if !request.unixSocket.isEmpty {
            try set(CURLOPT_UNIX_SOCKET_PATH, CurlHandle.checked(request.unixSocket))
        }
        // Set even when empty: otherwise libcurl takes http_proxy from the environment, and applies
        // it to unix sockets too.
        let proxy = request.unixSocket.isEmpty ? request.proxy : ""
        try set(CURLOPT_PROXY, CurlHandle.checked(proxy))
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if request.followsRedirects {
            try set(CURLOPT_FOLLOWLOCATION, 1)
            try set(CURLOPT_MAXREDIRS, 10)
        }
        if request.acceptsGzip {
            try set(CURLOPT_ACCEPT_ENCODING, "gzip")
        } else {
            // Refuses early what says its length; the write callback counts in any case.
            try setOffset(CURLOPT_MAXFILESIZE_LARGE, max(1, request.bodyLimitBytes))
        }
    }

    private mutating func setMethod(_ request: ClientRequest) throws(CurlFailure) {
        if let source = request.source {
            guard request.body.isEmpty, request.method != .get, request.method != .head else {
                throw CurlFailure(code: CURLE_BAD_FUNCTION_ARGUMENT.rawValue)
            }
            try set(CURLOPT_UPLOAD, 1)
            try setOffset(CURLOPT_INFILESIZE_LARGE, source.byteCount)
            try set(CURLOPT_CUSTOMREQUEST, CurlHandle.checked(request.method.rawValue))
            return
        }
        let hasBody = !request.body.isEmpty
        switch request.method {
        case .get where !hasBody: try set(CURLOPT_HTTPGET, 1)
        case .head where !hasBody: try set(CURLOPT_NOBODY, 1)
        case .get, .head: throw CurlFailure(code: CURLE_BAD_FUNCTION_ARGUMENT.rawValue)
        case .post:
            try set(CURLOPT_POST, 1)
            try setBody(request.body)
        case .put:
            try setBody(request.body)
            try set(CURLOPT_CUSTOMREQUEST, "PUT")
        default:
            if hasBody { try setBody(request.body) }
            try set(CURLOPT_CUSTOMREQUEST, CurlHandle.checked(request.method.rawValue))
        }
    }

    private mutating func setHeaders(_ request: ClientRequest) throws(CurlFailure) {
        var lines: [String] = []
        for field in request.headers.fields {
            guard field.name.utf8.allSatisfy(HTTPBytes.isToken), !field.name.isEmpty,
                field.value.utf8.allSatisfy(HTTPBytes.isFieldByte)
            else { throw CurlFailure(code: CURLE_BAD_FUNCTION_ARGUMENT.rawValue) }
            // `Name:` would tell libcurl to leave the field away, `Name;` sends it empty.
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if request.headers["user-agent"] == nil { lines.append("User-Agent: tsdb-agent") }
        if !request.body.isEmpty || request.source != nil || request.method == .post {
            // No waiting for 100 Continue, and no form type that nobody asked for.
            lines.append("Expect:")
            if request.headers["content-type"] == nil { lines.append("Content-Type:") }
        }
        if let auth = request.basicAuth {
            try set(CURLOPT_HTTPAUTH, 1)  // CURLAUTH_BASIC
            try set(CURLOPT_USERNAME, CurlHandle.checked(auth.username))
            try set(CURLOPT_PASSWORD, CurlHandle.checked(auth.password))
        }
        if !request.tls.serverName.isEmpty, let renamed = CurlHandle.renamed(request) {
            if request.headers["host"] == nil { lines.append("Host: \(renamed.authority)") }
            try set(CURLOPT_URL, renamed.url)
            try set(CURLOPT_CONNECT_TO, list: [renamed.connectTo])
        }
        try set(CURLOPT_HTTPHEADER, list: lines)
    }

    private mutating func setTLS(_ request: ClientRequest) throws(CurlFailure) {
        let tls = request.tls
        try set(CURLOPT_SSL_VERIFYPEER, tls.insecureSkipVerify ? 0 : 1)
        try set(CURLOPT_SSL_VERIFYHOST, tls.insecureSkipVerify ? 0 : 2)
        if !tls.caFile.isEmpty { try set(CURLOPT_CAINFO, CurlHandle.checked(tls.caFile)) }
        // The default of a day would ignore a renewed bundle for that long (libcurl 7.87 and later;
        // an older one has no cache and does not know the option).
        try? set(CURLOPT_CA_CACHE_TIMEOUT, 60)
        guard !tls.certFile.isEmpty else { return }
        try set(CURLOPT_SSLCERT, CurlHandle.checked(tls.certFile))
        if !tls.keyFile.isEmpty { try set(CURLOPT_SSLKEY, CurlHandle.checked(tls.keyFile)) }
        // Certificates are read when a connection is made: a renewed one is in use within 5 minutes.
        try set(CURLOPT_MAXLIFETIME_CONN, 300)
    }

    // The URL with the TLS name as its host, and the way to the real one.
    private static func renamed(
        _ request: ClientRequest
    ) -> (url: String, authority: String, connectTo: String)? {
        guard let url = CurlURL(request.url), url.part(CURLUPART_SCHEME) == "https",
            let host = url.part(CURLUPART_HOST)
        else { return nil }
        let givenPort = url.part(CURLUPART_PORT)
        let port = givenPort ?? "443"
        guard url.set(CURLUPART_HOST, request.tls.serverName), let text = url.part(CURLUPART_URL)
        else { return nil }
        return (
            text, givenPort.map { "\(host):\($0)" } ?? host,
            "\(request.tls.serverName):\(port):\(host):\(port)"
        )
    }

    // C ends a text at its first zero byte: what was checked and what is used would differ.
    private static func checked(_ text: String) throws(CurlFailure) -> String {
        if text.utf8.contains(0) {
            throw CurlFailure(code: CURLE_BAD_FUNCTION_ARGUMENT.rawValue)
        }
        return text
    }
}
