// Remembers what a store said it had stored, and holds what it gives after a crash against that.
import Model
public import Store

/// What a store did not keep of its promises.
public struct BrokenPromise: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }

    /// Reports a promise that is not kept.
    /// - Throws: the promise, unless it `holds`.
    public static func unless(
        _ holds: Bool,
        _ text: @autoclosure () -> String
    ) throws(BrokenPromise) {
        if !holds { throw BrokenPromise(text()) }
    }
}

/// The fate of every step of some `StoreWorkload`s.
public struct StoreWitness {
    /// What must be true of a step.
    private enum Fate {
        case unknown
        /// All of it is there.
        case stored
        /// All of it is there, or nothing.
        case open
        /// Nothing of it is there.
        case absent
        /// A part of it is there: the labels of some series were lost before it was safe.
        case part
    }

    private struct Lane {
        let workload: StoreWorkload
        var fates: [Fate] = []
        /// Whether a step may have offered samples of the one before again.
        var repeats: [Bool] = []

        mutating func set(_ step: Int, _ fate: Fate, repeating: Bool) {
            while fates.count <= step {
                fates.append(.unknown)
                repeats.append(false)
            }
            fates[step] = fate
            repeats[step] = repeats[step] || repeating
        }

        func mayRepeat(_ step: Int) -> Bool {
            step < repeats.count && repeats[step] && fates[step] != .absent
        }
    }

    private var lanes: [Lane]

    /// Knows of nothing yet.
    public init(lanes: Int) {
        self.lanes = (0..<lanes).map { Lane(workload: StoreWorkload(lane: $0)) }
    }

    /// How many steps were found or acknowledged.
    public var storedSteps: Int {
        lanes.reduce(0) { $0 + $1.fates.reduce(0) { $0 + ($1 == .stored ? 1 : 0) } }
    }

    /// The next step of a writer that was not tried.
    public func next(lane: Int) -> Int { lanes[lane].fates.count }

    /// A step is about to be tried: it may end up there as a whole.
    public mutating func tried(lane: Int, _ step: Int, repeating: Bool) {
        lanes[lane].set(step, .open, repeating: repeating)
    }

    /// A step was acknowledged: it must be there from now on.
    public mutating func acknowledged(lane: Int, _ step: Int, repeating: Bool) {
        lanes[lane].set(step, .stored, repeating: repeating)
    }

    /// A step that was acknowledged but is not yet safe from a power cut may go.
    public mutating func release(lane: Int, _ step: Int) {
        if lanes[lane].fates[step] == .stored { lanes[lane].fates[step] = .open }
    }

    /// Any step may go: nothing was ever made safe.
    public mutating func releaseAll() {
        for lane in lanes.indices {
            for step in lanes[lane].fates.indices { release(lane: lane, step) }
        }
    }

    /// Holds everything that queries and the feed give against what is known, and remembers what was
    /// found of steps whose fate was open.
    ///
    /// - Throws: the first promise that is broken.
    public mutating func check(_ database: Database) throws(BrokenPromise) {
        let found = try read(database)
        for lane in lanes.indices {
            for step in lanes[lane].fates.indices {
                try settle(
                    lane,
                    step,
                    found: found[lane][step],
                    mayBePart: database.recovery.lostSamples > 0
                )
            }
        }
        try follow(database)
    }

    // How many samples of each step there are, by lane: all of them, and those that no other step
    // offers too.
    private typealias Found = [[(all: Int, own: Int)]]

    private func read(_ database: Database) throws(BrokenPromise) -> Found {
        var found = lanes.map { [(all: Int, own: Int)](repeating: (0, 0), count: $0.fates.count) }
        let selection: Selection
        do throws(SegmentError) { selection = try database.select([], in: .all) } catch {
            throw BrokenPromise("cannot select: \(error)")
        }
        var columns = SampleColumns()
        for index in 0..<selection.count {
            let (lane, series) = try place(of: selection.labels(at: index))
            columns.removeAll()
            selection.read(at: index, in: .all, into: &columns)
            var before = Int64.min
            for (timeMs, value) in zip(columns.times, columns.values) {
                if timeMs <= before {
                    throw BrokenPromise(
                        "lane \(lane) series \(series) goes from \(before) to \(timeMs)"
                    )
                }
                before = timeMs
                let step = try step(lane, series, timeMs)
                let isTarget =
                    StoreWorkload.repeated.contains(series) && lanes[lane].mayRepeat(step + 1)
                let wanted = lanes[lane].workload.value(series, timeMs)
                // Where the first sample may be lost the conflicting one may stand in its place.
                let isOther =
                    isTarget && lanes[lane].fates[step] != .stored
                    && value.bitPattern == StoreWorkload.other(wanted).bitPattern
                if value.bitPattern != wanted.bitPattern, !isOther {
                    throw BrokenPromise(
                        "lane \(lane) series \(series) has \(value) at \(timeMs), not \(wanted)"
                    )
                }
                found[lane][step].all += 1
                if !isTarget { found[lane][step].own += 1 }
            }
        }
        return found
    }

    private func place(of labels: Labels) throws(BrokenPromise) -> (lane: Int, series: Int) {
        guard let lane = Int(labels["lane"] ?? ""), let series = Int(labels["n"] ?? ""),
            lanes.indices.contains(lane), labels == lanes[lane].workload.labels(of: series)
        else { throw BrokenPromise("there is a series that nobody wrote: \(labels)") }
        return (lane, series)
    }

    private func step(_ lane: Int, _ series: Int, _ timeMs: Int64) throws(BrokenPromise) -> Int {
        guard let step = StoreWorkload.step(ofTimeMs: timeMs),
            lanes[lane].fates.indices.contains(step)
        else {
            throw BrokenPromise("lane \(lane) series \(series) has a sample at \(timeMs)")
        }
        return step
    }

    private mutating func settle(
        _ lane: Int,
        _ step: Int,
        found: (all: Int, own: Int),
        mayBePart: Bool
    ) throws(BrokenPromise) {
        let offered = lanes[lane].workload.samples(step, repeating: false)
        let targets = offered.filter {
            StoreWorkload.repeated.contains($0.series) && lanes[lane].mayRepeat(step + 1)
        }
        let own = offered.count - targets.count
        switch lanes[lane].fates[step] {
        case .stored where found.all != offered.count:
            throw BrokenPromise(
                "lane \(lane) step \(step) was acknowledged with \(offered.count) samples, "
                    + "\(found.all) are there"
            )
        case .open where found.own != 0 && found.own != own && mayBePart:
            lanes[lane].fates[step] = .part
        case .open where found.own != 0 && found.own != own:
            throw BrokenPromise(
                "lane \(lane) step \(step) is there in part: \(found.own) of \(own) samples"
            )
        case .absent where found.own != 0, .unknown where found.own != 0:
            throw BrokenPromise("lane \(lane) step \(step) came back")
        case .open: lanes[lane].fates[step] = found.own == own ? .stored : .absent
        default: break
        }
    }

    // The feed gives every sample once: what is there twice below the reads' merging shows here.
    private func follow(_ database: Database) throws(BrokenPromise) {
        var counts = lanes.map { [Int](repeating: 0, count: $0.fates.count) }
        // Of an epoch of which the buffer has a part only, all comes again out of its segment.
        var resent = counts
        var isResend = false
        var position = FeedPosition(number: .zero)
        while true {
            let slice: FeedSlice?
            do throws(StoreError) { slice = try database.next(after: position, limit: 5_000) } catch
            {
                throw BrokenPromise("cannot follow: \(error)")
            }
            guard let slice else { break }
            if slice.to <= position, !slice.mayBeResend {
                throw BrokenPromise("the feed goes from \(position) to \(slice.to)")
            }
            // Its first slice says so; those behind it begin inside the segment.
            isResend = slice.mayBeResend || isResend && slice.from.time != nil
            position = slice.to
            var places: [UInt64: (lane: Int, series: Int)] = [:]
            for (number, timeMs) in zip(slice.series, slice.times) {
                let place: (lane: Int, series: Int)
                if let known = places[number] {
                    place = known
                } else {
                    place = try self.place(of: slice.table.labels(of: number))
                    places[number] = place
                }
                let step = try step(place.lane, place.series, timeMs)
                if isResend {
                    resent[place.lane][step] += 1
                } else {
                    counts[place.lane][step] += 1
                }
            }
        }
        for lane in lanes.indices {
            for (step, count) in counts[lane].enumerated() {
                let again = lanes[lane].mayRepeat(step + 1) ? StoreWorkload.repeated.count : 0
                let offered = lanes[lane].workload.samples(step, repeating: false).count + again
                if count > offered {
                    throw BrokenPromise(
                        "the feed gives \(count) samples of lane \(lane) step \(step), "
                            + "of which \(offered) were offered"
                    )
                }
                let given = max(count, resent[lane][step])
                if lanes[lane].fates[step] == .stored, given < offered - again {
                    throw BrokenPromise(
                        "the feed gives \(given) of the \(offered - again) samples of lane \(lane) "
                            + "step \(step)"
                    )
                }
            }
        }
    }
}
