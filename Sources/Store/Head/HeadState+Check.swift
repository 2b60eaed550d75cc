// Decides what becomes of each sample of a batch: architecture section 5, "Late samples".
import Codec
import Model

/// What checking a batch found, in arrays that are used again for the next one.
struct BatchCheck {
    /// One a sample; empty when all are in order.
    var verdicts: [SampleVerdict] = []
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

    // What the check changed in the series, to take it back when the batch cannot be recorded: the
    // last times one a sample where all are in order, else more.
    fileprivate var times: [Int64] = []
    fileprivate struct Before {
        let slot: Int
        let hadTime: Bool
        let time: Int64
    }
    fileprivate var before: [Before] = []
    // Late samples of this batch: they enter the head with the batch, once it is recorded.
    fileprivate var late = LateSamples()
    // What this batch brought in order, by place, as far as it was asked for.
    fileprivate struct Place: Hashable {
        let slot: Int
        let time: Int64
    }
    fileprivate var passed: [Place: UInt64] = [:]
    fileprivate var passedCount = 0
    // The open epoch's samples of the series that was asked for last.
    fileprivate var decodedSlot = -1
    fileprivate var decoded = SampleColumns()

    fileprivate mutating func reset() {
        if !verdicts.isEmpty { verdicts.removeAll(keepingCapacity: true) }
        if !unknown.isEmpty { unknown.removeAll(keepingCapacity: true) }
        if !before.isEmpty { before.removeAll(keepingCapacity: true) }
        if !drops.isEmpty { drops.removeAll(keepingCapacity: true) }
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

    /// Why a sample of this time is not taken; nil when it is.
    @inline(__always)
    func reason(against time: Int64) -> DropReason? {
        if let newestMs, time > newestMs { return .future }
        if let oldestMs, time < oldestMs { return .tooOld }
        return nil
    }
}

extension HeadState {
    /// Decides about a batch of the usual kind, all of whose samples are later than their series' last
    /// ones; last times move on as if it were applied already, which no reader sees.
    ///
    /// `undo` takes it back, `apply` makes it true. False for any other batch: nothing was changed
    /// then, and it takes `locate` and `check`.
    mutating func advance(
        _ batch: SampleBatch,
        _ window: TimeWindow,
        _ check: inout BatchCheck
    ) -> Bool {
        check.reset()
        let count = batch.count
        if check.times.count < count {
            check.times.append(
                contentsOf: repeatElement(0, count: count - check.times.count)
            )
        }
        if batch.times.isEmpty, window.reason(against: batch.time.ms) != nil { return false }
        let advanced = advance(batch, window, &check.times)
        guard advanced == count else {
            takeBack(batch, advanced, check.times)
            return false
        }
        check.storedCount = count
        check.generatedCount = min(batch.generatedTail, count)
        if batch.generatedMarkers {
            for value in batch.values.dropLast(batch.generatedTail) where value.isStaleMarker {
                check.generatedCount += 1
            }
        }
        return true
    }

    // How many samples from the first on are in order; their series' last times go to `old`.
    private mutating func advance(
        _ batch: SampleBatch,
        _ window: TimeWindow,
        _ old: inout [Int64]
    ) -> Int {
        let handles = batch.series.span
        let times = batch.times.span
        var before = old.mutableSpan
        var time = batch.time.ms
        for index in 0..<handles.count {
            if !times.isEmpty {
                time = times[index]
                if window.reason(against: time) != nil { return index }
            }
            let slot = handles[index].slot
            let generation = handles[index].generation
            guard generation != 0, series.isHeld(slot), series[slot].ready == generation,
                time > series[slot].lastTime
            else { return index }
            before[index] = series[slot].lastTime
            series[slot].lastTime = time
        }
        return handles.count
    }

    private mutating func takeBack(_ batch: SampleBatch, _ count: Int, _ old: [Int64]) {
        for index in stride(from: count - 1, through: 0, by: -1) {
            series[batch.series[index].slot].lastTime = old[index]
        }
    }

    /// Finds places of the batch whose series are not known, for `check.unknown`, and gives back the
    /// series whose last sealed time must be looked up before `check` may run.
    mutating func locate(
        _ batch: SampleBatch,
        _ check: inout BatchCheck
    ) -> [(slot: Int, id: SeriesID)] {
        check.reset()
        var asked: [(slot: Int, id: SeriesID)] = []
        for index in batch.series.indices {
            guard let slot = slot(of: batch.series[index]) else {
                check.unknown.append(index)
                continue
            }
            if series[record: slot].needsLastTime { asked.append((slot, series[record: slot].id)) }
        }
        return asked
    }

    /// Notes the time of the newest sealed sample of a series.
    mutating func setLastTime(_ slot: Int, _ id: SeriesID, _ time: Int64?) {
        guard series.isHeld(slot), series[record: slot].isUsed, series[record: slot].id == id,
            series[record: slot].needsLastTime
        else { return }
        series[record: slot].needsLastTime = false
        if let time, !series[record: slot].hasLastTime || time > series[slot].lastTime {
            series[record: slot].hasLastTime = true
            series[slot].lastTime = time
        }
        series[slot].ready = series[record: slot].readiness
    }

    /// Decides about every sample of a batch of any kind, whose handles are all known; last times move
    /// on as if it were applied already, which no reader sees.
    ///
    /// `undo` takes it back, `apply` makes it true.
    mutating func check(_ batch: SampleBatch, _ window: TimeWindow, _ check: inout BatchCheck) {
        let generatedFrom = batch.count - batch.generatedTail
        for index in batch.values.indices {
            let slot = batch.series[index].slot
            let time = batch.timeMs(index)
            let value = batch.values[index].bitPattern
            if let reason = window.reason(against: time) {
                check.drop(reason)
                continue
            }
            let hadTime = series[record: slot].hasLastTime
            if !hadTime || time > series[slot].lastTime {
                check.before.append(
                    BatchCheck.Before(slot: slot, hadTime: hadTime, time: series[slot].lastTime)
                )
                setTime(slot, time, isTime: true)
                check.verdicts.append(.inOrder)
            } else if let reason = clash(slot, time, value, batch, index, &check) {
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

    private mutating func setTime(_ slot: Int, _ time: Int64, isTime: Bool) {
        series[slot].lastTime = time
        series[record: slot].hasLastTime = isTime
        series[slot].ready = series[record: slot].readiness
    }

    /// Takes back what `advance` or `check` changed: the batch was not recorded.
    mutating func undo(_ batch: SampleBatch, _ check: BatchCheck) {
        if check.verdicts.isEmpty { return takeBack(batch, batch.count, check.times) }
        for entry in check.before.reversed() {
            setTime(entry.slot, entry.time, isTime: entry.hadTime)
        }
    }

    /// Applies a checked and recorded batch.
    ///
    /// The check stays as it is: `inout` spares a copy.
    mutating func apply(_ batch: SampleBatch, _ check: inout BatchCheck) {
        if check.verdicts.isEmpty { return applyAll(batch) }
        for index in batch.values.indices {
            let slot = batch.series[index].slot
            let value = batch.values[index].bitPattern
            switch check.verdicts[index] {
            case .inOrder: append(slot, time: batch.timeMs(index), value: value)
            case .late:
                late.insert(
                    epoch: openEpoch,
                    slot: slot,
                    time: batch.timeMs(index),
                    value: value
                )
            case .dropped: continue
            }
        }
    }

    private mutating func applyAll(_ batch: SampleBatch) {
        let handles = batch.series.span
        let values = batch.values.span
        let times = batch.times.span
        var time = batch.time.ms
        for index in 0..<handles.count {
            if !times.isEmpty { time = times[index] }
            append(handles[index].slot, time: time, value: values[index].bitPattern)
        }
    }

    // Whether the open epoch has a sample of this time already: a duplicate or a conflict.
    private func clash(
        _ slot: Int,
        _ time: Int64,
        _ value: UInt64,
        _ batch: SampleBatch,
        _ index: Int,
        _ check: inout BatchCheck
    ) -> DropReason? {
        let there =
            lastValue(slot, time)
            ?? late.value(epoch: openEpoch, slot: slot, time: time)
            ?? check.late.value(epoch: openEpoch, slot: slot, time: time)
            ?? passed(slot, time, batch, index, &check)
            ?? valueInOpenChunks(slot, time, &check)
        return there.map { $0 == value ? .duplicate : .conflict }
    }

    // The last value of the open epoch's active chunk, when it is of this time.
    private func lastValue(_ slot: Int, _ time: Int64) -> UInt64? {
        guard let encoder = series[slot].encoder, series[slot].epoch == openEpoch,
            encoder.lastTime == time
        else { return nil }
        return encoder.lastValue
    }

    // Samples that this batch brought in order a moment ago are not in a chunk yet.
    private func passed(
        _ slot: Int,
        _ time: Int64,
        _ batch: SampleBatch,
        _ index: Int,
        _ check: inout BatchCheck
    ) -> UInt64? {
        for place in check.passedCount..<index where check.verdicts[place] == .inOrder {
            let key = BatchCheck.Place(
                slot: batch.series[place].slot,
                time: batch.timeMs(place)
            )
            check.passed[key] = batch.values[place].bitPattern
        }
        check.passedCount = index
        return check.passed[BatchCheck.Place(slot: slot, time: time)]
    }

    private func valueInOpenChunks(
        _ slot: Int,
        _ time: Int64,
        _ check: inout BatchCheck
    ) -> UInt64? {
        // Without a sample of the open epoch there is nothing to decode.
        guard series[slot].epoch == openEpoch else { return nil }
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
        var chunks: [ChunkBits] = []
        closed.forEach(series[record: slot]) { chunk in
            if chunk.epoch == openEpoch { chunks.append(chunk.bits) }
        }
        if let encoder = series[slot].encoder, series[slot].epoch == openEpoch {
            chunks.append(encoder.bits(from: series[record: slot].start))
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
