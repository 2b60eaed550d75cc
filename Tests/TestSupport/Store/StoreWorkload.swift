// What a store is given in crash tests: steps that anyone can work out again from their number, so that
// what is found after a crash is checked sample by sample, without a log of what was written.
public import Model
public import Store

/// One writer's batches, by number.
///
/// Three of four are scrapes of eight series, two of which change now and then. The fourth is a push
/// with times of its own: late samples, a series twice, and, where the step before is known to be
/// stored, two of its samples again, one of them with another value.
public struct StoreWorkload: Sendable {
    /// One sample as it is offered.
    public struct Sample: Sendable {
        public let series: Int
        public let timeMs: Int64
        public let value: Double
        /// Offered before: dropped, or hidden by the first one.
        public let isRepeat: Bool
    }

    /// Which writer it is; writers share no series.
    public let lane: Int

    /// Takes the writer's number.
    public init(lane: Int) {
        self.lane = lane
    }

    static let baseMs: Int64 = 1_700_000_000_000
    static let stepMs: Int64 = 1_000
    /// How far behind its step a late sample is; not a multiple of `stepMs`, so that no two samples
    /// of a series have the same time.
    static let lateMs: Int64 = 7_300
    static let repeated = [3, 4]

    /// The samples of a step.
    public func samples(_ step: Int, repeating: Bool) -> [Sample] {
        let timeMs = StoreWorkload.baseMs + Int64(step) * StoreWorkload.stepMs
        func own(_ series: Int, _ timeMs: Int64) -> Sample {
            Sample(
                series: series,
                timeMs: timeMs,
                value: value(series, timeMs),
                isRepeat: false
            )
        }
        guard step % 4 == 3 else {
            let changing = [100 + step / 40, 101 + step / 40]
            return (Array(0..<6) + changing).map { own($0, timeMs) }
        }
        let lateMs = timeMs - StoreWorkload.lateMs
        var samples = [own(0, timeMs), own(1, lateMs), own(2, lateMs), own(2, timeMs)]
        guard repeating else { return samples }
        let beforeMs = timeMs - StoreWorkload.stepMs
        for series in StoreWorkload.repeated {
            let first = value(series, beforeMs)
            samples.append(
                Sample(
                    series: series,
                    timeMs: beforeMs,
                    value: series == 3 ? first : StoreWorkload.other(first),
                    isRepeat: true
                )
            )
        }
        return samples
    }

    /// The value that a series has at a time: some run on, some never repeat, some are special.
    public func value(_ series: Int, _ timeMs: Int64) -> Double {
        let step = (timeMs - StoreWorkload.baseMs) / 100
        switch series % 4 {
        case 0: return Double(step)
        case 1: return 20 + Double(step % 7) * 0.1
        case 2:
            var random = SeededRandom(seed: UInt64(bitPattern: Int64(series * 31 + lane) ^ timeMs))
            let value = Double(bitPattern: random.next())
            return value.isFinite ? value : 0.5
        default: return [1, -0.0, .infinity, .nan, StaleMarker.value][Int(step.magnitude % 5)]
        }
    }

    /// What a conflicting sample has in place of `value`.
    static func other(_ value: Double) -> Double { value.isNaN ? 4 : value + 1 }

    /// The step that offers a sample first.
    static func step(ofTimeMs timeMs: Int64) -> Int? {
        let sinceMs = timeMs - baseMs
        if sinceMs % stepMs == 0 { return Int(sinceMs / stepMs) }
        let lateMs = sinceMs + lateMs
        return lateMs % stepMs == 0 ? Int(lateMs / stepMs) : nil
    }

    /// The labels of a series.
    public func labels(of series: Int) -> Labels {
        Labels([
            Label("__name__", "workload"), Label("lane", "\(lane)"), Label("n", "\(series)"),
        ])
    }

    /// The batch of a step.
    ///
    /// - Returns: nil when the store has no room for a series.
    public func batch(
        _ step: Int,
        repeating: Bool,
        in database: Database,
        _ streams: StoreWorkloadStreams
    ) -> SampleBatch? {
        let samples = samples(step, repeating: repeating)
        let isPush = step % 4 == 3
        let timeMs = StoreWorkload.baseMs + Int64(step) * StoreWorkload.stepMs
        var batch = SampleBatch(
            stream: isPush ? streams.push : streams.scrape,
            time: Timestamp(ms: timeMs)
        )
        batch.series = database.handles(for: samples.map { labels(of: $0.series) }).compactMap {
            try? $0.get()
        }
        guard batch.series.count == samples.count else { return nil }
        batch.values = samples.map(\.value)
        if isPush { batch.times = samples.map(\.timeMs) }
        return batch
    }

    /// Ends the streams of this writer: nothing keeps its series in the head.
    public func closeStreams(_ streams: StoreWorkloadStreams, _ database: Database) {
        database.closeStream(streams.scrape)
        database.closeStream(streams.push)
    }

    /// Opens the streams of this writer.
    public func openStreams(_ database: Database) -> StoreWorkloadStreams {
        StoreWorkloadStreams(
            scrape: database.openStream(.scrape(job: "lane-\(lane)")),
            push: database.openStream(.push)
        )
    }
}

/// The streams that a writer's batches belong to.
public struct StoreWorkloadStreams: Sendable {
    let scrape: StreamHandle
    let push: StreamHandle
}
