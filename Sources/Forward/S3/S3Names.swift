// Keys of the archive: what each object is can be told from its name alone. Forward.docc/s3-archive.md
internal import Formats
public import Store

/// The names under a prefix of a bucket, of all stores that ship there.
///
/// Only `A–Z a–z 0–9 - _ . /` occur in them: nothing that any store, proxy or signature treats in
/// a way of its own.
public struct S3Names: Sendable, Equatable {
    /// Without a slash at its ends; empty for none.
    public let prefix: String

    /// Takes a prefix; slashes at its ends do not count.
    public init(prefix: String) {
        self.prefix = prefix.split(separator: "/", omittingEmptySubsequences: true)
            .joined(separator: "/")
    }

    /// What is wrong with a prefix; nil when nothing is.
    public static func problem(ofPrefix prefix: String) -> String? {
        if prefix.utf8.count > 512 { return "longer than 512 bytes" }
        let isPlain = prefix.utf8.allSatisfy { byte in
            PercentCoding.encode(String(UnicodeScalar(byte)), allowing: "/").utf8.count == 1
                && byte != UInt8(ascii: "~")
        }
        if !isPlain { return "use only letters, digits and - _ . /" }
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: true)
        return parts.contains { $0 == "." || $0 == ".." } ? "a part of it is . or .." : nil
    }

    /// What all names begin with.
    public var root: String { prefix.isEmpty ? "" : prefix + "/" }

    /// What the names of one store begin with.
    public func store(_ store: StoreID) -> String { "\(root)\(store)/" }

    /// What the names of a store's segments begin with.
    public func segments(_ store: StoreID) -> String { "\(self.store(store))segments/" }

    /// What the names of a store's manifests begin with.
    public func manifests(_ store: StoreID) -> String { "\(self.store(store))manifests/" }

    /// Sorts before all segments that begin at `number` or later, and behind the others.
    public func segments(_ store: StoreID, from number: SequenceNumber) -> String {
        segments(store) + S3Names.hex(number)
    }

    /// The key of a manifest.
    public func manifest(_ store: StoreID, _ range: SequenceRange) -> String {
        "\(manifests(store))\(S3Names.text(range)).json"
    }

    /// The range in the key of a manifest; nil for any other key.
    public func manifest(_ key: String) -> (store: StoreID, range: SequenceRange)? {
        guard let (store, rest) = split(key, "manifests"), rest.hasSuffix(".json"),
            let range = S3Names.range(rest.dropLast(5)), manifest(store, range) == key
        else { return nil }
        return (store, range)
    }

    private func split(_ key: String, _ kind: String) -> (store: StoreID, rest: Substring)? {
        guard key.hasPrefix(root) else { return nil }
        let parts = key.dropFirst(root.count).split(
            separator: "/",
            omittingEmptySubsequences: false
        )
        guard parts.count == 3, parts[1] == kind, let store = StoreID(parts[0]) else { return nil }
        return (store, parts[2])
    }

    /// The segment that a key names; nil for any other key.
    public func segment(_ key: String) -> S3SegmentName? {
        guard let (store, rest) = split(key, "segments") else { return nil }
        let isCold = rest.hasSuffix(S3SegmentName.coldSuffix)
        guard isCold || rest.hasSuffix(S3SegmentName.hotSuffix) else { return nil }
        let stem = rest.dropLast(
            (isCold ? S3SegmentName.coldSuffix : S3SegmentName.hotSuffix).count
        )
        guard let dash = stem.lastIndex(of: "-"), let range = S3Names.range(stem[..<dash]) else {
            return nil
        }
        let name = S3SegmentName(
            store: store,
            range: range,
            hash: String(stem[stem.index(after: dash)...]),
            isCold: isCold
        )
        return name.hash.utf8.count == 64 && HexText.isLower(name.hash) && self.key(name) == key
            ? name : nil
    }

    /// The key of a segment.
    public func key(_ name: S3SegmentName) -> String { segments(name.store) + name.file }

    /// 16 lower-case hex digits, which order like the numbers.
    public static func hex(_ number: SequenceNumber) -> String {
        let digits = String(number.raw, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// `after-through`.
    static func text(_ range: SequenceRange) -> String {
        "\(hex(range.after))-\(hex(range.through))"
    }

    static func range(_ text: Substring) -> SequenceRange? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let after = number(parts[0]), let through = number(parts[1]),
            after < through
        else { return nil }
        return SequenceRange(after: after, through: through)
    }

    static func number(_ text: some StringProtocol) -> SequenceNumber? {
        guard text.utf8.count == 16, HexText.isLower(text) else { return nil }
        return UInt64(text, radix: 16).map { SequenceNumber(raw: $0) }
    }
}

/// What the name of an archived segment says.
public struct S3SegmentName: Sendable, Hashable {
    static let hotSuffix = ".gor"
    static let coldSuffix = ".gor.snappy"

    /// Whose batches these are.
    public var store: StoreID
    /// Which batches.
    public var range: SequenceRange
    /// SHA-256 of the whole object, lower-case hex.
    public var hash: String
    /// Whether it was merged before it was shipped.
    public var isCold: Bool

    /// The name without what stands before it.
    public var file: String {
        "\(S3Names.text(range))-\(hash)"
            + (isCold ? S3SegmentName.coldSuffix : S3SegmentName.hotSuffix)
    }
}

enum HexText {
    /// Whether there are lower-case hex digits only.
    static func isLower(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy {
            $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
                || $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f")
        }
    }
}
