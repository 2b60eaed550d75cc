// What a target said about its metric families, so that only news travels on.
internal import Formats
internal import Model

/// Remembers the raw HELP and TYPE lines of a target.
struct FamilyNotes {
    private var helps = SeriesCache()
    private var kinds = SeriesCache()

    // A family that is no longer told of costs its bytes until this many are known.
    private static let limit = 100_000

    mutating func help(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ text: Range<Int>,
        _ note: (String, MetadataNote) -> Void
    ) {
        let line = name.lowerBound..<text.upperBound
        guard helps.find(bytes, line, expecting: helps.next) == nil else { return }
        if helps.slots.count >= FamilyNotes.limit { helps = SeriesCache() }
        _ = helps.insert(bytes, line)
        note(
            ExpositionLabels.name(bytes.extracting(name)),
            .help(ExpositionLabels.help(bytes.extracting(text)))
        )
    }

    mutating func kind(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ kind: MetricKind,
        _ note: (String, MetadataNote) -> Void
    ) {
        let number = UInt64(MetricKind.allCases.firstIndex(of: kind) ?? 0) + 1
        let slot: Int
        if let known = kinds.find(bytes, name, expecting: kinds.next) {
            slot = known
        } else {
            if kinds.slots.count >= FamilyNotes.limit { kinds = SeriesCache() }
            slot = kinds.insert(bytes, name)
        }
        guard kinds.slots[slot].handle != number else { return }
        kinds.update(slot) { $0.handle = number }
        note(ExpositionLabels.name(bytes.extracting(name)), .kind(kind))
    }
}

extension SeriesCache {
    // There is no order to go by: the hash decides.
    fileprivate var next: Int { slots.count }
}
