// The batch of a scrape: what it brought, the markers of what is gone, the report.
internal import Model

extension ScrapeIntake {
    /// The batch of a scrape.
    ///
    /// Samples stand in the order of the text, so that the layout is the same from scrape to scrape;
    /// a failed scrape brings none, and markers for everything the last one had.
    mutating func batch(
        _ stream: StreamHandle,
        at time: Timestamp,
        isUp: Bool,
        durationSeconds: Double
    ) -> SampleBatch {
        var batch = SampleBatch(stream: stream, time: time, generatedMarkers: true)
        places.removeAll(keepingCapacity: true)
        var seriesAdded = 0
        if isUp {
            seriesAdded = addSamples(to: &batch)
            lastStored = scrape
        }
        addMarkers(to: &batch, all: !isUp)
        let report = ScrapeReport(
            isUp: isUp,
            durationSeconds: durationSeconds,
            scraped: scraped,
            kept: kept,
            seriesAdded: seriesAdded
        )
        addReport(report.values, to: &batch)
        return batch
    }

    /// The batch of a target that is gone: markers for all it had, its report among them.
    mutating func lastBatch(_ stream: StreamHandle, at time: Timestamp) -> SampleBatch {
        begin()
        var batch = SampleBatch(stream: stream, time: time, generatedMarkers: true)
        places.removeAll(keepingCapacity: true)
        addMarkers(to: &batch, all: true)
        addReport(report.map { _ in StaleMarker.value }, to: &batch)
        return batch
    }

    /// The same batch once more, with the handles as they are known now.
    ///
    /// The samples of series that have none any more, orphans among them, are left out.
    mutating func renewed(_ batch: SampleBatch) -> SampleBatch {
        var renewed = batch
        renewed.series = []
        renewed.values = []
        renewed.times = []
        var kept: [Int32] = []
        let timed = !batch.times.isEmpty
        for (place, slot) in places.enumerated() {
            guard slot >= 0, cache.slots[Int(slot)].state == .admitted else { continue }
            let handle = SeriesHandle(raw: cache.slots[Int(slot)].handle)
            kept.append(slot)
            renewed.series.append(handle)
            renewed.values.append(batch.values[place])
            if timed { renewed.times.append(batch.times[place]) }
        }
        let tail = batch.values.suffix(batch.generatedTail)
        places = kept
        renewed.generatedTail = 0
        addReport(Array(tail), to: &renewed)
        return renewed
    }

    private mutating func addSamples(to batch: inout SampleBatch) -> Int {
        batch.series.reserveCapacity(found.count + ScrapeReport.names.count)
        batch.values.reserveCapacity(found.count + ScrapeReport.names.count)
        var seriesAdded = 0
        var refusals = [Int](repeating: 0, count: 256)
        for (index, number) in found.enumerated() {
            let slot = Int(number)
            let known = cache.slots[slot]
            let time = hasTimes ? times[index] : nil
            if known.state == .refused {
                refusals[Int(known.refusal)] += 1
                continue
            }
            guard known.state == .admitted else { continue }
            if known.lastStored == 0 || known.lastStored != lastStored && known.lastStored != scrape
            {
                seriesAdded += 1
            }
            cache.update(slot) { slot in
                slot.lastStored = scrape
                slot.isTracked = time == nil || rules.options.trackTimestampsStaleness
            }
            places.append(Int32(slot))
            batch.series.append(SeriesHandle(raw: known.handle))
            batch.values.append(values[index])
            if hasTimes { batch.times.append(time ?? batch.time.ms) }
        }
        if duplicates > 0 { refusals[Int(DropReason.duplicate.rawValue)] += duplicates }
        for (raw, count) in refusals.enumerated() where count > 0 {
            if let reason = DropReason(rawValue: UInt8(raw)) {
                batch.droppedBefore.append(DropCount(reason, count))
            }
        }
        return seriesAdded
    }

    private mutating func addMarkers(to batch: inout SampleBatch, all: Bool) {
        var gone: [(slot: Int32, handle: SeriesHandle)] = []
        for slot in cache.slots.indices where cache.slots[slot].isTracked {
            let known = cache.slots[slot]
            guard all || known.lastStored != scrape else { continue }
            gone.append((Int32(slot), SeriesHandle(raw: known.handle)))
            cache.update(slot) { $0.isTracked = false }
        }
        gone += orphans.map { (-1, $0) }
        guard !gone.isEmpty else { return }
        // Another spelling of a series, or its rewritten twin, may be here: then it is not gone.
        var present = Set(batch.series)
        for (slot, handle) in gone where present.insert(handle).inserted {
            places.append(slot)
            batch.series.append(handle)
            batch.values.append(StaleMarker.value)
            if !batch.times.isEmpty { batch.times.append(batch.time.ms) }
        }
        orphans = []
    }

    private func addReport(_ values: [Double], to batch: inout SampleBatch) {
        for (handle, value) in zip(report, values) {
            guard let handle else { continue }
            batch.series.append(handle)
            batch.values.append(value)
            if !batch.times.isEmpty { batch.times.append(batch.time.ms) }
            batch.generatedTail += 1
        }
    }
}
