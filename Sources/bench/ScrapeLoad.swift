// Targets whose series move as those of real exporters do: 20% constant gauges, 35% counters with
// small whole steps, 15% gauges walking by 0.01, 10% noise, 20% histogram parts.
import Model

/// One target: its series and their values from scrape to scrape.
struct ScrapeLoad {
    let series: [Labels]
    private(set) var values: [Double]
    private var random: BenchRandom

    init(target: Int, seriesCount: Int) {
        random = BenchRandom(seed: UInt64(target) &* 7919 &+ 1)
        series = (0..<seriesCount).map { number in
            Labels([
                Label("__name__", "load_metric_\(number % 97)_total"),
                Label("instance", "10.0.\(target / 256).\(target % 256):9100"),
                Label("job", "load"), Label("part", "part-\(number)"),
            ])
        }
        values = (0..<seriesCount).map { Double(100 + $0 * 31) }
    }

    /// Moves every value on by one scrape.
    mutating func step() {
        for index in values.indices {
            let kind = index % 20
            let bits = random.next()
            if kind < 4 { continue }  // constant
            if kind < 11 {
                values[index] += Double(bits % 8)
            } else if kind < 14 {
                let hundredths = (values[index] * 100).rounded() + Double(Int(bits % 3) - 1)
                values[index] = hundredths / 100
            } else if kind < 16 {
                values[index] = Double(bits >> 11) * 0x1p-53 * 1000
            } else if bits & 3 == 0 {
                values[index] += Double(bits >> 8 & 3)
            }
        }
    }
}
