// One series of the head: plain data in pages, no object and no reference count a series.
import Codec
import Model

/// What an append touches of a series: 80 bytes.
struct HeadSeries {
    /// The active chunk, when there is one.
    var encoder: GorillaEncoder?
    /// Where that chunk grows.
    var chain = BlockChain()
    /// The time of its last sample in order, in milliseconds; meaningless before there is one.
    var lastTime = Int64.min
    /// The generation of a series whose next sample needs no more than a look at `lastTime`; 0 for one
    /// without a last sample, one whose sealed samples are not known yet, and for nobody's slot.
    var ready: UInt32 = 0
    /// The epoch of the last sample in order that this run appended, and of the active chunk; 0: none.
    var epoch: UInt32 = 0

    /// What `append` did.
    enum Appended {
        /// The sample is in the chunk.
        case added
        /// It is, and the chunk has reached a limit.
        case full
        /// It is not: the open epoch needs a chunk first.
        case needsChunk
    }

    /// Adds a sample in order to the open epoch's chunk.
    @inline(__always)
    mutating func append(
        time: Int64,
        value: UInt64,
        _ openEpoch: UInt32,
        _ limits: HeadLimits,
        _ memory: inout HeadMemory
    ) -> Appended {
        // The encoder works where it lies: moving its 56 bytes out and back costs more than a sample.
        guard encoder != nil, epoch == openEpoch else { return .needsChunk }
        add(time: time, value: value, &memory)
        let isFull =
            encoder.map {
                $0.pointCount >= limits.chunkPointLimit
                    || $0.payloadByteCount >= limits.chunkSizeLimit
            } ?? false
        return isFull ? .full : .added
    }
}

/// What the head knows of a series besides: 48 bytes.
struct SeriesRecord {
    /// Its identity.
    var id = SeriesID(high: 0, low: 0)
    /// Where the active chunk begins.
    var start = BlockStart()
    /// Which holder of this slot: the upper half of a `SeriesHandle`.
    var generation: UInt32
    /// Its run of label pairs in the index.
    var labels: UInt32 = 0
    /// How many streams' current lists name it: such a series is kept.
    var pins: UInt32 = 0
    /// The first and the last of its closed chunks that are not sealed yet.
    var firstClosed = ClosedChunks.none
    var lastClosed = ClosedChunks.none
    /// Whether the slot holds a series that takes samples.
    var isUsed = true
    /// Whether `labels` is a run: also for a while after the series was let go.
    var isKnown = true
    /// Whether the time of its last sealed sample has yet to be asked from the segments.
    var needsLastTime = true
    /// Whether it has a last sample at all: any time is a valid one, so no time stands for "none".
    var hasLastTime = false

    init(generation: UInt32, isUsed: Bool = true) {
        self.generation = generation
        self.isUsed = isUsed
        isKnown = isUsed
    }

    /// What belongs into `HeadSeries.ready`.
    var readiness: UInt32 { isUsed && hasLastTime && !needsLastTime ? generation : 0 }
}

extension SeriesHandle {
    /// The handle of the series in `slot`, held for the `generation`th time.
    init(slot: Int, generation: UInt32) {
        self.init(raw: UInt64(generation) << 32 | UInt64(slot))
    }

    /// The place in the head's pages.
    @inline(__always)
    var slot: Int { Int(raw & 0xffff_ffff) }
    /// Which holder of that place.
    @inline(__always)
    var generation: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }
}
