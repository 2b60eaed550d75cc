// `tsdb-agent import`: series as text, into a running agent or a stopped one's directory.
internal import API
internal import Formats
internal import Forward
internal import Model
internal import Platform
internal import Store

/// One run of `import`.
struct ImportCommand {
    private static let readBytes = 256 << 10
    // What is in memory at once, and what a server gets at once.
    private static let batchSamples = 100_000

    private let arguments: CommandArguments
    private let context: CommandContext
    private let place: DataPlace
    private let format: SeriesFormat?
    private let labels: [Label]

    /// Reads the arguments.
    /// - Throws: the first that is wrong or does not go with another.
    init(_ arguments: CommandArguments, _ context: CommandContext) throws(UsageError) {
        self.arguments = arguments
        self.context = context
        place = try DataPlace(arguments)
        format = try arguments["format"].map { word throws(UsageError) in
            guard let format = SeriesFormat(rawValue: word) else {
                throw .badValue(
                    option: "format",
                    text: word,
                    wanted: "openmetrics, prometheus or csv"
                )
            }
            return format
        }
        var labels: [Label] = []
        for text in arguments.options["label"] ?? [] {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw .badValue(option: "label", text: text, wanted: "NAME=VALUE")
            }
            labels.append(Label(String(parts[0]), String(parts[1])))
        }
        self.labels = labels
    }

    /// Stores what the files say; answers 1 when a part of it was not stored.
    func run(_ ask: @escaping DataAsk) async -> Int32 {
        var tally = Tally(context, retentionMs: 0)
        do throws(DataFailure) {
            switch place {
            case .directory:
                let config = try DataPlace.config(arguments, context)
                tally = Tally(context, retentionMs: config.storage.retentionTimeMs)
                let sink = try DirectorySink(config.storeOptions, context)
                let failure = await read(into: sink, &tally)
                try sink.close()
                if let failure { throw failure }
            case .server(let server):
                let token: String
                do throws(QueryFailure) {
                    token = try ServerAddress.token(arguments, context)
                } catch { throw DataFailure(error) }
                let sink = ServerSink(client: DataClient(server: server, token: token, ask: ask))
                if let failure = await read(into: sink, &tally) { throw failure }
            }
            return tally.finish()
        } catch {
            _ = tally.finish()
            context.err("tsdb-agent import: \(error)\n")
            return 1
        }
    }

    // What was read before something went wrong is stored all the same.
    private func read(into sink: some ImportSink, _ tally: inout Tally) async -> DataFailure? {
        for path in arguments.operands {
            var batch = ImportBatch(labels)
            var failure: DataFailure?
            do throws(DataFailure) {
                try await read(path, into: sink, &batch, &tally)
            } catch {
                failure = error
            }
            do throws(DataFailure) {
                try await flush(&batch, into: sink, &tally)
            } catch {
                return failure ?? error
            }
            if let failure { return failure }
        }
        return nil
    }

    private func read(
        _ path: String,
        into sink: some ImportSink,
        _ batch: inout ImportBatch,
        _ tally: inout Tally
    ) async throws(DataFailure) {
        if ArchivePlace.isOne(path) {
            return try await readArchive(path, into: sink, &batch, &tally)
        }
        let name = path == "-" ? "standard input" : path
        let isTable = path.hasSuffix(".csv")
        var reader = SeriesReader(
            format ?? (isTable ? .csv : .openMetrics),
            arrivalMs: context.clock.nowMs()
        )
        let input: SequentialInput
        do throws(Errno) { input = try SequentialInput(path) } catch {
            throw DataFailure("cannot open \(name): \(error)")
        }
        var isDone = false
        while !isDone {
            let piece: [UInt8]
            do throws(Errno) { piece = try input.read(limit: ImportCommand.readBytes) } catch {
                throw DataFailure("cannot read \(name): \(error)")
            }
            isDone = piece.isEmpty
            tally.bytes += piece.count
            do throws(SeriesTextError) {
                if isDone {
                    try reader.finish { batch.add($0, $1, $2) }
                } else {
                    try reader.feed(piece.span) { batch.add($0, $1, $2) }
                }
            } catch {
                throw DataFailure("\(name):\(error)")
            }
            if batch.count >= ImportCommand.batchSamples {
                try await flush(&batch, into: sink, &tally)
            }
        }
    }

    // Segment after segment, oldest first; what is damaged is told and left out, and the rest goes in.
    private func readArchive(
        _ path: String,
        into sink: some ImportSink,
        _ batch: inout ImportBatch,
        _ tally: inout Tally
    ) async throws(DataFailure) {
        let session = try ArchiveSession(path, arguments, context)
        var failure: DataFailure?
        do throws(DataFailure) {
            for segment in try await session.segments() {
                let reader: SegmentReader
                do throws(S3Error) {
                    reader = try await session.reader.segment(
                        segment.name,
                        byteCount: segment.byteCount
                    )
                } catch {
                    guard error.isOfTheObject else { throw DataFailure(error) }
                    tally.note(damaged: "\(error)")
                    continue
                }
                tally.bytes += segment.byteCount
                try await read(reader, into: sink, &batch, &tally)
            }
        } catch {
            failure = error
        }
        await session.end()
        if let failure { throw failure }
    }

    private func read(
        _ segment: SegmentReader,
        into sink: some ImportSink,
        _ batch: inout ImportBatch,
        _ tally: inout Tally
    ) async throws(DataFailure) {
        for series in 0..<segment.seriesCount {
            var samples = SampleColumns()
            let labels: Labels
            do throws(SegmentError) {
                labels = try segment.labels(of: series)
                for chunk in try segment.chunks(of: series) {
                    try segment.decode(chunk, into: &samples)
                }
            } catch {
                throw DataFailure(error)
            }
            for index in 0..<samples.count {
                batch.add(labels, samples.times[index], samples.values[index])
                if batch.count >= ImportCommand.batchSamples {
                    try await flush(&batch, into: sink, &tally)
                }
            }
        }
    }

    private func flush(
        _ batch: inout ImportBatch,
        into sink: some ImportSink,
        _ tally: inout Tally
    ) async throws(DataFailure) {
        guard batch.count > 0 else { return }
        tally.noteAge(of: batch.series)
        tally.add(try await sink.store(batch.series))
        batch.removeAll()
    }

    /// Samples on their way in, by series.
    private struct ImportBatch {
        private(set) var series: [(labels: Labels, samples: SampleColumns)] = []
        private(set) var count = 0
        private var places: [Labels: Int] = [:]
        private var lastLabels = Labels()
        private var lastPlace = 0
        private let added: [Label]

        init(_ added: [Label]) {
            self.added = added
        }

        mutating func add(_ labels: Labels, _ timeMs: Int64, _ value: Double) {
            if count == 0 || labels != lastLabels {
                lastLabels = labels
                if let place = places[labels] {
                    lastPlace = place
                } else {
                    lastPlace = series.count
                    places[labels] = lastPlace
                    series.append((widened(labels), SampleColumns()))
                }
            }
            series[lastPlace].samples.append(timeMs, value)
            count += 1
        }

        mutating func removeAll() {
            series.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
            count = 0
        }

        private func widened(_ labels: Labels) -> Labels {
            if added.isEmpty { return labels }
            var builder = LabelsBuilder(labels)
            for label in added { builder.set(label.name, label.value) }
            return builder.labels()
        }
    }

    /// What became of everything so far.
    private struct Tally {
        var bytes = 0
        private var report = ImportReport()
        private var old = 0
        private var damaged = 0
        private var progress: ProgressLine
        private let context: CommandContext
        private let retentionMs: Int64

        init(_ context: CommandContext, retentionMs: Int64) {
            self.context = context
            self.retentionMs = retentionMs
            progress = ProgressLine(context)
        }

        mutating func noteAge(of series: [(labels: Labels, samples: SampleColumns)]) {
            guard retentionMs > 0 else { return }
            let (limit, overflow) = context.clock.nowMs().subtractingReportingOverflow(retentionMs)
            if overflow { return }
            for one in series { old += one.samples.times.count { $0 < limit } }
        }

        mutating func note(damaged text: String) {
            damaged += 1
            progress.clear()
            context.err("tsdb-agent import: left out: \(text)\n")
        }

        mutating func add(_ more: ImportReport) {
            report.stored += more.stored
            report.duplicates += more.duplicates
            report.conflicts += more.conflicts
            report.dropped.merge(more.dropped, uniquingKeysWith: +)
            progress.update("\(bytes >> 20) MB read, \(report.stored) samples stored")
        }

        mutating func finish() -> Int32 {
            progress.clear()
            var text = "\(report.stored) samples stored, \(report.duplicates) were there already"
            if report.conflicts > 0 {
                text += ", \(report.conflicts) have another value in the store, which stays"
            }
            for (reason, count) in report.dropped.sorted(by: { $0.key < $1.key }) {
                text += ", \(count) dropped: \(reason)"
            }
            context.out(text + "\n")
            if old > 0 {
                context.err(
                    "tsdb-agent import: \(old) samples are older than storage.retention_time; "
                        + "the agent deletes them unless it is raised\n"
                )
            }
            return report.dropped.isEmpty && damaged == 0 ? 0 : 1
        }
    }
}
