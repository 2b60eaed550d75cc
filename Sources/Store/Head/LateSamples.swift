// Samples that are not later than their series' last one: few, kept sorted apart from the chunks.
import Model

/// Late samples of the epochs that are not sealed yet, by epoch and slot.
struct LateSamples {
    /// The late samples of one series in one epoch, in ascending time.
    struct Run {
        var times: [Int64] = []
        var values: [UInt64] = []

        /// The place of `time`, or where it belongs.
        func place(of time: Int64) -> (index: Int, isThere: Bool) {
            var low = 0
            var high = times.count
            while low < high {
                let middle = (low + high) / 2
                if times[middle] < time { low = middle + 1 } else { high = middle }
            }
            return (low, low < times.count && times[low] == time)
        }
    }

    private var runs: [UInt32: [Int: Run]] = [:]
    /// The number of samples kept here.
    private(set) var count = 0

    /// Bytes of the samples, about.
    var byteCount: Int { count * 16 }

    /// The run of a series in an epoch.
    func run(epoch: UInt32, slot: Int) -> Run? { runs[epoch]?[slot] }

    /// The bits of the late sample at this time, when there is one.
    func value(epoch: UInt32, slot: Int, time: Int64) -> UInt64? {
        guard count > 0, let run = runs[epoch]?[slot] else { return nil }
        let (index, isThere) = run.place(of: time)
        return isThere ? run.values[index] : nil
    }

    /// Adds a sample; of one time in one epoch the first stays.
    ///
    /// Says whether it was added.
    @discardableResult
    mutating func insert(epoch: UInt32, slot: Int, time: Int64, value: UInt64) -> Bool {
        var run = runs[epoch, default: [:]].removeValue(forKey: slot) ?? Run()
        let (index, isThere) = run.place(of: time)
        if !isThere {
            run.times.insert(time, at: index)
            run.values.insert(value, at: index)
            count += 1
        }
        runs[epoch, default: [:]][slot] = run
        return !isThere
    }

    /// Whether the series has late samples in any epoch.
    func holds(_ slot: Int) -> Bool { runs.values.contains { $0[slot] != nil } }

    /// All runs of an epoch, by slot.
    func runs(of epoch: UInt32) -> [Int: Run] { runs[epoch] ?? [:] }

    /// The epochs in which the series has late samples, oldest first.
    func epochs(of slot: Int) -> [UInt32] {
        runs.keys.filter { runs[$0]?[slot] != nil }.sorted()
    }

    /// Forgets an epoch that was sealed.
    mutating func forget(epoch: UInt32) {
        count -= runs.removeValue(forKey: epoch)?.values.reduce(0) { $0 + $1.times.count } ?? 0
    }
}
