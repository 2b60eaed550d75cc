// What the head's lock guards: series, their active chunks, late samples, the index.
import Codec
import Model

/// Limits of the head.
struct HeadLimits: Sendable {
    var maxSeries = 1_000_000
    var chunkPointLimit = 10_000
    var chunkSizeLimit = 1 << 20
}

/// The head: every series of the open and the sealing epochs.
struct HeadState: ~Copyable {
    var series = SeriesPages()
    var memory = HeadMemory()
    var closed = ClosedChunks()
    var index = HeadIndex()
    var late = LateSamples()
    var streams = StreamTable()
    /// The number of the open epoch, from 1; epochs before it are sealed or being sealed.
    var openEpoch: UInt32 = 1
    /// Epochs up to this one are in segments: what is left of them here is seen by nobody.
    var sealedEpoch: UInt32 = 0
    /// Series in use.
    private(set) var seriesCount = 0
    private(set) var limits: HeadLimits

    private var slotOfSeries = HashIndex()
    // Slots of series that were let go, which batches in the memory ring may still name, oldest first.
    private var leaving: [(slot: UInt32, freedAt: SequenceNumber)] = []

    init(limits: HeadLimits) {
        self.limits = limits
    }

    deinit {
        // Readers hold the database, so that none is left here.
        for slot in 0..<series.count where series.isHeld(slot) && series[record: slot].isUsed {
            closed.forEach(series[record: slot]) { HeadMemory.discard($0.bits.start) }
            if series[slot].encoder != nil { HeadMemory.discard(series[record: slot].start) }
        }
    }

    /// Bytes of samples that a rotation would let go: what `head_size_limit` is about.
    var sampleBytes: Int { memory.usedBytes + late.byteCount + closed.byteCount }

    /// What asking for a series gave.
    enum Found {
        case handle(SeriesHandle)
        /// One series too many.
        case full
        /// The id belongs to a series with other labels.
        case taken(by: Labels)
    }

    /// The handle of the series with these labels, whose id is `id`; makes the series when it is new.
    mutating func handle(for wanted: Labels, _ id: SeriesID) -> Found {
        if let slot = slot(of: id) {
            guard index.matches(series[record: slot].labels, wanted) else {
                return .taken(by: index.labels(series[record: slot].labels))
            }
            return .handle(SeriesHandle(slot: slot, generation: series[record: slot].generation))
        }
        guard seriesCount < limits.maxSeries else { return .full }
        let (slot, generation) = series.take()
        guard let run = index.add(wanted, slot: UInt32(slot)) else {
            series.release(slot)
            return .full
        }
        series[record: slot].id = id
        series[record: slot].labels = run
        slotOfSeries.insert(UInt32(slot), HeadState.hash(id))
        seriesCount += 1
        return .handle(SeriesHandle(slot: slot, generation: generation))
    }

    // The id is a digest: its bits are as good as any hash.
    private static func hash(_ id: SeriesID) -> UInt32 { UInt32(truncatingIfNeeded: id.low) }

    /// The slot that a handle names; nil when the series was let go.
    func slot(of handle: SeriesHandle) -> Int? {
        let slot = handle.slot
        guard series.isHeld(slot), series[record: slot].generation == handle.generation,
            series[record: slot].isUsed
        else { return nil }
        return slot
    }

    /// The slot of a series.
    func slot(of id: SeriesID) -> Int? {
        slotOfSeries.find(HeadState.hash(id)) { series[record: Int($0)].id == id }.map(Int.init)
    }

    /// The labels that a handle stands for, also shortly after its series was let go.
    func labels(of handle: SeriesHandle) -> Labels? {
        let slot = handle.slot
        guard series.isHeld(slot), series[record: slot].generation == handle.generation,
            series[record: slot].isKnown
        else { return nil }
        return index.labels(series[record: slot].labels)
    }

    /// Keeps the series of a batch for as long as they are its stream's newest list.
    mutating func pin(_ batch: SampleBatch) {
        guard let place = streams.place(of: batch.stream),
            streams[layoutAt: place] != batch.series
        else { return }
        for index in batch.series.indices {
            if let slot = slot(of: batch.series[index]) { series[record: slot].pins += 1 }
        }
        for index in streams[layoutAt: place].indices { unpin(streams[layoutAt: place][index]) }
        streams.setLayout(at: place, batch.series)
    }

    /// Takes one pin of a stream's list from a series.
    mutating func unpin(_ handle: SeriesHandle) {
        if let slot = slot(of: handle), series[record: slot].pins > 0 {
            series[record: slot].pins -= 1
        }
    }

    /// Appends one checked sample in order to the open epoch's chunk, which it starts or closes where
    /// needed.
    @inline(__always)
    mutating func append(_ slot: Int, time: Int64, value: UInt64) {
        switch series[slot].append(time: time, value: value, openEpoch, limits, &memory) {
        case .added: return
        case .full: closeChunk(slot)
        case .needsChunk: beginChunk(slot, time: time, value: value)
        }
    }

    private mutating func beginChunk(_ slot: Int, time: Int64, value: UInt64) {
        closeChunk(slot)
        series[record: slot].start = series[slot].beginChunk(time: time, value: value, &memory)
        series[slot].epoch = openEpoch
    }

    /// Closes a series' active chunk, if there is one.
    mutating func closeChunk(_ slot: Int) {
        guard let encoder = series[slot].encoder else { return }
        closed.append(
            ClosedChunk(
                bits: encoder.bits(from: series[record: slot].start),
                firstTime: encoder.firstTime,
                lastTime: encoder.lastTime,
                epoch: series[slot].epoch,
                hasStaleMarkers: encoder.hasStaleMarkers
            ),
            &series[record: slot]
        )
        series[slot].encoder = nil
        series[slot].chain = BlockChain()
        series[record: slot].start = BlockStart()
    }

    /// Forgets when the series' last samples were: the clock was set back, and what comes next is in
    /// order whatever its time.
    ///
    /// The open epoch must have no samples. O(series).
    mutating func forgetLastTimes() {
        for slot in 0..<series.count where series.isHeld(slot) && series[record: slot].isUsed {
            series[record: slot].hasLastTime = false
            series[record: slot].needsLastTime = false
            series[slot].lastTime = .min
            series[slot].ready = 0
        }
    }

    /// Sets the limit of new series; those that are there stay.
    mutating func setMaxSeries(_ count: Int) {
        limits.maxSeries = count
    }

    /// Whether a recorded batch tells that the clock was set back between what was replayed and it.
    ///
    /// It has a sample that was in order when it came, and is before its series' last one: without such a
    /// step it would have been recorded as late. One of the same time may be a batch that was sent twice
    /// because the first record was there and not acknowledged.
    func tellsOfStep(_ batch: BufferBatch, _ slots: [Int]) -> Bool {
        slots.indices.contains { index in
            let slot = slots[index]
            return slot >= 0 && (batch.isLate.isEmpty || !batch.isLate[index])
                && batch.timeMs(index) < series[slot].lastTime
        }
    }

    /// Puts a recorded sample back: what the check decided once stands.
    ///
    /// A sample that claims to be in order and is not later than what the open epoch has is late. Says
    /// whether it was put back.
    mutating func replay(_ slot: Int, isLate: Bool, time: Int64, value: UInt64) -> Bool {
        let isBehind = series[slot].epoch == openEpoch && time <= series[slot].lastTime
        if isLate || isBehind {
            return late.insert(epoch: openEpoch, slot: slot, time: time, value: value)
        }
        series[record: slot].hasLastTime = true
        series[slot].lastTime = time
        series[slot].ready = series[record: slot].readiness
        append(slot, time: time, value: value)
        return true
    }

    /// Lets series go that have no chunk, no late samples and no pin, and forgets those that were let
    /// go before what the memory ring still holds.
    ///
    /// O(series).
    ///
    /// The caller holds the writer's lock too: a batch on its way names slots that nothing pins when
    /// its stream is closed meanwhile.
    mutating func collectGarbage(
        freedAt number: SequenceNumber,
        oldestInRing: SequenceNumber
    ) -> Int {
        var gone = SlotSet()
        var runs: [UInt32] = []
        for slot in 0..<series.count where series.isHeld(slot) {
            guard series[record: slot].isUsed, series[record: slot].pins == 0,
                series[slot].encoder == nil,
                series[record: slot].firstClosed == ClosedChunks.none, !late.holds(slot)
            else { continue }
            gone.insert(UInt32(slot))
            runs.append(series[record: slot].labels)
            series[record: slot].isUsed = false
            series[slot].ready = 0
            slotOfSeries.remove(UInt32(slot), HeadState.hash(series[record: slot].id))
            leaving.append((UInt32(slot), number))
        }
        seriesCount -= runs.count
        if !runs.isEmpty { index.unlist(runs, gone) }
        forgetLeft(oldestInRing)
        return runs.count
    }

    private mutating func forgetLeft(_ oldestInRing: SequenceNumber) {
        let count = leaving.firstIndex { $0.freedAt >= oldestInRing } ?? leaving.count
        guard count > 0 else { return }
        index.forget(leaving[..<count].map { series[record: Int($0.slot)].labels })
        for entry in leaving[..<count] {
            series[record: Int(entry.slot)].isKnown = false
            series.release(Int(entry.slot))
        }
        leaving = Array(leaving[count...])
        if index.isWasteful { compactIndex() }
    }

    private mutating func compactIndex() {
        var (compacted, numbers) = index.compacted()
        for slot in 0..<series.count where series.isHeld(slot) && series[record: slot].isKnown {
            let run = series[record: slot].labels
            series[record: slot].labels = compacted.move(run, of: index, numbers)
        }
        index = compacted
    }

    /// Bytes of series: pages and the table of their ids.
    var seriesBytes: Int {
        series.byteCount + slotOfSeries.byteCount
            + leaving.capacity * MemoryLayout<(UInt32, SequenceNumber)>.stride
    }
}
