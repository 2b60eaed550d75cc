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
    fileprivate var before: [(slot: Int, time: Int64, value: UInt64, epoch: UInt32)] = []
    fileprivate var insertedLate: [(slot: Int, time: Int64)] = []

    fileprivate mutating func reset(_ count: Int) {
        verdicts.removeAll(keepingCapacity: true)
        verdicts.reserveCapacity(count)
        unknown.removeAll(keepingCapacity: true)
        before.removeAll(keepingCapacity: true)
        insertedLate.removeAll(keepingCapacity: true)
        drops.removeAll(keepingCapacity: true)
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
    mutating func locate(_ batch: SampleBatch, _ check: inout BatchCheck) -> [(slot: Int, id: SeriesID)] {
        check.reset(batch.count)
        check.slots.removeAll(keepingCapacity: true)
        check.slots.reserveCapacity(batch.count)
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
        if let time, time > series[slot].lastTime {
            series[slot].lastTime = time
            series[slot].lastEpoch = 0
        }
    }

    /// Decides about every sample; last times move on as if the batch were applied already.
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
            if time > series[slot].lastTime || series[slot].lastTime == .min {
                check.before.append(
                    (slot, series[slot].lastTime, series[slot].lastValue, series[slot].lastEpoch))
                series[slot].lastTime = time
                series[slot].lastValue = value
                series[slot].lastEpoch = openEpoch
                check.verdicts.append(.inOrder)
            } else if let reason = clash(slot, time, value, check) {
                check.drop(reason)
                continue
            } else {
                late.insert(epoch: openEpoch, slot: slot, time: time, value: value)
                check.insertedLate.append((slot, time))
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
            series[entry.slot].lastTime = entry.time
            series[entry.slot].lastValue = entry.value
            series[entry.slot].lastEpoch = entry.epoch
        }
        for entry in check.insertedLate {
            late.remove(epoch: openEpoch, slot: entry.slot, time: entry.time)
        }
    }

    /// Applies a checked and recorded batch. Its late samples are in place since the check.
    mutating func apply(_ batch: SampleBatch, _ check: BatchCheck) {
        for index in batch.values.indices where check.verdicts[index] == .inOrder {
            append(
                check.slots[index], time: batch.timeMs(index), value: batch.values[index].bitPattern)
        }
    }

    // Whether the open epoch has a sample of this time already: a duplicate or a conflict.
    private func clash(
        _ slot: Int, _ time: Int64, _ value: UInt64, _ check: BatchCheck
    ) -> DropReason? {
        let one = series[slot]
        if time == one.lastTime, one.lastEpoch == openEpoch {
            return value == one.lastValue ? .duplicate : .conflict
        }
        if let run = late.run(epoch: openEpoch, slot: slot) {
            let (index, isThere) = run.place(of: time)
            if isThere { return run.values[index] == value ? .duplicate : .conflict }
        }
        if let there = valueInOpenChunks(one, time) ?? valueInBatch(slot, time, check) {
            return there == value ? .duplicate : .conflict
        }
        return nil
    }

    // Samples that this batch brought in order a moment ago are not in a chunk yet.
    private func valueInBatch(_ slot: Int, _ time: Int64, _ check: BatchCheck) -> UInt64? {
        // `before` holds each earlier last sample of the slot: of these, the ones of this batch.
        for entry in check.before.reversed()
        where entry.slot == slot && entry.time == time && entry.epoch == openEpoch {
            return entry.value
        }
        return nil
    }

    private func valueInOpenChunks(_ one: HeadSeries, _ time: Int64) -> UInt64? {
        var candidates: [ChunkBits] = one.closed.filter {
            $0.epoch == openEpoch && $0.firstTime <= time && time <= $0.lastTime
        }.map(\.bits)
        if let encoder = one.encoder, let block = one.block, one.epoch == openEpoch,
            encoder.firstTime <= time, time <= encoder.lastTime
        {
            candidates.append(encoder.bits(in: block))
        }
        for bits in candidates {
            var times: [Int64] = []
            var values: [Double] = []
            do throws(CodecError) {
                try bits.decode(times: &times, values: &values)
            } catch {
                preconditionFailure("BUG: an active chunk does not decode: \(error)")
            }
            if let place = times.firstIndex(of: time) { return values[place].bitPattern }
        }
        return nil
    }
}
