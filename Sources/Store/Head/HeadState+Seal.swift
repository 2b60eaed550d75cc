// Takes a closed epoch out of the head.
import Model

/// That a series has something of an epoch.
struct EpochRoom {
    let id: SeriesID
    let slot: UInt32
    /// Bytes that its chunks and labels take in a segment at most.
    let bytes: UInt32
}

/// What several series brought in an epoch, one behind the other: a series allocates nothing.
struct EpochPortion {
    /// What one series has in the lists of its portion.
    struct Series {
        let id: SeriesID
        let pairsEnd: Int
        let chunksEnd: Int
        let late: LateSamples.Run?
    }

    /// In the order in which they were taken.
    fileprivate(set) var series: [Series] = []
    /// Numbers of the head's label pairs, each series' in the order of names.
    fileprivate(set) var pairs: [UInt32] = []
    /// The oldest of a series first.
    fileprivate(set) var chunks: [ClosedChunk] = []
    /// Pairs that no portion before had.
    fileprivate(set) var newPairs: [UInt32] = []
    /// Of each new pair name and value, with their lengths in front.
    fileprivate(set) var newTexts: [[UInt8]] = []
    private var isKnown: [Bool] = []

    fileprivate mutating func note(_ pair: UInt32, _ index: HeadIndex) {
        pairs.append(pair)
        while isKnown.count <= Int(pair) { isKnown.append(false) }
        guard !isKnown[Int(pair)] else { return }
        isKnown[Int(pair)] = true
        newPairs.append(pair)
        var text: [UInt8] = []
        index.append(pair, to: &text)
        newTexts.append(text)
    }

    fileprivate mutating func removeAll() {
        series.removeAll(keepingCapacity: true)
        pairs.removeAll(keepingCapacity: true)
        chunks.removeAll(keepingCapacity: true)
        newPairs.removeAll(keepingCapacity: true)
        newTexts.removeAll(keepingCapacity: true)
    }
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

    /// What the series of some slots have of a closed epoch, in the place of what `portion` holds.
    ///
    /// The caller holds a pin of `memory` while it uses the chunks, and the lock of sealing until the
    /// last portion: pairs get other numbers when garbage is collected.
    func take(_ epoch: UInt32, _ rooms: ArraySlice<EpochRoom>, into portion: inout EpochPortion) {
        portion.removeAll()
        for room in rooms {
            let record = series[record: Int(room.slot)]
            index.forEachPair(record.labels) { portion.note($0, index) }
            closed.forEach(record) { if $0.epoch == epoch { portion.chunks.append($0) } }
            portion.series.append(
                EpochPortion.Series(
                    id: room.id,
                    pairsEnd: portion.pairs.count,
                    chunksEnd: portion.chunks.count,
                    late: late.run(epoch: epoch, slot: Int(room.slot))
                )
            )
        }
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
