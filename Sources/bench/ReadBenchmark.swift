// Select and read: one target's series, and one series, out of head and segment.
import Model
import Store

enum ReadBenchmark {
    static func run(_ report: BenchReport) throws {
        let store = try BenchStore(targets: 20, seriesCount: 1000)
        _ = store.append(rounds: 240)
        try measure(report, store.database, "head")
        store.database.rotate()
        store.database.sealPending()
        try measure(report, store.database, "segment")
    }

    private static func measure(
        _ report: BenchReport,
        _ database: Database,
        _ place: String
    ) throws {
        let target = LabelMatcher("instance", equals: "10.0.0.7:9100")
        let part = LabelMatcher("part", equals: "part-500")
        var select = Figures()
        var read = Figures()
        var single = Figures()
        for _ in 0..<9 {
            var found: Selection?
            select.add(try seconds { found = try database.select([target], in: .all) })
            guard let selection = found else { continue }
            var points = 0
            let took = seconds {
                var columns = SampleColumns()
                for index in 0..<selection.count {
                    columns.removeAll()
                    selection.read(at: index, in: .all, into: &columns)
                    points += columns.count
                }
            }
            read.add(Double(points) / took)
            single.add(
                try seconds {
                    let one = try database.select([target, part], in: .all)
                    var columns = SampleColumns()
                    one.read(at: 0, in: .all, into: &columns)
                }
            )
        }
        report.figure("select 1,000 of 20,000 series, \(place)", select, "ms", scale: 1000)
        report.figure("  read them, 240 points each", read, "M samples/s", scale: 1e-6)
        report.figure("  select and read one series", single, "µs", scale: 1e6)
    }
}
