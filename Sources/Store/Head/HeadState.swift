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
    var series: [HeadSeries] = []
    var labels: [Labels] = []
    var memory = HeadMemory()
    var index = HeadIndex()
    var late = LateSamples()
    var streams = StreamTable()
    /// The number of the open epoch, from 1; epochs before it are sealed or being sealed.
    var openEpoch: UInt32 = 1
    /// Series in use.
    private(set) var seriesCount = 0
    /// Bytes of labels.
    private(set) var labelBytes = 0
    private(set) var limits: HeadLimits

    private var slotOfSeries: [SeriesID: UInt32] = [:]
    private var freeSlots: [(slot: UInt32, freedBefore: SequenceNumber)] = []

    init(limits: HeadLimits) {
        self.limits = limits
    }

    deinit {
        // Readers hold the database, so that none is left here.
        for one in series {
            for chunk in one.closed { HeadMemory.discard(chunk.bits.block) }
            if let block = one.block { HeadMemory.discard(block) }
        }
    }

    /// What asking for a series gave.
    enum Found {
        case handle(SeriesHandle)
        /// One series too many.
        case full
        /// The id belongs to a series with other labels.
        case taken(by: Labels)
    }

    /// The handle of the series with these labels; makes the series when it is new.
    mutating func handle(for wanted: Labels, oldestInRing: SequenceNumber) -> Found {
        let id = SeriesIdentity.id(of: wanted)
        if let slot = slotOfSeries[id].map(Int.init) {
            guard labels[slot] == wanted else { return .taken(by: labels[slot]) }
            return .handle(SeriesHandle(slot: slot, generation: series[slot].generation))
        }
        guard seriesCount < limits.maxSeries else { return .full }
        let slot: Int
        // A slot is used again only when no batch in the memory ring can name its last holder.
        if let place = freeSlots.first, place.freedBefore < oldestInRing {
            slot = Int(place.slot)
            freeSlots.removeFirst()
            series[slot] = HeadSeries(id: id, generation: series[slot].generation &+ 1)
            labels[slot] = wanted
        } else {
            slot = series.count
            series.append(HeadSeries(id: id, generation: 1))
            labels.append(wanted)
        }
        slotOfSeries[id] = UInt32(slot)
        index.add(wanted, slot: slot)
        seriesCount += 1
        labelBytes += wanted.bytes.count
        return .handle(SeriesHandle(slot: slot, generation: series[slot].generation))
    }

    /// The slot that a handle names; nil when the series was let go.
    func slot(of handle: SeriesHandle) -> Int? {
        let slot = handle.slot
        guard slot < series.count, series[slot].generation == handle.generation,
            series[slot].isUsed
        else { return nil }
        return slot
    }

    /// The slot of a series.
    func slot(of id: SeriesID) -> Int? { slotOfSeries[id].map(Int.init) }

    /// The labels that a handle stands for, also shortly after its series was let go.
    func labels(of handle: SeriesHandle) -> Labels? {
        let slot = handle.slot
        guard slot < series.count, series[slot].generation == handle.generation else { return nil }
        return labels[slot]
    }

    /// Adds or takes away one pin for each series of a stream's list.
    mutating func repin(from old: [SeriesHandle], to new: [SeriesHandle]) {
        for handle in new {
            if let slot = slot(of: handle) { series[slot].pins += 1 }
        }
        for handle in old {
            if let slot = slot(of: handle), series[slot].pins > 0 { series[slot].pins -= 1 }
        }
    }

    /// Appends one checked sample in order.
    mutating func append(_ slot: Int, time: Int64, value: UInt64) {
        series[slot].append(time: time, value: value, openEpoch, limits, &memory)
    }

    /// Sets the limit of new series; those that are there stay.
    mutating func setMaxSeries(_ count: Int) {
        limits.maxSeries = count
    }

    /// Puts a recorded sample back: what the check decided once stands.
    ///
    /// Where a forged record claims an order that cannot be, the sample counts as late. Says
    /// whether it was put back.
    mutating func replay(_ slot: Int, isLate: Bool, time: Int64, value: UInt64) -> Bool {
        let isBehind = series[slot].lastEpoch == openEpoch && time <= series[slot].lastTime
        if isLate || isBehind {
            return late.insert(epoch: openEpoch, slot: slot, time: time, value: value)
        }
        series[slot].hasLastTime = true
        series[slot].lastTime = time
        series[slot].lastValue = value
        series[slot].lastEpoch = openEpoch
        append(slot, time: time, value: value)
        return true
    }

    /// Lets series go that have no chunk, no late samples and no pin.
    ///
    /// O(series).
    ///
    /// The caller holds the writer's lock too: a batch on its way names slots that nothing pins when
    /// its stream is closed meanwhile.
    mutating func collectGarbage(freedAt number: SequenceNumber) -> Int {
        var gone: Set<UInt32> = []
        for slot in series.indices {
            if series[slot].isUsed, series[slot].pins == 0, series[slot].encoder == nil,
                series[slot].closed.isEmpty, !late.holds(slot)
            {
                gone.insert(UInt32(slot))
            }
        }
        guard !gone.isEmpty else { return 0 }
        index.remove(gone, labels)
        for slot in gone.sorted() {
            series[Int(slot)].isUsed = false
            slotOfSeries[series[Int(slot)].id] = nil
            seriesCount -= 1
            labelBytes -= labels[Int(slot)].bytes.count
            freeSlots.append((slot, number))
        }
        return gone.count
    }
}
