// Proves that an archive has everything: manifests chain without a gap, what they name is there, and
// each object is what it says, down to every chunk. Forward.docc/s3-archive.md
internal import Model
internal import Store

/// Checks archives.
public struct S3Check {
    /// What was checked.
    public struct Tally: Sendable, Equatable {
        public var stores = 0
        public var manifests = 0
        public var segments = 0
        public var bytes = 0
        public var samples = 0
        /// Places where something is missing or wrong.
        public var faults = 0

        /// Nothing yet.
        public init() {}
    }

    /// What the check has to say, as it goes.
    public enum Note: Sendable, Equatable {
        /// Something is missing or wrong at a place.
        case fault(place: String, what: String)
        /// Worth knowing.
        case remark(place: String, what: String)
        /// So far so good.
        case progress(Tally)
    }

    private let reader: S3Reader
    private let note: (Note) -> Void
    private var tally = Tally()

    /// Makes a check that tells `note` what it finds.
    public init(_ reader: S3Reader, note: @escaping (Note) -> Void) {
        self.reader = reader
        self.note = note
    }

    /// Checks everything under the reader's prefix.
    ///
    /// - Returns: what was checked; faults were told.
    /// - Throws: `S3Error` when the bucket cannot be read.
    public mutating func run() async throws(S3Error) -> Tally {
        let contents = try await reader.contents()
        if contents.foreign > 0 {
            note(
                .remark(
                    place: reader.names.root,
                    what: "\(contents.foreign) objects are none of an archive"
                )
            )
        }
        if contents.stores.isEmpty { fault(reader.names.root, "there is no archive") }
        for (store, found) in contents.stores.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            tally.stores += 1
            try await check(store, found)
        }
        return tally
    }

    private mutating func fault(_ place: String, _ what: String) {
        tally.faults += 1
        note(.fault(place: place, what: what))
    }

    private mutating func check(_ store: StoreID, _ found: S3Found) async throws(S3Error) {
        var chain = Chain()
        var listed: [S3SegmentName: Int] = [:]
        for (name, byteCount) in found.segments { listed[name] = byteCount }
        var last: S3Manifest.Link?
        for range in found.manifests.sorted(by: { $0.after < $1.after }) {
            let place = reader.names.manifest(store, range)
            let manifest: S3Manifest
            let hash: String
            do throws(S3Error) {
                (manifest, hash) = try await reader.manifest(store, range)
            } catch .strange(_, _, let what) {
                fault(place, what)
                continue
            }
            tally.manifests += 1
            if manifest.previous != last {
                fault(
                    place,
                    last.map { "it does not follow \(S3Names.text($0.range))" }
                        ?? "the manifest before it is missing"
                )
            }
            last = S3Manifest.Link(range: range, hash: hash)
            for entry in manifest.entries {
                if let byteCount = listed.removeValue(forKey: entry.name) {
                    if byteCount != entry.byteCount {
                        fault(
                            reader.names.key(entry.name),
                            "\(byteCount) bytes, the manifest says \(entry.byteCount)"
                        )
                    }
                    note(gap: chain.add(entry.name.range), of: store)
                    try await check(entry.name, byteCount, entry)
                } else {
                    fault(reader.names.key(entry.name), "is missing; it is in a manifest")
                }
            }
        }
        let rest = listed.sorted {
            ($0.key.range.after, $0.key.hash) < ($1.key.range.after, $1.key.hash)
        }
        for (name, byteCount) in rest {
            if let end = chain.end, name.range.through <= end {
                note(
                    .remark(
                        place: reader.names.key(name),
                        what: "is in no manifest; its batches are in others"
                    )
                )
            } else {
                note(gap: chain.add(name.range), of: store)
            }
            try await check(name, byteCount, nil)
        }
    }

    // Where the segments of an archive follow each other.
    private struct Chain {
        var end: SequenceNumber?

        mutating func add(_ range: SequenceRange) -> SequenceRange? {
            defer { end = max(end ?? .zero, range.through) }
            guard let end, end < range.after else { return nil }
            return SequenceRange(after: end, through: range.after)
        }
    }

    private mutating func note(gap: SequenceRange?, of store: StoreID) {
        guard let gap else { return }
        fault(
            reader.names.segments(store),
            "no segment has the batches after \(gap.after) up to \(gap.through)"
        )
    }

    private mutating func check(
        _ name: S3SegmentName,
        _ byteCount: Int,
        _ entry: S3ManifestEntry?
    ) async throws(S3Error) {
        let place = reader.names.key(name)
        do throws(S3Error) {
            let segment = try await reader.segment(name, byteCount: byteCount)
            tally.segments += 1
            tally.bytes += byteCount
            tally.samples += segment.summary.sampleCount
            if let entry, entry.isUnlike(segment) {
                fault(
                    place,
                    "\(segment.summary.sampleCount) samples of \(segment.seriesCount) series, the "
                        + "manifest says \(entry.samples) of \(entry.series)"
                )
            }
        } catch {
            switch error {
            case .segment, .strange: fault(place, "\(error)")
            case .refused(_, _, let refusal) where refusal.status == 404:
                fault(place, "is missing; it is in the list")
            default: throw error
            }
        }
        note(.progress(tally))
    }
}

extension S3ManifestEntry {
    fileprivate func isUnlike(_ segment: SegmentReader) -> Bool {
        segment.summary.sampleCount != samples || segment.seriesCount != series
            || segment.summary.lateSampleCount != lateSamples || segment.timeRange != times
    }
}
