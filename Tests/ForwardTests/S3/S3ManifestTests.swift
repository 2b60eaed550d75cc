// Names and manifests say the same when they are read again, and nothing else is taken for one.
import Model
import Store
import TestSupport
import Testing

@testable import Forward

@Suite("S3 names and manifests") struct S3ManifestTests {
    private let store = StoreID(bytes: Array(1...16))
    private let names = S3Names(prefix: "/a/b/")

    private func name(_ after: UInt64, _ through: UInt64, isCold: Bool = false) -> S3SegmentName {
        S3SegmentName(
            store: store,
            range: SequenceRange(
                after: SequenceNumber(raw: after),
                through: SequenceNumber(raw: through)
            ),
            hash: String(repeating: "0f", count: 32),
            isCold: isCold
        )
    }

    private func entry(_ from: UInt64, _ after: UInt64, _ through: UInt64) -> S3ManifestEntry {
        S3ManifestEntry(
            name: name(after, through, isCold: after % 2 == 1),
            from: SequenceNumber(raw: from),
            times: TimeRange(Timestamp(ms: -5), Timestamp(ms: 1_700_000_000_000)),
            series: 3,
            samples: 1000,
            lateSamples: 4,
            filtered: 5,
            byteCount: 678
        )
    }

    @Test("keys are made of plain characters, sort like the numbers and are read back")
    func keys() {
        let key = names.key(name(5, 0x1234_0000_0000_0001))
        #expect(
            key
                == "a/b/0102030405060708090a0b0c0d0e0f10/segments/0000000000000005-1234000000000001-"
                + String(repeating: "0f", count: 32) + ".gor"
        )
        #expect(names.segment(key) == name(5, 0x1234_0000_0000_0001))
        #expect(names.segment(names.key(name(5, 9, isCold: true))) == name(5, 9, isCold: true))
        #expect(names.key(name(9, 20)) < names.key(name(16, 17)))
        #expect(names.key(name(9, 20)) > names.segments(store, from: SequenceNumber(raw: 9)))
        #expect(names.key(name(9, 20)) < names.segments(store, from: SequenceNumber(raw: 10)))
        let range = SequenceRange(after: .zero, through: SequenceNumber(raw: 7))
        #expect(names.manifest(names.manifest(store, range))?.range == range)
    }

    @Test(
        "other keys are none of ours",
        arguments: [
            ("segments/", ""), ("gor", "gox"), ("0f.", "0F."), ("0005-", "0005_"), ("a/b/", "a/"),
            ("0005", "+005"), ("0000000000000005", "0000000000000009"), ("0102", "+102"),
        ]
    )
    func foreign(from: String, to: String) {
        let key = names.key(name(5, 9))
        let parts = key.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false)
        #expect(parts.count == 2)
        #expect(names.segment(parts.joined(separator: to)) == nil)
    }

    @Test(
        "prefixes",
        arguments: [
            ("", nil), ("a/b-c_d.e", nil), ("a=b", "use only letters, digits and - _ . /"),
            ("a/../b", "a part of it is . or .."), ("a~", "use only letters, digits and - _ . /"),
            ("ä", "use only letters, digits and - _ . /"),
        ]
    )
    func prefixes(prefix: String, problem: String?) {
        #expect(S3Names.problem(ofPrefix: prefix) == problem)
    }

    @Test("a manifest is read as it was written")
    func roundTrip() throws {
        let link = S3Manifest.Link(
            range: SequenceRange(after: .zero, through: SequenceNumber(raw: 4)),
            hash: String(repeating: "ab", count: 32)
        )
        for previous in [nil, link] {
            let manifest = S3Manifest(
                store: store,
                writtenMs: 1_767_225_600_000,
                previous: previous,
                entries: [entry(4, 5, 9), entry(9, 9, 12), entry(12, 7, 13)]
            )
            let read = try #require(S3Manifest(manifest.bytes))
            #expect(read == manifest)
            #expect(read.range.after.raw == 4)
            #expect(read.range.through.raw == 13)
        }
    }

    @Test("a manifest without samples keeps its empty times")
    func emptyTimes() throws {
        var empty = entry(0, 0, 1)
        empty.times = TimeRange(.max, .min)
        let manifest = S3Manifest(store: store, writtenMs: 0, previous: nil, entries: [empty])
        #expect(S3Manifest(manifest.bytes) == manifest)
    }

    @Test("entries that do not follow each other are no manifest")
    func broken() {
        for entries in [[entry(4, 5, 9), entry(8, 9, 12)], [entry(9, 5, 9)], []] {
            let manifest = S3Manifest(store: store, writtenMs: 0, previous: nil, entries: entries)
            #expect(S3Manifest(manifest.bytes) == nil)
        }
    }

    @Test("whatever was changed in a manifest, it is read or refused", arguments: 0..<200)
    func mutated(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = S3Manifest(
            store: store,
            writtenMs: 0,
            previous: nil,
            entries: [entry(4, 5, 9), entry(9, 9, 12)]
        ).bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0x20...0x7e, using: &random)
        }
        if let manifest = S3Manifest(bytes) {
            #expect(manifest.range.after < manifest.range.through, "seed \(seed)")
            #expect(S3Manifest(manifest.bytes) == manifest, "seed \(seed)")
        }
    }

    @Test("what an object carries is what a manifest needs")
    func metadata() {
        let entry = entry(4, 5, 9)
        let facts = S3ObjectFacts(byteCount: 678, metadata: entry.metadata)
        #expect(S3ManifestEntry(entry.name, facts) == entry)
        for key in entry.metadata.keys {
            var fewer = facts
            fewer.metadata[key] = nil
            #expect(S3ManifestEntry(entry.name, fewer) == nil)
            fewer.metadata[key] = "x"
            #expect(S3ManifestEntry(entry.name, fewer) == nil)
        }
    }

    @Test("ranges join where they meet", arguments: 0..<50)
    func coverage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var coverage = S3Coverage()
        var has = Set<UInt64>()
        for _ in 0..<20 {
            let after = UInt64.random(in: 0..<60, using: &random)
            let through = after + UInt64.random(in: 0..<8, using: &random)
            coverage.add(
                SequenceRange(
                    after: SequenceNumber(raw: after),
                    through: SequenceNumber(raw: through)
                )
            )
            for number in after..<through { has.insert(number + 1) }
        }
        for (one, next) in zip(coverage.ranges, coverage.ranges.dropFirst()) {
            #expect(one.through < next.after)
        }
        for after in 0..<70 as Range<UInt64> {
            for through in after + 1..<after + 6 {
                let range = SequenceRange(
                    after: SequenceNumber(raw: after),
                    through: SequenceNumber(raw: through)
                )
                #expect(
                    coverage.has(range) == (after + 1...through).allSatisfy { has.contains($0) },
                    "seed \(seed)"
                )
            }
        }
    }
}
