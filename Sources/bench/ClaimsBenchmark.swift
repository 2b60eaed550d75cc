// The claims of the original Rust project, each measured here in the way that it names.
import Codec
import Model
import Store

enum ClaimsBenchmark {
    // Against 16 bytes a point: an Int64 time and a Double.
    private static let rawBytes = 16.0

    static func run(_ report: BenchReport) throws {
        try ratios(report)
    }

    // MARK: Compression

    private struct Shape {
        let name: String
        let claimed: Double
        let times: [Int64]
        let values: [Double]
    }

    private static func ratios(_ report: BenchReport) throws {
        var random = BenchRandom(seed: 11)
        let count = 10_000
        let exact = (0..<count).map { 1_700_000_000_000 + Int64($0) * 1000 }
        var moved: Int64 = 1_700_000_000_000
        let uneven = (0..<count).map { _ in
            moved += Int64.random(in: 900...1100, using: &random)
            return moved
        }
        var counter = 0.0
        let metrics = (0..<count).map { _ in
            counter += Double(Int.random(in: 0..<10, using: &random))
            return counter
        }
        var step = 0
        let levels = (0..<count).map { _ in
            if Int.random(in: 0..<4, using: &random) == 0 { step += 1 }
            return Double(step)
        }
        let noise = (0..<count).map { _ in Double.random(in: 0..<1, using: &random) }
        let shapes = [
            Shape(
                name: "regular",
                claimed: 12,
                times: exact,
                values: (0..<count).map { 100 + Double($0) * 0.5 }
            ),
            Shape(name: "metrics", claimed: 10, times: exact, values: metrics),
            Shape(name: "variable intervals", claimed: 8, times: uneven, values: levels),
            Shape(name: "random", claimed: 2, times: exact, values: noise),
        ]
        for shape in shapes {
            let gorilla = GorillaPayload.encode(times: shape.times.span, values: shape.values.span)
            let ratio = rawBytes * Double(count) / Double(gorilla.count)
            report.figure("ratio, \(shape.name), gorilla", ratio, ": 1")
            report.claim("ratio, \(shape.name)", claimed: shape.claimed, ours: ratio, ": 1")
        }
    }
}
