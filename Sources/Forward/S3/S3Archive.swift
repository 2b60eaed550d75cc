// What a bucket has of one store: found again at a start, and put beside it since.
// Forward.docc/s3-archive.md
internal import Codec
public import Store

/// What was found of a store in a bucket.
public struct S3Found: Sendable, Equatable {
    /// All manifests, oldest first, by their ranges.
    public var manifests: [SequenceRange] = []
    /// Segments from where it was asked on, oldest first.
    public var segments: [(name: S3SegmentName, byteCount: Int)] = []

    public static func == (one: S3Found, other: S3Found) -> Bool {
        one.manifests == other.manifests
            && one.segments.elementsEqual(other.segments) { $0.name == $1.name && $0.1 == $1.1 }
    }
}

/// The archive of one store.
public struct S3Archive: Sendable {
    /// Where.
    public let client: S3Client
    /// What is called how.
    public let names: S3Names
    /// Whose segments.
    public let store: StoreID
    // More than an archive of ten years has; what is not ours does not fill the memory.
    static let manifestLimitBytes = 64 << 20
    static let objectLimit = 10_000_000

    /// Names an archive.
    public init(_ client: S3Client, _ names: S3Names, _ store: StoreID) {
        self.client = client
        self.names = names
        self.store = store
    }

    /// Lists the manifests.
    ///
    /// - Throws: `S3Error`.
    public func manifests() async throws(S3Error) -> [SequenceRange] {
        var found: [SequenceRange] = []
        try await client.list(names.manifests(store)) { page in
            found += page.compactMap { names.manifest($0.key)?.range }
            return found.count < S3Archive.objectLimit
        }
        return found
    }

    /// Lists the segments that begin at `number` or later.
    ///
    /// - Throws: `S3Error`.
    public func segments(
        from number: SequenceNumber
    ) async throws(S3Error) -> [(name: S3SegmentName, byteCount: Int)] {
        var found: [(name: S3SegmentName, byteCount: Int)] = []
        try await client.list(
            names.segments(store),
            after: names.segments(store, from: number)
        ) { page in
            for object in page {
                if let name = names.segment(object.key) { found.append((name, object.byteCount)) }
            }
            return found.count < S3Archive.objectLimit
        }
        return found
    }

    /// A manifest with the hash of its bytes.
    ///
    /// - Throws: `S3Error`; `.strange` for what is no manifest.
    public func manifest(
        _ range: SequenceRange
    ) async throws(S3Error) -> (manifest: S3Manifest, hash: String) {
        let key = names.manifest(store, range)
        let bytes = try await client.get(key, limit: S3Archive.manifestLimitBytes)
        guard let manifest = S3Manifest(bytes), manifest.store == store, manifest.range == range
        else {
            throw .strange(
                action: "read",
                url: client.endpoint.url(key, []),
                what: "no manifest of that name"
            )
        }
        return (manifest, SigV4.hash(bytes))
    }

    /// Writes a manifest.
    ///
    /// - Returns: the link that the next one has.
    /// - Throws: `S3Error`.
    public func put(_ manifest: S3Manifest) async throws(S3Error) -> S3Manifest.Link {
        let bytes = manifest.bytes
        try await client.put(
            names.manifest(store, manifest.range),
            bytes,
            type: "application/json"
        )
        return S3Manifest.Link(range: manifest.range, hash: SigV4.hash(bytes))
    }
}
