// Gorilla payloads: any bytes give exactly the announced number of points, or an error.
import Codec

/// `GorillaDecoder`.
struct GorillaTarget: FuzzTarget {
    static let name = "gorilla"

    private let mutator: ByteMutator
    private let seeds: [[UInt8]]

    init() {
        var mutator = ByteMutator(tokens: ["\u{0}", "\u{7f}", "\u{1}\u{0}"])
        mutator.tokens.append([0xff, 0xff, 0xff])
        mutator.longest = 1024
        self.mutator = mutator
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

    // The first byte is the number of points.
    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard let first = input.first else { return false }
        // Now and then a number that no payload has.
        let count = random.oneIn(16) ? random.pick([-1, 0, 1 << 40, .max]) : Int(first)
        let payload = input.dropFirst()
        guard let columns = try decode(Array(payload), count) else { return false }
        let again = GorillaPayload.encode(times: columns.times.span, values: columns.values.span)
        guard let second = try decode(again, count) else {
            throw FuzzFinding("what was encoded is refused")
        }
        try FuzzFinding.unless(
            second.times == columns.times
                && second.values.map(\.bitPattern) == columns.values.map(\.bitPattern),
            "\(columns) is encoded as \(second)"
        )
        return true
    }

    private func decode(
        _ payload: [UInt8],
        _ count: Int
    ) throws(FuzzFinding) -> (times: [Int64], values: [Double])? {
        var times: [Int64] = [1, 2]
        var values: [Double] = [3, 4]
        var isValid = true
        do throws(CodecError) {
            try GorillaDecoder.decode(payload.span, count: count, times: &times, values: &values)
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
