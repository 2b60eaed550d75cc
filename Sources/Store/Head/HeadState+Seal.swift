// Takes a closed epoch out of the head.
import Model

/// That a series has something of an epoch.
struct EpochRoom {
    let id: SeriesID
    let slot: UInt32
    /// Bytes that its chunks and labels take in a segment at most.
    let bytes: UInt32
}

/// What one series brought in an epoch.
struct EpochSeries {
    let id: SeriesID
    let labels: Labels
    let chunks: [ClosedChunk]
    let late: LateSamples.Run?
}

extension HeadState {
    /// Closes the epoch's chunks that are still active in the slots of `range`, and gives back which
    /// series have something of the epoch there.
    ///
    /// A rotated epoch gets no samples any more, so that a head of a million series need not be locked
    /// for all of them at once. A series that has something keeps its slot until `forget`.
    mutating func close(_ epoch: UInt32, _ range: Range<Int>) -> [EpochRoom] {
        var found: [EpochRoom] = []
        for slot in range.clamped(to: 0..<series.count)
        where series.isHeld(slot) && series[record: slot].isUsed {
            if series[slot].encoder != nil, series[slot].epoch == epoch { closeChunk(slot) }
            var bytes = 0
            closed.forEach(series[record: slot]) { chunk in
                guard chunk.epoch == epoch else { return }
                bytes += 48 + Int(chunk.bits.bitCount) / 8
            }
            if let run = late.run(epoch: epoch, slot: slot) {
                bytes += 48 + 18 * run.times.count
            }
            guard bytes > 0 else { continue }
            bytes += 2 * index.labelBytes(series[record: slot].labels)
            found.append(
                EpochRoom(
                    id: series[record: slot].id,
                    slot: UInt32(slot),
                    bytes: UInt32(clamping: bytes)
                )
            )
        }
        return found
    }

    /// What a series has of a closed epoch.
    ///
    /// The caller holds a pin of `memory` while it uses the chunks.
    func take(_ epoch: UInt32, _ slot: UInt32) -> EpochSeries {
        let slot = Int(slot)
        var chunks: [ClosedChunk] = []
        closed.forEach(series[record: slot]) { if $0.epoch == epoch { chunks.append($0) } }
        return EpochSeries(
            id: series[record: slot].id,
            labels: index.labels(series[record: slot].labels),
            chunks: chunks,
            late: late.run(epoch: epoch, slot: slot)
        )
    }

    /// Lets go of an epoch that is in a segment now, at once: nobody sees it here any more.
    ///
    /// Epochs are sealed in their order. What they hold is given back by `reclaim`.
    mutating func forget(_ epoch: UInt32) {
        sealedEpoch = max(sealedEpoch, epoch)
        late.forget(epoch: epoch)
    }

    /// Gives back the memory of sealed epochs in the slots of `range`.
    mutating func reclaim(_ range: Range<Int>) {
        for slot in range.clamped(to: 0..<series.count) where series.isHeld(slot) {
            while series[record: slot].firstClosed != ClosedChunks.none,
                closed[series[record: slot].firstClosed].epoch <= sealedEpoch
            {
                let chunk = closed.removeFirst(&series[record: slot])
                memory.retire(chunk.bits.start)
            }
            // An epoch that was dropped is not closed first.
            if series[slot].encoder != nil, series[slot].epoch <= sealedEpoch {
                memory.retire(series[record: slot].start)
                series[slot].encoder = nil
                series[slot].chain = BlockChain()
                series[record: slot].start = BlockStart()
            }
        }
    }
}
