// What was shipped, written down hourly beside it: a chain in which nothing can be missing unseen.
// Forward.docc/s3-archive.md
internal import Formats
public import Model
public import Store

/// One shipped segment, as a manifest tells of it.
public struct S3ManifestEntry: Sendable, Hashable {
    /// Name and hash.
    public var name: S3SegmentName
    /// Where the archive ended before: what lies between here and a later begin of the segment is not
    /// archived; what a segment that begins before has up to here is archived twice.
    public var from: SequenceNumber
    /// From the first to the last sample; empty without samples.
    public var times: TimeRange
    /// The number of series.
    public var series: Int
    /// The number of samples.
    public var samples: Int
    /// Of them: late ones.
    public var lateSamples: Int
    /// Samples that rules left out of it.
    public var filtered: Int
    /// The length of the object.
    public var byteCount: Int

    /// The parts of an entry that its object carries as metadata, so that a manifest can be written by who
    /// did not ship it.
    var metadata: [String: String] {
        [
            "from": S3Names.hex(from), "start": "\(times.start.ms)", "end": "\(times.end.ms)",
            "series": "\(series)", "samples": "\(samples)", "late": "\(lateSamples)",
            "filtered": "\(filtered)",
        ]
    }

    /// Reads an object's metadata; nil where it is not one of ours.
    init?(_ name: S3SegmentName, _ facts: S3ObjectFacts) {
        func number(_ key: String) -> Int? {
            facts.metadata[key].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
        }
        guard let from = facts.metadata["from"].flatMap({ S3Names.number($0) }),
            let start = facts.metadata["start"].flatMap({ Int64($0) }),
            let end = facts.metadata["end"].flatMap({ Int64($0) }),
            let series = number("series"), let samples = number("samples"),
            let late = number("late"), let filtered = number("filtered")
        else { return nil }
        self.init(
            name: name,
            from: from,
            times: TimeRange(Timestamp(ms: start), Timestamp(ms: end)),
            series: series,
            samples: samples,
            lateSamples: late,
            filtered: filtered,
            byteCount: facts.byteCount
        )
    }

    /// States everything.
    public init(
        name: S3SegmentName,
        from: SequenceNumber,
        times: TimeRange,
        series: Int,
        samples: Int,
        lateSamples: Int,
        filtered: Int,
        byteCount: Int
    ) {
        self.name = name
        self.from = from
        self.times = times
        self.series = series
        self.samples = samples
        self.lateSamples = lateSamples
        self.filtered = filtered
        self.byteCount = byteCount
    }
}

/// The segments of some time, and the manifest before.
public struct S3Manifest: Sendable, Equatable {
    /// The one before, by its range and the SHA-256 of its bytes.
    public struct Link: Sendable, Equatable {
        public var range: SequenceRange
        public var hash: String

        /// Makes a link.
        public init(range: SequenceRange, hash: String) {
            self.range = range
            self.hash = hash
        }
    }

    /// Whose segments.
    public var store: StoreID
    /// When it was written, milliseconds since 1970 UTC.
    public var writtenMs: Int64
    /// Nil in the first one.
    public var previous: Link?
    /// In sequence; at least one.
    public var entries: [S3ManifestEntry]

    /// Makes a manifest.
    public init(
        store: StoreID,
        writtenMs: Int64,
        previous: Link?,
        entries: [S3ManifestEntry]
    ) {
        self.store = store
        self.writtenMs = writtenMs
        self.previous = previous
        self.entries = entries
    }

    /// From the end of what was archived before to the end of the last segment.
    public var range: SequenceRange {
        SequenceRange(
            after: entries.first?.from ?? .zero,
            through: entries.last?.name.range.through ?? .zero
        )
    }

    /// The document.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.number(1)
        writer.key("store")
        writer.string("\(store)")
        writer.key("written")
        writer.string(RFC3339.format(Timestamp(ms: writtenMs)))
        writer.key("after")
        writer.string(S3Names.hex(range.after))
        writer.key("through")
        writer.string(S3Names.hex(range.through))
        writer.key("previous")
        if let previous {
            writer.beginObject()
            writer.key("after")
            writer.string(S3Names.hex(previous.range.after))
            writer.key("through")
            writer.string(S3Names.hex(previous.range.through))
            writer.key("sha256")
            writer.string(previous.hash)
            writer.endObject()
        } else {
            writer.null()
        }
        writer.key("segments")
        writer.beginArray()
        for entry in entries { entry.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes + [0x0a]
    }

    /// Reads a document; nil where it is none, or says what cannot be.
    public init?(_ bytes: [UInt8]) {
        guard let root = try? JSONValue.parse(bytes), root.number("version") == 1,
            let store = root.text("store").flatMap({ StoreID(Substring($0)) }),
            let written = root.text("written").flatMap({ RFC3339.parse($0) }),
            case .array(let items)? = root["segments"], !items.isEmpty
        else { return nil }
        self.init(store: store, writtenMs: written.ms, previous: nil, entries: [])
        for item in items {
            guard let entry = S3ManifestEntry(item, of: store),
                entry.from == entries.last?.name.range.through ?? entry.from
            else { return nil }
            entries.append(entry)
        }
        guard root.sequence("after") == range.after, root.sequence("through") == range.through
        else {
            return nil
        }
        guard let link = root["previous"], link != .null else { return }
        guard let after = link.sequence("after"), let through = link.sequence("through"),
            let hash = link.text("sha256"), hash.utf8.count == 64, HexText.isLower(hash)
        else { return nil }
        previous = Link(range: SequenceRange(after: after, through: through), hash: hash)
    }
}

extension S3ManifestEntry {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(name.file)
        writer.key("from")
        writer.string(S3Names.hex(from))
        writer.key("start")
        writer.number(times.start.ms)
        writer.key("end")
        writer.number(times.end.ms)
        for (key, count) in [
            ("series", series), ("samples", samples), ("late", lateSamples),
            ("filtered", filtered), ("bytes", byteCount),
        ] {
            writer.key(key)
            writer.number(count)
        }
        writer.endObject()
    }

    fileprivate init?(_ item: JSONValue, of store: StoreID) {
        let names = S3Names(prefix: "")
        guard let file = item.text("name"), let name = names.segment(names.segments(store) + file),
            let from = item.sequence("from"), from < name.range.through,
            let start = item.whole("start"), let end = item.whole("end"),
            let series = item.number("series"), let samples = item.number("samples"),
            let late = item.number("late"), let filtered = item.number("filtered"),
            let byteCount = item.number("bytes")
        else { return nil }
        self.init(
            name: name,
            from: from,
            times: TimeRange(Timestamp(ms: start), Timestamp(ms: end)),
            series: series,
            samples: samples,
            lateSamples: late,
            filtered: filtered,
            byteCount: byteCount
        )
    }
}

extension JSONValue {
    fileprivate func text(_ key: String) -> String? {
        if case .string(let text)? = self[key] { return text }
        return nil
    }

    // The times of a segment without samples are the largest and the smallest there are, which no
    // double holds: they are clamped.
    fileprivate func whole(_ key: String) -> Int64? {
        guard case .number(let number)? = self[key], number == number.rounded() else { return nil }
        if number >= 0x1p63 { return .max }
        if number <= -0x1p63 { return .min }
        return Int64(number)
    }

    fileprivate func number(_ key: String) -> Int? {
        whole(key).flatMap { $0 >= 0 ? Int($0) : nil }
    }

    fileprivate func sequence(_ key: String) -> SequenceNumber? {
        text(key).flatMap { S3Names.number($0) }
    }
}
