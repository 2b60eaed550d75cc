// A remote_write receiver as it behaves towards what is old: Prometheus's write handler and head in code.

/// What one simulated receiver has, and what it refuses.
struct SimulatedReceiver {
    /// How it takes requests.
    enum Kind: CaseIterable {
        /// Remote write 1.0 as Prometheus does it: the first old sample rolls the request back.
        case wholeRequests
        /// Remote write 1.0 where the valid samples are kept and the others answered with 400.
        case validSamples
        /// Remote write 2.0: the valid samples are kept, and the answer says how many these are.
        case counted
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
        /// The `*-Written` header of 2.0.
        var written: Int?
        /// Samples that it keeps none of.
        var refused: [Int] = []
        /// Of these: such that would have been fine alone and went down with others.
        var innocent: [Int] = []
    }

    let kind: Kind
    /// What is older than the newest sample of any series by more is out of bounds.
    let windowMs: Int64
    /// Series that it cannot take: a request with one of them fails with 500.
    private(set) var poison: Set<Int>
    /// How often each sample came in and was kept.
    private(set) var arrivals: [Int: Int] = [:]
    /// Samples in the order in which they first came, by series.
    private(set) var order: [Int: [Int]] = [:]
    private var last: [Int: Sample] = [:]
    private(set) var newestMs = Int64.min

    init(_ kind: Kind, windowMs: Int64, poison: Set<Int> = []) {
        self.kind = kind
        self.windowMs = windowMs
        self.poison = poison
    }

    /// Takes everything from now on.
    mutating func heal() {
        poison = []
    }

    /// Whether it has the sample.
    func has(_ id: Int) -> Bool { arrivals[id] != nil }

    /// The newest sample of a series.
    func newest(of series: Int) -> Int? { last[series]?.id }

    /// Another sender's sample of a series that is none of ours.
    mutating func takeForeign(timeMs: Int64) {
        newestMs = max(newestMs, timeMs)
    }

    /// Whether it is too old for any receiver with a window.
    func isOutOfBounds(_ timeMs: Int64, marginMs: Int64 = 0) -> Bool {
        let (bound, overflow) = newestMs.subtractingReportingOverflow(windowMs - marginMs)
        return kind != .anyOrder && !overflow && timeMs < bound
    }

    /// Takes a request.
    mutating func take(_ request: [Sample]) -> Answer {
        if request.contains(where: { poison.contains($0.series) }) { return Answer(status: 500) }
        // Bounds are those of before the request.
        let verdicts = request.map { isFine($0) }
        let fine = zip(request, verdicts).filter { $0.1 }.map { $0.0 }
        let bad = zip(request, verdicts).filter { !$0.1 }.map { $0.0.id }
        if kind == .wholeRequests, !bad.isEmpty {
            let innocent = fine.map(\.id).filter { !has($0) }
            return Answer(status: 400, refused: request.map(\.id), innocent: innocent)
        }
        for sample in fine { keep(sample) }
        return Answer(
            status: bad.isEmpty ? 204 : 400,
            written: kind == .counted ? fine.count : nil,
            refused: bad
        )
    }

    private func isFine(_ sample: Sample) -> Bool {
        if kind == .anyOrder { return true }
        if isOutOfBounds(sample.timeMs) { return false }
        guard let newest = last[sample.series] else { return true }
        // An exact repetition is taken of the series' latest sample only.
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
