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
        guard let plan = index.plan(matchers) else { return [] }
        var found: [(id: SeriesID, view: HeadView)] = []
        func look(_ slot: Int) {
            guard index.accepts(series[record: slot].labels, plan), let view = view(slot, range)
            else { return }
            found.append((series[record: slot].id, view))
        }
        if plan.leading != nil {
            index.forEachCandidate(plan) { look(Int($0)) }
        } else {
            for slot in 0..<series.count where series.isHeld(slot) && series[record: slot].isUsed {
                look(slot)
            }
        }
        return found
    }

    private func view(_ slot: Int, _ range: TimeRange) -> HeadView? {
        var chunks: [ChunkBits] = []
        closed.forEach(series[record: slot]) { chunk in
            if chunk.epoch > sealedEpoch, chunk.firstTime <= range.end.ms,
                range.start.ms <= chunk.lastTime
            {
                chunks.append(chunk.bits)
            }
        }
        if let encoder = series[slot].encoder, series[slot].epoch > sealedEpoch,
            encoder.firstTime <= range.end.ms,
            range.start.ms <= encoder.lastTime
        {
            chunks.append(encoder.bits(from: series[record: slot].start))
        }
        var runs: [LateSamples.Run] = []
        if late.count > 0 {
            runs = late.epochs(of: slot).compactMap { late.run(epoch: $0, slot: slot) }
        }
        guard !chunks.isEmpty || !runs.isEmpty else { return nil }
        let labels = index.labels(series[record: slot].labels)
        return HeadView(labels: labels, chunks: chunks, late: runs)
    }
}
