// A remote_write receiver as it behaves towards what is old: wire.md's box in code.

/// What one simulated receiver has, and what it refuses.
struct SimulatedReceiver {
    /// How it takes requests.
    enum Kind: CaseIterable {
        /// Remote write 1.0 as Prometheus does it: the first old sample rolls the request back.
        case wholeRequests
        /// Remote write 1.0 where the valid samples are kept and the others answered with 400.
        case validSamples
        /// Takes samples of any age and order; what it has already it takes again without a word.
        case anyOrder
    }

    /// One sample of a request.
    struct Sample {
        let id: Int
        let series: Int
        let timeMs: Int64
    }

    /// What a request came to.
    struct Answer {
        var status: Int
        /// Samples that would have been fine alone and went down with others.
        var innocent: [Int] = []
    }

    // What is older than the newest sample of any series by more is out of bounds.
    private static let windowMs: Int64 = 3_600_000

    let kind: Kind
    /// How often each sample came in and was kept.
    private(set) var arrivals: [Int: Int] = [:]
    /// Samples in the order in which they first came, by series.
    private(set) var order: [Int: [Int]] = [:]
    private var last: [Int: Sample] = [:]
    private var newestMs = Int64.min

    init(_ kind: Kind) {
        self.kind = kind
    }

    /// Whether it has the sample.
    func has(_ id: Int) -> Bool { arrivals[id] != nil }

    /// Takes a request.
    mutating func take(_ request: [Sample]) -> Answer {
        let (bound, isUnbounded) = newestMs.subtractingReportingOverflow(
            SimulatedReceiver.windowMs
        )
        let oldestMs = isUnbounded ? .min : bound
        let fine = request.filter { isFine($0, oldestMs) }
        if kind == .wholeRequests, fine.count < request.count {
            return Answer(status: 400, innocent: fine.map(\.id).filter { !has($0) })
        }
        for sample in fine { keep(sample) }
        return Answer(status: fine.count == request.count ? 204 : 400)
    }

    private func isFine(_ sample: Sample, _ oldestMs: Int64) -> Bool {
        if kind == .anyOrder { return true }
        if sample.timeMs < oldestMs { return false }
        guard let newest = last[sample.series] else { return true }
        return sample.timeMs > newest.timeMs
            || sample.timeMs == newest.timeMs && sample.id == newest.id
    }

    private mutating func keep(_ sample: Sample) {
        if arrivals[sample.id] == nil { order[sample.series, default: []].append(sample.id) }
        arrivals[sample.id, default: 0] += 1
        newestMs = max(newestMs, sample.timeMs)
        if last[sample.series].map({ $0.timeMs < sample.timeMs }) ?? true {
            last[sample.series] = sample
        }
    }
}
