// Decides what becomes of each sample of a batch: architecture section 5, "Late samples".
import Codec
import Model

/// What checking a batch found, in arrays that are used again for the next one.
struct BatchCheck {
    /// One a sample.
    var verdicts: [SampleVerdict] = []
    /// The slot of each sample's series.
    var slots: [Int] = []
    /// Places in the batch whose handle is not known any more.
    var unknown: [Int] = []
    /// Samples in order and late together.
    var storedCount = 0
    /// Late ones among them.
    var lateCount = 0
    /// Generated ones among them.
    var generatedCount = 0
    /// Dropped here, by reason.
    var drops: [DropReason: Int] = [:]

    // What the check changed in the series, to take it back when the batch cannot be recorded.
    fileprivate struct Before {
        let slot: Int
        let hadTime: Bool
        let time: Int64
        let value: UInt64
        let epoch: UInt32

        @inline(__always)
        init(_ slot: Int, _ series: HeadSeries) {
            self.slot = slot
            hadTime = series.hasLastTime
            time = series.lastTime
            value = series.lastValue
            epoch = series.lastEpoch
        }
    }
    fileprivate struct Place: Hashable {
        let slot: Int
        let time: Int64
    }
    fileprivate var before: [Before] = []
    // Late samples of this batch: they enter the head with the batch, once it is recorded.
    fileprivate var late = LateSamples()
    // What this batch brought in order and passed again, by place; filled from `before` when asked.
    fileprivate var passed: [Place: UInt64] = [:]
    fileprivate var passedCount = 0
    // The open epoch's samples of the series that was asked for last.
    fileprivate var decodedSlot = -1
    fileprivate var decoded = SampleColumns()

    fileprivate mutating func reset(_ count: Int) {
        verdicts.removeAll(keepingCapacity: true)
        verdicts.reserveCapacity(count)
        slots.removeAll(keepingCapacity: true)
        slots.reserveCapacity(count)
        unknown.removeAll(keepingCapacity: true)
        before.removeAll(keepingCapacity: true)
        drops.removeAll(keepingCapacity: true)
        if late.count > 0 { late = LateSamples() }
        if passedCount > 0 { passed = [:] }
        passedCount = 0
        if decodedSlot >= 0 { decoded = SampleColumns() }
        decodedSlot = -1
        storedCount = 0
        lateCount = 0
        generatedCount = 0
    }

    fileprivate mutating func drop(_ reason: DropReason) {
        verdicts.append(.dropped)
        drops[reason, default: 0] += 1
    }
}

/// The window of times that is taken.
struct TimeWindow {
    /// Older samples are dropped{too_old}; nil takes any age.
    var oldestMs: Int64?
    /// Newer samples are dropped{future}; nil takes any.
    var newestMs: Int64?
}

extension HeadState {
    /// Finds the slots of a batch's series: fills `check.slots` and `check.unknown`, and gives back the
    /// series whose last sealed time must be looked up before `check` may run.
    mutating func locate(
        _ batch: SampleBatch,
        _ check: inout BatchCheck
    ) -> [(slot: Int, id: SeriesID)] {
        check.reset(batch.count)
        var asked: [(slot: Int, id: SeriesID)] = []
        for index in batch.series.indices {
            guard let slot = slot(of: batch.series[index]) else {
                check.unknown.append(index)
                check.slots.append(-1)
                continue
            }
            check.slots.append(slot)
            if series[slot].needsLastTime { asked.append((slot, series[slot].id)) }
        }
        return asked
    }

    /// Notes the time of the newest sealed sample of a series.
    mutating func setLastTime(_ slot: Int, _ id: SeriesID, _ time: Int64?) {
        guard series[slot].isUsed, series[slot].id == id, series[slot].needsLastTime else { return }
        series[slot].needsLastTime = false
        if let time, !series[slot].hasLastTime || time > series[slot].lastTime {
            series[slot].hasLastTime = true
            series[slot].lastTime = time
            series[slot].lastEpoch = 0
        }
    }

    /// Decides about every sample; last times move on as if the batch were applied already, which
    /// no reader sees.
    ///
    /// `undo` takes it back, `apply` makes it true.
    mutating func check(_ batch: SampleBatch, _ window: TimeWindow, _ check: inout BatchCheck) {
        let generatedFrom = batch.count - batch.generatedTail
        for index in batch.values.indices {
            let slot = check.slots[index]
            let time = batch.timeMs(index)
            let value = batch.values[index].bitPattern
            if let newest = window.newestMs, time > newest {
                check.drop(.future)
                continue
            }
            if let oldest = window.oldestMs, time < oldest {
                check.drop(.tooOld)
                continue
            }
            let before = BatchCheck.Before(slot, series[slot])
            if series[slot].advance(time: time, value: value, openEpoch) {
                check.before.append(before)
                check.verdicts.append(.inOrder)
            } else if let reason = clash(slot, time, value, &check) {
                check.drop(reason)
                continue
            } else {
                check.late.insert(epoch: openEpoch, slot: slot, time: time, value: value)
                check.verdicts.append(.late)
                check.lateCount += 1
            }
            check.storedCount += 1
            if index >= generatedFrom
                || batch.generatedMarkers && batch.values[index].isStaleMarker
            {
                check.generatedCount += 1
            }
        }
    }

    /// Takes back what `check` changed: the batch was not recorded.
    mutating func undo(_ check: BatchCheck) {
        for entry in check.before.reversed() {
            series[entry.slot].hasLastTime = entry.hadTime
            series[entry.slot].lastTime = entry.time
            series[entry.slot].lastValue = entry.value
            series[entry.slot].lastEpoch = entry.epoch
        }
    }

    /// Applies a checked and recorded batch.
    mutating func apply(_ batch: SampleBatch, _ check: BatchCheck) {
        HeadState.append(batch, check, openEpoch, limits, &series, &memory)
        guard check.lateCount > 0 else { return }
        for index in batch.values.indices where check.verdicts[index] == .late {
            late.insert(
                epoch: openEpoch,
                slot: check.slots[index],
                time: batch.timeMs(index),
                value: batch.values[index].bitPattern
            )
        }
    }

    // Over a span of the series: one check for other owners of their array, not one a sample.
    private static func append(
        _ batch: SampleBatch,
        _ check: BatchCheck,
        _ openEpoch: UInt32,
        _ limits: HeadLimits,
        _ series: inout [HeadSeries],
        _ memory: inout HeadMemory
    ) {
        var series = series.mutableSpan
        for index in batch.values.indices where check.verdicts[index] == .inOrder {
            series[check.slots[index]].append(
                time: batch.timeMs(index),
                value: batch.values[index].bitPattern,
                openEpoch,
                limits,
                &memory
            )
        }
    }

    // Whether the open epoch has a sample of this time already: a duplicate or a conflict.
    private func clash(
        _ slot: Int,
        _ time: Int64,
        _ value: UInt64,
        _ check: inout BatchCheck
    ) -> DropReason? {
        let isLast = time == series[slot].lastTime && series[slot].lastEpoch == openEpoch
        let there =
            isLast
            ? series[slot].lastValue
            : late.value(epoch: openEpoch, slot: slot, time: time)
                ?? check.late.value(epoch: openEpoch, slot: slot, time: time)
                ?? valueInOpenChunks(slot, time, &check) ?? passed(slot, time, &check)
        return there.map { $0 == value ? .duplicate : .conflict }
    }

    // Samples that this batch brought in order a moment ago are not in a chunk yet.
    private func passed(_ slot: Int, _ time: Int64, _ check: inout BatchCheck) -> UInt64? {
        for entry in check.before[check.passedCount...]
        where entry.hadTime && entry.epoch == openEpoch {
            check.passed[BatchCheck.Place(slot: entry.slot, time: entry.time)] = entry.value
        }
        check.passedCount = check.before.count
        return check.passed[BatchCheck.Place(slot: slot, time: time)]
    }

    private func valueInOpenChunks(
        _ slot: Int,
        _ time: Int64,
        _ check: inout BatchCheck
    ) -> UInt64? {
        if check.decodedSlot != slot {
            check.decodedSlot = slot
            check.decoded = decodeOpenChunks(slot)
        }
        let times = check.decoded.times
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low < times.count && times[low] == time ? check.decoded.values[low].bitPattern : nil
    }

    // The open epoch's samples of a series, which are in ascending time over all its chunks.
    private func decodeOpenChunks(_ slot: Int) -> SampleColumns {
        var chunks = series[slot].closed.filter { $0.epoch == openEpoch }.map(\.bits)
        if let encoder = series[slot].encoder, let block = series[slot].block,
            series[slot].epoch == openEpoch
        {
            chunks.append(encoder.bits(in: block))
        }
        var columns = SampleColumns()
        for bits in chunks {
            do throws(CodecError) {
                try bits.decode(times: &columns.times, values: &columns.values)
            } catch {
                preconditionFailure("BUG: an active chunk does not decode: \(error)")
            }
        }
        return columns
    }
}
