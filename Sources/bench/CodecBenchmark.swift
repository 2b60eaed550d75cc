// Both codecs over whole columns: what chunks cost to make and to read, and how small they are.
import Codec

enum CodecBenchmark {
    private static let chunk = 480

    /// Series that are coded alike.
    private struct Shape {
        let name: String
        let times: [Int64]
        let columns: [[Double]]
        var goals: (gorilla: Goal?, columnar: Goal?) = (nil, nil)

        var points: Double { Double(times.count * columns.count) }
    }

    static func run(_ report: BenchReport) throws {
        let node = try NodeRecording.load(report, points: chunk)
        report.heading("codecs, one core, chunks of \(chunk) points; node: \(node.text)")
        for shape in shapes(node) {
            try measure(shape, "gorilla", shape.goals.gorilla, report) { column, payload in
                GorillaPayload.encode(
                    times: shape.times.span,
                    values: column.span,
                    to: &payload
                )
            } decode: { payload, times, values throws(CodecError) in
                try GorillaDecoder.decode(
                    payload.span,
                    count: shape.times.count,
                    times: &times,
                    values: &values
                )
            }
            let start = shape.times[0]
            let end = shape.times[shape.times.count - 1]
            try measure(shape, "columnar", shape.goals.columnar, report) { column, payload in
                ColumnarPayload.encode(
                    times: shape.times.span,
                    values: column.span,
                    to: &payload
                )
            } decode: { payload, times, values throws(CodecError) in
                try ColumnarPayload.decode(
                    payload.span,
                    count: shape.times.count,
                    start: start,
                    end: end,
                    times: &times,
                    values: &values
                )
            }
        }
    }

    private static func shapes(_ node: NodeRecording) -> [Shape] {
        var random = BenchRandom(seed: 17)
        let exact = (0..<chunk).map { 1_700_000_000_000 + Int64($0) * 15_000 }
        let jittered = exact.map { $0 + Int64.random(in: -5...5, using: &random) }
        func columns(_ next: (inout Double, Int) -> Double) -> [[Double]] {
            (0..<200).map { series in
                var state = Double(series)
                return (0..<chunk).map { next(&state, $0) }
            }
        }
        return [
            Shape(name: "constant", times: exact, columns: columns { state, _ in state }),
            Shape(
                name: "regular",
                times: exact,
                columns: columns { state, index in state + Double(index) * 0.5 }
            ),
            Shape(
                name: "counter",
                times: exact,
                columns: columns { state, _ in
                    state += Double(Int.random(in: 0..<10, using: &random))
                    return state
                }
            ),
            Shape(
                name: "gauge",
                times: jittered,
                columns: columns { state, _ in
                    state += Double.random(in: -0.5...0.5, using: &random)
                    return (state * 100).rounded() / 100
                }
            ),
            Shape(
                name: "random",
                times: exact,
                columns: columns { _, _ in Double.random(in: 0..<100, using: &random) }
            ),
            Shape(
                name: "node",
                times: node.times(),
                columns: node.columns,
                goals: node.isRecorded ? (.atMost(1.15), .atMost(0.40)) : (nil, nil)
            ),
        ]
    }

    private static func measure(
        _ shape: Shape,
        _ codec: String,
        _ goal: Goal?,
        _ report: BenchReport,
        encode: ([Double], inout [UInt8]) -> Void,
        decode: ([UInt8], inout [Int64], inout [Double]) throws(CodecError) -> Void
    ) throws {
        var encoding = Figures()
        var decoding = Figures()
        var payloads = [[UInt8]](repeating: [], count: shape.columns.count)
        var times: [Int64] = []
        var values: [Double] = []
        for _ in 0..<7 {
            encoding.add(
                shape.points
                    / seconds {
                        for index in payloads.indices {
                            payloads[index].removeAll(keepingCapacity: true)
                            encode(shape.columns[index], &payloads[index])
                        }
                    }
            )
            decoding.add(
                shape.points
                    / (try seconds {
                        for payload in payloads {
                            times.removeAll(keepingCapacity: true)
                            values.removeAll(keepingCapacity: true)
                            try decode(payload, &times, &values)
                        }
                    })
            )
        }
        let size = Double(payloads.reduce(0) { $0 + $1.count }) / shape.points
        let name = "\(shape.name), \(codec)"
        report.figure("\(name), encode", encoding, "M points/s", scale: 1e-6)
        report.figure("\(name), decode", decoding, "M points/s", scale: 1e-6)
        report.figure("\(name), payload", size, "bytes/point", goal: goal)
        report.figure("\(name), ratio", 16 / size, ": 1")
    }
}
