// Where an import puts its samples.
internal import API
internal import Model
internal import Platform
internal import Store

/// Takes series and stores what is not there yet.
protocol ImportSink {
    /// Stores all of it, or counts why not.
    /// - Throws: when nothing more can be stored.
    func store(
        _ series: [(labels: Labels, samples: SampleColumns)]
    ) async throws(DataFailure) -> ImportReport
}

/// A running agent.
struct ServerSink: ImportSink {
    let client: DataClient

    func store(
        _ series: [(labels: Labels, samples: SampleColumns)]
    ) async throws(DataFailure) -> ImportReport {
        try await client.store(series)
    }
}

/// The directory of a stopped agent, opened for the time of the import.
final class DirectorySink: ImportSink {
    // A batch holds the store's lock and is in memory a few times.
    private static let batchSamples = 20_000

    private let database: Database
    private let stream: StreamHandle

    /// Opens the store, or makes one where none is.
    /// - Throws: why it cannot be written.
    init(_ options: StoreOptions, _ context: CommandContext) throws(DataFailure) {
        var options = options
        // Sealing goes in step with the import, so that memory stays bounded; deleting what is too
        // old is the agent's business.
        options.runsMaintenance = false
        do throws(StoreError) {
            database = try Database(
                options,
                fileSystem: context.files,
                wallClock: context.clock,
                log: Logger(level: .warn)
            )
        } catch {
            throw DataPlace.failure(error)
        }
        stream = database.openStream(.push)
    }

    func store(
        _ series: [(labels: Labels, samples: SampleColumns)]
    ) throws(DataFailure) -> ImportReport {
        var report = ImportReport()
        var missing = series
        do throws(SegmentError) {
            report.add(try database.takeOutKnown(&missing))
        } catch {
            throw DataFailure(error)
        }
        // Runs of neighbouring series that make a batch together.
        var first = 0
        var count = 0
        for index in missing.indices {
            count += missing[index].samples.count
            if count >= DirectorySink.batchSamples || index == missing.count - 1 {
                try append(missing[first...index], &report)
                first = index + 1
                count = 0
            }
        }
        database.sealPending()
        return report
    }

    /// Seals and makes durable what was stored.
    /// - Throws: when the disk does not take it.
    func close() throws(DataFailure) {
        do throws(StoreError) { try database.close() } catch { throw DataFailure(error) }
    }

    private func append(
        _ series: ArraySlice<(labels: Labels, samples: SampleColumns)>,
        _ report: inout ImportReport
    ) throws(DataFailure) {
        // A series that was let go between asking for its handle and storing is asked for again.
        for _ in 0..<3 {
            let batch = batch(of: series)
            switch database.append(batch) {
            case .stored(let count, let dropped):
                report.stored += count
                report.add(dropped)
                return
            case .unknownSeries: continue
            case .refused(let reason):
                throw DataFailure(
                    "cannot store more (\(reason.text)); is the disk full? "
                        + "Import it again later: what is stored is left out then"
                )
            }
        }
        throw DataFailure("the store forgot series; import it again")
    }

    private func batch(
        of series: ArraySlice<(labels: Labels, samples: SampleColumns)>
    ) -> SampleBatch {
        let newest = series.compactMap { $0.samples.times.last }.max() ?? 0
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: newest))
        var refused: [DropReason: Int] = [:]
        for (one, handle) in zip(series, database.handles(for: series.map(\.labels))) {
            switch handle {
            case .failure(let refusal): refused[refusal.reason, default: 0] += one.samples.count
            case .success(let handle):
                batch.series += Array(repeating: handle, count: one.samples.count)
                batch.times += one.samples.times
                batch.values += one.samples.values
            }
        }
        batch.droppedBefore = refused.map { DropCount($0.key, $0.value) }
            .sorted { $0.reason.rawValue < $1.reason.rawValue }
        return batch
    }
}
