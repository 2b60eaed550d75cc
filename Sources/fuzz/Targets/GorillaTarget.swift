// Gorilla payloads: any bytes give exactly the points that the format's description says, or an error;
// and every column comes back as it was.
import Codec

/// `GorillaDecoder`, `GorillaPayload` and `GorillaEncoder`.
struct GorillaTarget: FuzzTarget {
    static let name = "gorilla"

    private let mutator: ByteMutator
    private let seeds: [[UInt8]]
    private let guarded: GuardedBytes

    init() throws(FuzzFinding) {
        var mutator = ByteMutator(tokens: ["\u{0}", "\u{7f}", "\u{1}\u{0}"])
        mutator.tokens.append([0xff, 0xff, 0xff])
        mutator.longest = 1024
        self.mutator = mutator
        guarded = try GuardedBytes()
        var random = FuzzRandom(seed: 7)
        seeds = (1...24).map { round in
            let count = random.pick([1, 2, 3, 10, 60, 120])
            var times: [Int64] = []
            var values: [Double] = []
            var time: Int64 = random.pick([0, 1_700_000_000_000, -5, .min, .max - 10_000_000])
            for index in 0..<count {
                times.append(time)
                time &+= random.pick([15_000, 15_000, 15_000, 15_001, 1, 60_000, 4_000_000])
                let number = Double(bitPattern: random.next())
                let stale = Double(bitPattern: GorillaLayout.staleMarkerBits)
                let steady = round % 3 == 0 ? 1 : Double(index)
                values.append(random.pick([steady, steady, steady, 0.1, number, stale]))
            }
            return [UInt8(count)] + GorillaPayload.encode(times: times.span, values: values.span)
        }
    }

    // The first byte is the number of points; an input without a payload is a seed for columns.
    func input(_ random: inout FuzzRandom) -> [UInt8] {
        random.oneIn(4) ? random.bytes(8) : mutator.input(seeds, &random)
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard let first = input.first else { return false }
        if input.count <= 8 {
            try checkColumns(&random)
            return true
        }
        // Now and then a number that no payload has.
        let count = random.oneIn(16) ? random.pick([-1, 0, 1 << 40, .max]) : Int(first)
        let payload = Array(input.dropFirst())
        let columns = try decode(payload, count, &random)
        let wanted = GorillaReference.decode(payload, count: count)
        try FuzzFinding.unless(
            columns?.times == wanted?.times
                && columns?.values.map(\.bitPattern) == wanted?.values,
            "\(count) points are read as \(columns.map { "\($0)" } ?? "none"), the description "
                + "says \(wanted.map { "\($0)" } ?? "none")"
        )
        guard let columns else { return false }
        try checkWay(columns.times, columns.values, &random)
        return true
    }

    private func checkColumns(_ random: inout FuzzRandom) throws(FuzzFinding) {
        let count = random.pick([1, 2, 3, 4, 5, 17, 60, 120, 240, 1000])
        var times = RandomColumns.times(count, &random)
        // The codec takes any times, in any order.
        if random.oneIn(4) {
            times[random.below(count)] = random.pick([.min, .max, Int64(bitPattern: random.next())])
        }
        try checkWay(times, RandomColumns.values(count, &random), &random)
    }

    // There and back, at once and point by point.
    private func checkWay(
        _ times: [Int64],
        _ values: [Double],
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) {
        let payload = GorillaPayload.encode(times: times.span, values: values.span)
        guard let second = try decode(payload, times.count, &random) else {
            throw FuzzFinding("what was encoded is refused: \(times) \(values)")
        }
        try FuzzFinding.unless(
            second.times == times
                && second.values.map(\.bitPattern) == values.map(\.bitPattern),
            "\(times) \(values) is encoded as \(second)"
        )
        let growing = GorillaTarget.grown(times, values)
        try FuzzFinding.unless(
            growing == payload,
            "point by point \(times) \(values) is \(growing), at once \(payload)"
        )
    }

    // SAFETY: the memory has room for the header, for each point and for the last word.
    private static func grown(_ times: [Int64], _ values: [Double]) -> [UInt8] {
        guard let first = times.first else { return [] }
        let room =
            GorillaLayout.headerWords + GorillaLayout.maximumWordsPerPoint * times.count + 1
        var words = [UInt64](repeating: 0, count: room)
        let byteCount = unsafe words.withUnsafeMutableBufferPointer { words in
            guard let start = words.baseAddress else { return 0 }
            var encoder = unsafe GorillaEncoder(
                time: first,
                value: values[0].bitPattern,
                into: start
            )
            for index in times.indices.dropFirst() {
                unsafe encoder.append(
                    time: times[index],
                    value: values[index].bitPattern,
                    into: start
                )
            }
            unsafe encoder.finish(into: start)
            return encoder.payloadByteCount
        }
        // A word is big-endian in memory.
        return (0..<byteCount).map { place in
            let word = UInt64(bigEndian: words[place / 8])
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - place % 8 * 8))
        }
    }

    private func decode(
        _ payload: [UInt8],
        _ count: Int,
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) -> (times: [Int64], values: [Double])? {
        var times: [Int64] = [1, 2]
        var values: [Double] = [3, 4]
        var isValid = true
        do throws(CodecError) {
            try guarded.lend(payload, atEnd: !random.oneIn(4)) { payload throws(CodecError) in
                _ = try GorillaDecoder.decode(
                    payload,
                    count: count,
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
