// Takes a closed epoch out of the head.
import Model

/// What one series brought in an epoch.
struct EpochSeries {
    let id: SeriesID
    let labels: Labels
    let chunks: [ClosedChunk]
    let late: LateSamples.Run?
}

extension HeadState {
    /// Closes the epoch's chunks that are still active in the slots of `range` and gives back what
    /// the epoch has there.
    ///
    /// The caller holds a pin of `memory` while it uses the chunks.
    ///
    /// A rotated epoch gets no samples any more, so that a head of a million series need not be locked
    /// for all of them at once.
    mutating func close(_ epoch: UInt32, _ range: Range<Int>) -> [EpochSeries] {
        let runs = late.runs(of: epoch)
        var found: [EpochSeries] = []
        for slot in range.clamped(to: series.indices) where series[slot].isUsed {
            if series[slot].encoder != nil, series[slot].epoch == epoch {
                series[slot].closeChunk()
            }
            let chunks = series[slot].closed.filter { $0.epoch == epoch }
            let run = runs[slot]
            guard !chunks.isEmpty || run != nil else { continue }
            found.append(
                EpochSeries(id: series[slot].id, labels: labels[slot], chunks: chunks, late: run)
            )
        }
        return found
    }

    /// Lets go of an epoch that is in a segment now.
    mutating func forget(_ epoch: UInt32) {
        for slot in series.indices where !series[slot].closed.isEmpty {
            for chunk in series[slot].closed where chunk.epoch == epoch {
                memory.retire(chunk.bits.block)
            }
            series[slot].closed.removeAll { $0.epoch == epoch }
        }
        late.forget(epoch: epoch)
    }
}
