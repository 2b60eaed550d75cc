// AWS Signature Version 4 in the Authorization header, by S3's rules.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
internal import Codec
internal import Formats
public import Model

/// What proves who asks.
public struct S3Credentials: Sendable, Equatable {
    /// Public half.
    public var accessKeyID: String
    /// Secret half.
    public var secretAccessKey: String
    /// Comes with credentials that end; empty for lasting ones.
    public var sessionToken: String

    /// Makes credentials.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String = "") {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// A request as the signature sees it.
public struct SigV4Request: Sendable, Equatable {
    /// A name and its value.
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        /// Makes a field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Such as `GET`.
    public var method: String
    /// Begins with `/`; not encoded.
    public var path: String
    /// Not encoded, in any order; a parameter without a value has an empty one.
    public var query: [Field]
    /// All that are to be signed, `Host` among them.
    public var headers: [Field]
    /// SHA-256 of the body, lower-case hex.
    public var payloadHash: String

    /// Makes a request.
    public init(
        method: String,
        path: String,
        query: [Field] = [],
        headers: [Field],
        payloadHash: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payloadHash = payloadHash
    }
}

/// Signs requests for one region; pure.
public struct SigV4: Sendable {
    /// What `Authorization` begins with.
    static let algorithm = "AWS4-HMAC-SHA256"

    private let region: String
    private let service: String

    /// Signs for a service in a region.
    public init(region: String, service: String = "s3") {
        self.region = region
        self.service = service
    }

    /// The header fields that make a request a signed one, to be sent beside those of the request.
    ///
    /// - Parameters:
    ///   - request: with every header that S3 must believe.
    ///   - credentials: whose signature.
    ///   - time: the server's idea of now; it refuses what is 15 minutes away from it.
    /// - Returns: `x-amz-date`, `x-amz-content-sha256`, `Authorization`, and the session token.
    public func sign(
        _ request: SigV4Request,
        as credentials: S3Credentials,
        at time: Timestamp
    ) -> [SigV4Request.Field] {
        let date = SigV4.text(of: time)
        var added: [SigV4Request.Field] = [
            .init("x-amz-content-sha256", request.payloadHash), .init("x-amz-date", date),
        ]
        if !credentials.sessionToken.isEmpty {
            added.append(.init("x-amz-security-token", credentials.sessionToken))
        }
        var whole = request
        whole.headers += added
        let canonical = SigV4.canonical(whole)
        let toSign = stringToSign(canonical.text, date)
        let signature = SigV4.hex(
            HMACSHA256.code(
                key: signingKey(credentials, date).span,
                message: Array(toSign.utf8).span
            )
        )
        let credential = "\(credentials.accessKeyID)/\(scope(date))"
        added.append(
            .init(
                "Authorization",
                "\(SigV4.algorithm) Credential=\(credential),"
                    + "SignedHeaders=\(canonical.signedHeaders),Signature=\(signature)"
            )
        )
        return added
    }

    /// `20130524T000000Z`.
    static func text(of time: Timestamp) -> String {
        let text = RFC3339.format(time).utf8.prefix { $0 != UInt8(ascii: ".") }
        let digits = text.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        return String(decoding: digits, as: UTF8.self) + "Z"
    }

    /// 64 lower-case digits for 32 bytes.
    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }

    /// SHA-256 as hex, of a body or a canonical request.
    static func hash(_ bytes: [UInt8]) -> String { hex(SHA256.digest(bytes.span)) }

    /// The path as it is sent and signed: S3 encodes it once, and leaves `/` as it is.
    static func encoded(path: String) -> String { PercentCoding.encode(path, allowing: "/") }

    /// The query as it is sent and signed: sorted after it was encoded, without `?`.
    static func encoded(query: [SigV4Request.Field]) -> String {
        query.map { (PercentCoding.encode($0.name), PercentCoding.encode($0.value)) }
            .sorted { one, other in
                one.0 == other.0
                    ? one.1.utf8.lexicographicallyPrecedes(other.1.utf8)
                    : one.0.utf8.lexicographicallyPrecedes(other.0.utf8)
            }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// The canonical request, and the names of the headers in it.
    static func canonical(_ request: SigV4Request) -> (text: String, signedHeaders: String) {
        var values: [String: String] = [:]
        for header in request.headers {
            let name = header.name.lowercased()
            let value = trimmed(header.value)
            values[name] = values[name].map { "\($0),\(value)" } ?? value
        }
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let signed = names.joined(separator: ";")
        let lines =
            [request.method, encoded(path: request.path), encoded(query: request.query)]
            + names.map { "\($0):\(values[$0] ?? "")" } + ["", signed, request.payloadHash]
        return (lines.joined(separator: "\n"), signed)
    }

    /// What the signing key signs.
    func stringToSign(_ canonical: String, _ date: String) -> String {
        [SigV4.algorithm, date, scope(date), SigV4.hash(Array(canonical.utf8))]
            .joined(separator: "\n")
    }

    /// The key of one day, region and service.
    func signingKey(_ credentials: S3Credentials, _ date: String) -> [UInt8] {
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in scope(date).split(separator: "/") {
            key = HMACSHA256.code(key: key.span, message: Array(part.utf8).span)
        }
        return key
    }

    private func scope(_ date: String) -> String {
        "\(date.prefix(8))/\(region)/\(service)/aws4_request"
    }

    // Without blanks at both ends; runs of blanks inside become one.
    private static func trimmed(_ value: String) -> String {
        String(
            decoding: Array(
                Array(value.utf8).split { $0 == 0x20 || $0 == 0x09 }.joined(separator: [0x20])
            ),
            as: UTF8.self
        )
    }
}
