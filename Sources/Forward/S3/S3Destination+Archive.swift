// What an archive reads and writes beside its segments: what was there at the start, and manifests.
internal import Model
internal import Platform
internal import Store

extension S3Destination {
    /// Finds out what the bucket has of this store.
    ///
    /// - Parameter acked: where the cursor stands; nil without one.
    /// - Throws: `S3Error`.
    func recover(from acked: SequenceNumber?) async throws(S3Error) {
        let last = try await archive.manifests().max { $0.through < $1.through }
        link = nil
        entries = []
        coverage = S3Coverage()
        manifestAtMs = nil
        chainEnd = last?.through
        if let last {
            link = S3Manifest.Link(range: last, hash: try await archive.manifest(last).hash)
        }
        let known = last?.through ?? .zero
        let listed = try await archive.segments(from: min(acked ?? known, known))
        for (name, byteCount) in listed.sorted(by: { $0.name.range.after < $1.name.range.after }) {
            if name.range.through > chainEnd ?? .zero {
                let key = archive.names.key(name)
                // Who lost our metadata may have lost more: such an object is put again.
                guard let facts = try await archive.client.facts(of: key),
                    facts.byteCount == byteCount, var entry = S3ManifestEntry(name, facts)
                else { continue }
                entry.from = chainEnd ?? name.range.after
                note(entry)
                // Whose hour it was is not known any more.
                manifestAtMs = wall.nowMs()
            }
            coverage.add(name.range)
        }
    }

    /// Writes down what was shipped since the last manifest.
    ///
    /// - Throws: `S3Error`.
    func writeManifest() async throws(S3Error) {
        guard !entries.isEmpty else {
            manifestAtMs = nil
            return
        }
        let manifest = S3Manifest(
            store: archive.store,
            writtenMs: wall.nowMs(),
            previous: link,
            entries: entries
        )
        link = try await archive.put(manifest)
        entries = []
        manifestAtMs = nil
    }

    /// Makes of a segment what is sent: checked, with the labels that the archive is to have.
    ///
    /// Blocks for the disk. `spool` is a path for a copy, which is gone when this returns but for its bytes.
    ///
    /// - Throws: `.segment`, `.file`.
    static func prepare(
        _ segment: SegmentReader,
        of store: StoreID,
        _ from: SequenceNumber,
        _ labels: (@Sendable (Labels) -> Labels?)?,
        _ files: any FileSystem,
        _ spool: String
    ) throws(S3Error) -> Prepared {
        let sent: SegmentReader
        var filtered = 0
        do throws(SegmentError) {
            if let labels {
                let outcome = try SegmentRewriter(segment, labels: labels).write(files, path: spool)
                filtered = outcome.filteredSamples
                sent = try SegmentReader(files, path: spool)
            } else {
                segment.advise(.sequential)
                defer { segment.advise(.random) }
                try segment.verify()
                sent = segment
            }
        } catch {
            throw .segment(error)
        }
        if labels != nil {
            do throws(Errno) { try files.remove(spool) } catch {
                throw .file(action: "remove", path: spool, cause: error)
            }
        }
        let content = S3Content(sent)
        let name = S3SegmentName(
            store: store,
            range: segment.range,
            hash: try content.hash(of: 0..<content.byteCount),
            isCold: segment.name.hasSuffix(S3SegmentName.coldSuffix)
        )
        return Prepared(
            content: content,
            entry: S3ManifestEntry(
                name: name,
                from: from,
                times: sent.timeRange,
                series: sent.seriesCount,
                samples: sent.summary.sampleCount,
                lateSamples: sent.summary.lateSampleCount,
                filtered: filtered,
                byteCount: content.byteCount
            )
        )
    }
}
