// `tsdb-agent export`: series as text, out of a running agent or a stopped one's directory.
internal import API
internal import Formats
internal import Model
internal import Platform
internal import PromQL
internal import Store

/// One run of `export`.
struct ExportCommand {
    // What is collected before it is written.
    private static let writeBytes = 1 << 20

    private let arguments: CommandArguments
    private let context: CommandContext
    private let place: DataPlace
    private let format: SeriesFormat
    private let selectors: [[LabelMatcher]]
    private let range: TimeRange

    /// Reads the arguments.
    /// - Throws: the first that is wrong or does not go with another.
    init(_ arguments: CommandArguments, _ context: CommandContext) throws(UsageError) {
        self.arguments = arguments
        self.context = context
        place = try DataPlace(arguments)
        let word = arguments["format"] ?? SeriesFormat.openMetrics.rawValue
        guard let format = SeriesFormat(rawValue: word), format != .prometheus else {
            throw .badValue(option: "format", text: word, wanted: "openmetrics or csv")
        }
        self.format = format
        var selectors: [[LabelMatcher]] = []
        for text in arguments.options["match"] ?? [] {
            do throws(PromQLError) {
                selectors.append(try PromQLParser.parseSelector(text))
            } catch {
                throw .badValue(
                    option: "match",
                    text: text,
                    wanted: "a series selector, such as up{job=\"node\"} (\(error))"
                )
            }
        }
        self.selectors = selectors
        let nowMs = context.clock.nowMs()
        let start = try arguments["start"].map { text throws(UsageError) in
            try QueryCommand.time(text, "start", nowMs)
        }
        let end = try arguments["end"].map { text throws(UsageError) in
            try QueryCommand.time(text, "end", nowMs)
        }
        if let start, let end, end < start {
            throw .badValue(
                option: "end",
                text: arguments["end"] ?? "",
                wanted: "a time that is not before --start"
            )
        }
        range = TimeRange(
            start.map { Timestamp(ms: $0) } ?? .min,
            end.map { Timestamp(ms: $0) } ?? .max
        )
    }

    /// Writes the series; answers 1 when not all of them could be written.
    func run(_ ask: @escaping DataAsk) async -> Int32 {
        var output = Output(context)
        do throws(DataFailure) {
            let isWhole =
                switch place {
                case .directory: try fromDirectory(&output)
                case .server(let server): try await fromServer(server, ask, &output)
                }
            try output.finish()
            return isWhole ? 0 : 1
        } catch {
            output.progress.clear()
            context.err("tsdb-agent export: \(error)\n")
            return 1
        }
    }

    // MARK: Out of a directory

    private func fromDirectory(_ output: inout Output) throws(DataFailure) -> Bool {
        let config = try DataPlace.config(arguments, context)
        var options = config.storeOptions
        options.isReadOnly = true
        let database: Database
        do throws(StoreError) {
            database = try Database(
                options,
                fileSystem: context.files,
                log: Logger(level: .warn)
            )
        } catch {
            throw DataPlace.failure(error)
        }
        let source = StoreQueryable(database)
        do throws(QueryStorageError) {
            output.begin(format, try columns(source))
            let scan = try ExportScan(
                source: source,
                names: source,
                selectors: selectors,
                range: range
            )
            var samples = SampleColumns()
            while let labels = try scan.step(&samples) {
                do throws(DataFailure) { try output.write(labels, samples) } catch {
                    throw .failed(error.description)
                }
            }
        } catch {
            throw DataFailure(error)
        }
        let damages = database.recovery.quarantined + database.statistics().damagedReads
        return isWhole(damages, "see tsdb-agent verify \(options.basePath)", &output)
    }

    // Says what is missing, if anything is.
    private func isWhole(_ damages: Int, _ advice: String, _ output: inout Output) -> Bool {
        guard damages > 0 else { return true }
        output.progress.clear()
        context.err(
            "tsdb-agent export: \(damages) damaged files or parts were left out; \(advice)\n"
        )
        return false
    }

    // Only CSV needs to know them before the first series.
    private func columns(_ source: StoreQueryable) throws(QueryStorageError) -> [String] {
        guard format == .csv else { return [] }
        var names: Set<String> = []
        for matchers in selectors.isEmpty ? [[]] : selectors {
            names.formUnion(
                try source.labelNames(matchers, in: range, limit: 0, check: { nil }).texts
            )
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // MARK: Out of a running agent

    private func fromServer(
        _ server: ServerAddress,
        _ ask: @escaping DataAsk,
        _ output: inout Output
    ) async throws(DataFailure) -> Bool {
        let token: String
        do throws(QueryFailure) {
            token = try ServerAddress.token(arguments, context)
        } catch { throw DataFailure(error) }
        let client = DataClient(server: server, token: token, ask: ask)
        let form = self.form
        let names = format == .csv ? try await client.labelNames(form) : []
        output.begin(format, names)
        let known = Set(names)
        var last: Labels?
        var damages = 0
        while true {
            let (page, leftOut) = try await client.page(form, after: last)
            damages += leftOut
            guard let end = page.last else {
                return isWhole(damages, "see the server's log", &output)
            }
            if let last, !page.contains(where: { $0.labels != last }) {
                throw DataFailure("the server's pages do not move on")
            }
            for (labels, samples) in page {
                // A series that began to exist since the columns were asked for.
                if format == .csv, labels.array.contains(where: { !known.contains($0.name) }) {
                    context.err("tsdb-agent export: new while exporting, left out: \(labels)\n")
                    continue
                }
                try output.write(labels, samples)
            }
            last = end.labels
        }
    }

    private var form: [ConfigParameter] {
        var form = [ConfigParameter("match[]", arguments.options["match"] ?? [])]
        for (name, time) in [("start", range.start), ("end", range.end)]
        where time != .min && time != .max {
            var text: [UInt8] = []
            SecondsText.write(time.ms, to: &text)
            form.append(ConfigParameter(name, [String(decoding: text, as: UTF8.self)]))
        }
        return form
    }

    /// Text on its way out.
    private struct Output {
        var progress: ProgressLine
        private let context: CommandContext
        private var writer = SeriesWriter(.csv)
        private var bytes: [UInt8] = []
        private var series = 0
        private var samples = 0

        init(_ context: CommandContext) {
            self.context = context
            progress = ProgressLine(context)
        }

        mutating func begin(_ format: SeriesFormat, _ columns: [String]) {
            writer = SeriesWriter(format, columns: columns)
            writer.begin(to: &bytes)
        }

        mutating func write(_ labels: Labels, _ columns: SampleColumns) throws(DataFailure) {
            writer.write(labels, columns, to: &bytes)
            series += 1
            samples += columns.count
            progress.update("\(samples) samples of \(series) series, at \(labels)")
            if bytes.count >= writeBytes { try flush() }
        }

        mutating func finish() throws(DataFailure) {
            writer.end(to: &bytes)
            try flush()
            progress.clear()
            if writer.leftOutMarkers > 0 || writer.changedValues > 0 {
                context.err(
                    "tsdb-agent export: OpenMetrics has no word for \(writer.leftOutMarkers) stale "
                        + "markers, left out, and for the bits of \(writer.changedValues) NaNs; "
                        + "--format csv keeps both\n"
                )
            }
        }

        private mutating func flush() throws(DataFailure) {
            do throws(Errno) { try context.emit(bytes) } catch {
                throw DataFailure("cannot write to standard output: \(error)")
            }
            bytes.removeAll(keepingCapacity: true)
        }
    }
}
