// The agent's own metrics on their way into its own store: `agent.self_interval`.
import Collect
import Model
import Platform

/// Appends a snapshot of the meters at every tick, until its task is cancelled.
actor OwnMetrics {
    private nonisolated let loop: EventLoop
    private let meters: MeterRegistry
    private let sink: any SampleSink
    private let wallClock: any WallClock
    private let intervalMs: Int64
    private let labels: [Label]

    // The list of the last batch: handles are asked for only when the list changes.
    private var series: [Labels] = []
    private var admitted: [SeriesAdmission] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Prepares the cycle; `labels` are `job` and `instance` of the series.
    init(
        loop: EventLoop,
        meters: MeterRegistry,
        sink: any SampleSink,
        wallClock: any WallClock,
        intervalMs: Int64,
        labels: [Label]
    ) {
        self.loop = loop
        self.meters = meters
        self.sink = sink
        self.wallClock = wallClock
        self.intervalMs = intervalMs
        self.labels = labels
    }

    func run() async {
        let stream = sink.openStream(.own)
        var next = loop.clock.now
        while !Task.isCancelled {
            await store(stream)
            next = next.advanced(by: .milliseconds(intervalMs))
            while next < loop.clock.now { next = next.advanced(by: .milliseconds(intervalMs)) }
            do throws(CancellationError) {
                try await loop.sleep(until: next)
            } catch {
                break
            }
        }
        sink.closeStream(stream)
    }

    private func store(_ stream: StreamHandle) async {
        let rows = OwnMetrics.rows(meters.snapshot())
        let names = rows.map { row in Labels(row.labels + labels) }
        for _ in 0..<2 {
            if names != series || admitted.count != names.count {
                series = names
                admitted = sink.admit(names)
            }
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: wallClock.nowMs()))
            var refused: [DropReason: Int] = [:]
            for (index, admission) in admitted.enumerated() {
                switch admission {
                case .admitted(let handle):
                    batch.series.append(handle)
                    batch.values.append(rows[index].value)
                case .refused(let reason): refused[reason, default: 0] += 1
                }
            }
            batch.droppedBefore = refused.map { DropCount($0.key, $0.value) }
            guard case .unknownSeries = await sink.append(batch) else { return }
            admitted = []
        }
    }

    private struct Row {
        let labels: [Label]
        let value: Double
    }

    // Histograms as the exposition format shows them: buckets, sum and count.
    private static func rows(_ families: [MeterFamily]) -> [Row] {
        var rows: [Row] = []
        for family in families {
            for series in family.series {
                let labels = series.labels.map { Label($0.name, $0.value) }
                func add(_ suffix: String, _ value: Double, _ more: [Label] = []) {
                    let name = Label(Label.metricName, family.name + suffix)
                    rows.append(Row(labels: [name] + labels + more, value: value))
                }
                switch series.value {
                case .number(let value): add("", value)
                case .histogram(let reading):
                    for (bound, count) in zip(reading.bounds, reading.cumulative) {
                        add("_bucket", Double(count), [Label("le", FloatText.text(bound))])
                    }
                    add("_bucket", Double(reading.count), [Label("le", "+Inf")])
                    add("_sum", reading.sum)
                    add("_count", Double(reading.count))
                }
            }
        }
        return rows
    }
}
