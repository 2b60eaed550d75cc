// Where a bucket is: URL, Host and the path that is signed, in either style of addressing.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
public import Formats

/// One bucket at one object store.
public struct S3Endpoint: Sendable, Equatable {
    /// `https://host` or `http://host:port`.
    private let base: URLParts
    /// Its name.
    public let bucket: String
    /// Whether the bucket stands in the path rather than in the host's name.
    public let usesPathStyle: Bool
    /// What signatures are made for.
    public private(set) var region: String

    /// Takes the parts.
    ///
    /// - Parameters:
    ///   - url: of the object store, without the bucket.
    ///   - bucket: its name.
    ///   - region: such as `eu-west-1`; stores that have no regions take `us-east-1`.
    ///   - usesPathStyle: false where the bucket's name is a part of the host's.
    /// - Throws: what is wrong with the URL.
    public init(
        url: String,
        bucket: String,
        region: String,
        usesPathStyle: Bool
    ) throws(URLError) {
        base = try URLParts(url)
        self.bucket = bucket
        self.region = region
        self.usesPathStyle = usesPathStyle
    }

    /// What `Host` says.
    var host: String {
        let name = base.host.utf8.contains(UInt8(ascii: ":")) ? "[\(base.host)]" : base.host
        let port = base.port.flatMap { $0 == (base.scheme == "https" ? 443 : 80) ? nil : ":\($0)" }
        return (usesPathStyle ? "" : "\(bucket).") + name + (port ?? "")
    }

    /// The path of an object, or of the bucket for an empty key; not encoded.
    func path(_ key: String) -> String {
        let root =
            base.path.utf8.last == UInt8(ascii: "/") ? String(base.path.dropLast()) : base.path
        return usesPathStyle
            ? root + "/\(bucket)" + (key.isEmpty ? "" : "/\(key)") : root + "/\(key)"
    }

    /// The URL of a request.
    func url(_ key: String, _ query: [SigV4Request.Field]) -> String {
        "\(base.scheme)://\(host)\(SigV4.encoded(path: path(key)))"
            + (query.isEmpty ? "" : "?\(SigV4.encoded(query: query))")
    }

    /// The same bucket where the store says that it is; nil when that is no region.
    ///
    /// A host that names its region changes with it; any other host stays: whatever the answer says, a
    /// signed request goes nowhere else than to who was configured, or to Amazon's own in place of that.
    func moved(to region: String) -> S3Endpoint? {
        let isName =
            !region.isEmpty && region.utf8.count <= 40
            && region.utf8.allSatisfy {
                $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")
                    || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "-")
            }
        guard isName, region != self.region else { return nil }
        var host = base.host
        for domain in [".amazonaws.com", ".amazonaws.com.cn"]
        where host == "s3\(domain)" || host == "s3.\(self.region)\(domain)" {
            host = "s3.\(region)\(domain)"
        }
        return S3Endpoint(self, host: host, region: region)
    }

    private init(_ other: S3Endpoint, host: String, region: String) {
        var base = other.base
        base.host = host
        self.base = base
        self.region = region
        bucket = other.bucket
        usesPathStyle = other.usesPathStyle
    }
}
