// What a query notes of the head under its lock, to decode later.
import Codec
import Model

/// One series of the head at one moment.
struct HeadView: Sendable {
    let labels: Labels
    /// Chunks in order of their time.
    let chunks: [ChunkBits]
    /// Late samples, oldest epoch first.
    let late: [LateSamples.Run]
}

extension HeadState {
    /// The series that all matchers accept and that have samples inside `range`.
    ///
    /// The caller holds a pin of `memory` for as long as it uses the views.
    func views(_ matchers: [LabelMatcher], _ range: TimeRange) -> [(id: SeriesID, view: HeadView)] {
        var found: [(id: SeriesID, view: HeadView)] = []
        if let selected = index.select(matchers) {
            for slot in selected {
                if let view = view(Int(slot), range) { found.append((series[Int(slot)].id, view)) }
            }
            return found
        }
        let excluded = matchers.map { index.refused(by: $0) }
        for slot in series.indices where series[slot].isUsed {
            if excluded.contains(where: { $0.contains(UInt32(slot)) }) { continue }
            if let view = view(slot, range) { found.append((series[slot].id, view)) }
        }
        return found
    }

    private func view(_ slot: Int, _ range: TimeRange) -> HeadView? {
        var chunks: [ChunkBits] = []
        for chunk in series[slot].closed
        where chunk.firstTime <= range.end.ms && range.start.ms <= chunk.lastTime {
            chunks.append(chunk.bits)
        }
        if let encoder = series[slot].encoder, let block = series[slot].block,
            encoder.firstTime <= range.end.ms, range.start.ms <= encoder.lastTime
        {
            chunks.append(encoder.bits(in: block))
        }
        var runs: [LateSamples.Run] = []
        if late.count > 0 {
            runs = late.epochs(of: slot).compactMap { late.run(epoch: $0, slot: slot) }
        }
        guard !chunks.isEmpty || !runs.isEmpty else { return nil }
        return HeadView(labels: labels[slot], chunks: chunks, late: runs)
    }
}
