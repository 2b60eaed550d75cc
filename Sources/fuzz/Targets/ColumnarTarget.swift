// Columnar payloads: any bytes give exactly the announced points in ascending time, or an error; and
// every column comes back as it was.
import Codec
import Model

/// `ColumnarPayload`.
struct ColumnarTarget: FuzzTarget {
    static let name = "columnar"

    private let mutator: ByteMutator
    private let seeds: [[UInt8]]
    private let guarded: GuardedBytes

    init() throws(FuzzFinding) {
        var mutator = ByteMutator(tokens: ["\u{0}", "\u{7f}", "\u{1}\u{0}"])
        mutator.tokens.append([0xff, 0xff, 0xff])
        mutator.longest = 2048
        self.mutator = mutator
        guarded = try GuardedBytes()
        var random = FuzzRandom(seed: 11)
        seeds = (1...36).map { round in
            let count = random.pick([1, 2, 3, 60, 120, 128, 129, 240])
            var times: [Int64] = []
            var values: [Double] = []
            var time: Int64 = 0
            for index in 0..<count {
                times.append(time)
                time += 15_000
                if round % 3 == 1 { time += random.pick([-3, 0, 0, 2]) }
                if round % 3 == 2 { time += random.pick([0, 0, 0, 45_000, 1 << 40]) }
                let steady: Double = round % 4 == 0 ? 0 : Double(index) / 10
                let number = Double(bitPattern: random.next())
                let stale = Double(bitPattern: GorillaLayout.staleMarkerBits)
                let odd = round % 5 == 0 ? number : steady
                values.append(random.pick([steady, steady, steady, steady + 1, odd, odd, stale]))
            }
            var payload: [UInt8] = []
            ColumnarPayload.encode(times: times.span, values: values.span, to: &payload)
            let last = times[count - 1]
            return [UInt8(count), UInt8(round % 2)] + payload
                + (0..<8).map { UInt8(truncatingIfNeeded: last >> ($0 * 8)) }
        }
    }

    // The first byte is the number of points, the second says whether the times start at the lowest
    // there is, the last eight bytes are their length. A shorter input is a seed for columns.
    func input(_ random: inout FuzzRandom) -> [UInt8] {
        random.oneIn(4) ? random.bytes(8) : mutator.input(seeds, &random)
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard input.count >= 10 else {
            let count = random.pick([1, 2, 3, 16, 60, 127, 128, 129, 240, 1000])
            let samples = RandomColumns.samples(count, &random)
            try checkWay(samples.times, samples.values, &random)
            return true
        }
        // Now and then a number that no payload has, or one that only a constant has.
        let count =
            random.oneIn(16) ? random.pick([-1, 0, 100_000, 1 << 40, .max]) : Int(input[0])
        let start: Int64 = input[1] & 1 == 0 ? 0 : .min
        let length = input.suffix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let end = start &+ Int64(bitPattern: length)
        let payload = Array(input[2..<(input.count - 8)])
        guard let columns = try decode(payload, count, start, end, &random) else { return false }
        if count == 0 { return true }
        try FuzzFinding.unless(
            columns.times[0] == start && columns.times[count - 1] == end
                && zip(columns.times, columns.times.dropFirst()).allSatisfy { $0 < $1 },
            "times that do not ascend from \(start) to \(end): \(columns.times)"
        )
        let isLonger = try decode(payload + [0], count, start, end, &random) != nil
        try FuzzFinding.unless(!isLonger, "a byte behind the last value is taken")
        let isShorter = try decode(payload.dropLast(), count, start, end, &random) != nil
        try FuzzFinding.unless(!isShorter, "the last byte of the last value is not missed")
        try checkWay(columns.times, columns.values, &random)
        return true
    }

    // There and back.
    private func checkWay(
        _ times: [Int64],
        _ values: [Double],
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) {
        var payload: [UInt8] = []
        ColumnarPayload.encode(times: times.span, values: values.span, to: &payload)
        let (start, end) = (times[0], times[times.count - 1])
        guard let second = try decode(payload, times.count, start, end, &random) else {
            throw FuzzFinding("what was encoded is refused: \(times) \(values)")
        }
        try FuzzFinding.unless(
            second.times == times
                && second.values.map(\.bitPattern) == values.map(\.bitPattern),
            "\(times) \(values) is encoded as \(second)"
        )
    }

    private func decode(
        _ payload: [UInt8],
        _ count: Int,
        _ start: Int64,
        _ end: Int64,
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) -> (times: [Int64], values: [Double])? {
        var times: [Int64] = [1, 2]
        var values: [Double] = [3, 4]
        var isValid = true
        do throws(CodecError) {
            try guarded.lend(payload, atEnd: !random.oneIn(4)) { payload throws(CodecError) in
                try ColumnarPayload.decode(
                    payload,
                    count: count,
                    start: start,
                    end: end,
                    times: &times,
                    values: &values
                )
            }
        } catch {
            isValid = false
        }
        let grown = 2 + (isValid ? count : 0)
        try FuzzFinding.unless(
            times.count == grown && values.count == grown && times[..<2] == [1, 2]
                && values[..<2] == [3, 4],
            "\(count) points made \(times.count - 2) times and \(values.count - 2) values"
        )
        return isValid ? (Array(times[2...]), Array(values[2...])) : nil
    }
}
