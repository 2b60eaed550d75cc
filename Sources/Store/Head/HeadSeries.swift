// One series of the head: plain data in a flat array, no object and no reference count a series.
import Codec
import Model

/// A chunk that was closed in memory and waits for its segment.
struct ClosedChunk: Sendable {
    /// The epoch that it belongs to.
    var epoch: UInt32
    /// Its bits, all of them final.
    var bits: ChunkBits
    /// Milliseconds of its first and last sample.
    var firstTime: Int64
    var lastTime: Int64
    /// Whether a stale marker is among its samples.
    var hasStaleMarkers: Bool
}

/// What the head knows of one series.
struct HeadSeries {
    /// Its identity.
    var id: SeriesID
    /// Which holder of this slot: the upper half of a `SeriesHandle`.
    var generation: UInt32
    /// Whether the slot holds a series.
    var isUsed = true
    /// Whether the time of its last sealed sample has yet to be asked from the segments.
    var needsLastTime = true
    /// Whether it has a last sample at all: any time is a valid one, so no time stands for "none".
    var hasLastTime = false
    /// The time of its last sample in order, in milliseconds.
    var lastTime = Int64.min
    /// The bits of that sample's value.
    var lastValue: UInt64 = 0
    /// The epoch that this sample belongs to; 0 for a sealed one.
    var lastEpoch: UInt32 = 0
    /// The epoch of the active chunk; meaningless without one.
    var epoch: UInt32 = 0
    /// The active chunk, when there is one.
    var encoder: GorillaEncoder?
    var block: WordBlock?
    /// Closed chunks that are not sealed yet, oldest first.
    var closed: [ClosedChunk] = []
    /// How many streams' current lists name it: such a series is kept.
    var pins: UInt32 = 0

    init(id: SeriesID, generation: UInt32) {
        self.id = id
        self.generation = generation
    }

    /// Takes note of a sample that is later than all before it; false for any other.
    ///
    /// One call a sample, so that the array that holds the series is checked for other owners once.
    @inline(__always)
    mutating func advance(time: Int64, value: UInt64, _ openEpoch: UInt32) -> Bool {
        guard time > lastTime || !hasLastTime else { return false }
        hasLastTime = true
        lastTime = time
        lastValue = value
        lastEpoch = openEpoch
        return true
    }

    /// Adds a sample in order to the open epoch's chunk, which it starts or closes where needed.
    @inline(__always)
    mutating func append(
        time: Int64,
        value: UInt64,
        _ openEpoch: UInt32,
        _ limits: HeadLimits,
        _ memory: inout HeadMemory
    ) {
        if encoder != nil, epoch != openEpoch { closeChunk() }
        // The encoder grows where it lies: moving its 56 bytes out and back costs more than a sample.
        guard encoder != nil, var room = block else {
            encoder = GorillaEncoder(time: time, value: value, in: &memory, block: &block)
            epoch = openEpoch
            return
        }
        encoder?.append(time: time, value: value, in: &memory, block: &room)
        block = room
        let isFull =
            encoder.map {
                $0.pointCount >= limits.chunkPointLimit
                    || $0.payloadByteCount >= limits.chunkSizeLimit
            } ?? false
        if isFull { closeChunk() }
    }

    /// Closes the active chunk, if there is one.
    mutating func closeChunk() {
        guard let encoder, let block else { return }
        closed.append(
            ClosedChunk(
                epoch: epoch,
                bits: encoder.bits(in: block),
                firstTime: encoder.firstTime,
                lastTime: encoder.lastTime,
                hasStaleMarkers: encoder.hasStaleMarkers
            )
        )
        self.encoder = nil
        self.block = nil
    }
}

extension SeriesHandle {
    /// The handle of the series in `slot`, held for the `generation`th time.
    init(slot: Int, generation: UInt32) {
        self.init(raw: UInt64(generation) << 32 | UInt64(slot))
    }

    /// The place in the head's arrays.
    var slot: Int { Int(raw & 0xffff_ffff) }
    /// Which holder of that place.
    var generation: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }
}
