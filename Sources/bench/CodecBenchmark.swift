// Gorilla over whole columns: what chunks cost to make and to read.
import Codec

enum CodecBenchmark {
    static func run(_ report: BenchReport) throws {
        var load = ScrapeLoad(target: 3, seriesCount: 1000)
        var columns = [[Double]](repeating: [], count: 1000)
        for _ in 0..<480 {
            load.step()
            for index in columns.indices { columns[index].append(load.values[index]) }
        }
        let times = (0..<480).map { 1_700_000_000_000 + Int64($0) * 1000 }
        let points = Double(columns.count * times.count)
        var encode = Figures()
        var decode = Figures()
        var size = Figures()
        for _ in 0..<7 {
            var payloads: [[UInt8]] = []
            payloads.reserveCapacity(columns.count)
            encode.add(
                points
                    / seconds {
                        for column in columns {
                            payloads.append(
                                GorillaPayload.encode(times: times.span, values: column.span)
                            )
                        }
                    }
            )
            size.add(Double(payloads.reduce(0) { $0 + $1.count }) / points)
            var back: [Int64] = []
            var values: [Double] = []
            decode.add(
                points
                    / (try seconds {
                        for payload in payloads {
                            back.removeAll(keepingCapacity: true)
                            values.removeAll(keepingCapacity: true)
                            try GorillaDecoder.decode(
                                payload.span,
                                count: times.count,
                                times: &back,
                                values: &values
                            )
                        }
                    })
            )
        }
        report.figure("gorilla encode, chunks of 480", encode, "M samples/s", scale: 1e-6)
        report.figure("gorilla decode", decode, "M samples/s", scale: 1e-6)
        report.figure("  payload", size, "bytes/sample")
    }
}
