// Reads an archive back: what is there, and each segment with everything about it checked.
// Forward.docc/s3-archive.md
internal import Codec
public import Platform
public import Store

/// Reads archives for `verify` and `import`.
public struct S3Reader: Sendable {
    /// What a bucket has under a prefix.
    public struct Contents: Sendable {
        /// By store.
        public var stores: [StoreID: S3Found] = [:]
        /// Keys that are none of an archive.
        public var foreign = 0
    }

    let client: S3Client
    let names: S3Names
    private let files: any FileSystem
    private let pool: BlockingPool
    private let scratch: String
    private let patience: S3Patience
    private static let pieceBytes = 8 << 20

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - client: the bucket.
    ///   - names: the prefix.
    ///   - files: the disk.
    ///   - pool: for what blocks.
    ///   - scratch: a path for one segment at a time; nothing is left there.
    ///   - patience: how often what fails is tried.
    public init(
        _ client: S3Client,
        _ names: S3Names,
        files: any FileSystem,
        pool: BlockingPool,
        scratch: String,
        patience: S3Patience
    ) {
        self.client = client
        self.names = names
        self.files = files
        self.pool = pool
        self.scratch = scratch
        self.patience = patience
    }

    /// Lists everything.
    ///
    /// - Throws: `S3Error`.
    public func contents() async throws(S3Error) -> Contents {
        try await patience { () async throws(S3Error) in
            var found = Contents()
            var count = 0
            try await client.list(names.root) { page in
                for object in page {
                    if let name = names.segment(object.key) {
                        found.stores[name.store, default: S3Found()].segments.append(
                            (name, object.byteCount)
                        )
                    } else if let (store, range) = names.manifest(object.key) {
                        found.stores[store, default: S3Found()].manifests.append(range)
                    } else {
                        found.foreign += 1
                    }
                }
                count += page.count
                return count < S3Archive.objectLimit
            }
            return found
        }
    }

    /// A manifest with its hash.
    ///
    /// - Throws: `S3Error`.
    func manifest(
        _ store: StoreID,
        _ range: SequenceRange
    ) async throws(S3Error) -> (manifest: S3Manifest, hash: String) {
        let archive = S3Archive(client, names, store)
        return try await patience { () async throws(S3Error) in try await archive.manifest(range) }
    }

    /// A segment, after every byte of it was checked against its name and its own checksums.
    ///
    /// - Parameters:
    ///   - name: which.
    ///   - byteCount: its length by the list.
    /// - Returns: the segment; what the disk has of it is gone with the last reference.
    /// - Throws: `.strange` when it is not what its name says, `.segment` when it is damaged inside.
    public func segment(
        _ name: S3SegmentName,
        byteCount: Int
    ) async throws(S3Error) -> SegmentReader {
        let key = names.key(name)
        let hash = try await fetch(key, byteCount)
        let url = client.endpoint.url(key, [])
        guard hash == name.hash else {
            throw .strange(action: "read", url: url, what: "another content than its name says")
        }
        let (files, scratch) = (files, scratch)
        let segment = try await pool.run { () throws(S3Error) in
            let segment: SegmentReader
            do throws(SegmentError) {
                segment = try SegmentReader(files, path: scratch)
                try segment.verify()
            } catch {
                throw .segment(error)
            }
            do throws(Errno) { try files.remove(scratch) } catch {
                throw .file(action: "remove", path: scratch, cause: error)
            }
            return segment
        }
        guard segment.storeID == name.store, segment.range == name.range else {
            throw .strange(action: "read", url: url, what: "a segment of another name")
        }
        return segment
    }

    // Piece by piece into the scratch file; the hash of all of it.
    private func fetch(_ key: String, _ byteCount: Int) async throws(S3Error) -> String {
        let (files, scratch) = (files, scratch)
        let file: any OpenFile
        do throws(Errno) {
            file = try await pool.run { () throws(Errno) in try files.open(scratch, .replace) }
        } catch {
            throw .file(action: "create", path: scratch, cause: error)
        }
        var hash = SHA256()
        var offset = 0
        while offset < byteCount {
            let range = offset..<min(byteCount, offset + S3Reader.pieceBytes)
            let piece = try await patience { () async throws(S3Error) in
                try await client.get(key, range, limit: max(byteCount, 1 << 20))
            }
            guard piece.count == range.count else {
                throw .strange(
                    action: "get",
                    url: client.endpoint.url(key, []),
                    what: "\(piece.count) bytes where \(range.count) were asked for"
                )
            }
            let before = hash
            do throws(Errno) {
                hash = try await pool.run { () throws(Errno) in
                    try file.append(piece.span)
                    var hash = before
                    hash.update(piece.span)
                    return hash
                }
            } catch {
                throw .file(action: "write", path: scratch, cause: error)
            }
            offset = range.upperBound
        }
        return SigV4.hex(hash.finish())
    }
}
