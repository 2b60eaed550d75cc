// Registration, order and sums.
import Platform
import Testing

@Suite("Meters") struct MeterRegistryTests {
    @Test("the same name and labels give the same meter, in any order of labels")
    func sameMeter() {
        let registry = MeterRegistry()
        let first = registry.counter("b_total", "B.", ["x": "1", "y": "2"])
        let again = registry.counter("b_total", "B.", ["y": "2", "x": "1"])
        #expect(first === again)
        first.add(3)
        registry.counter("b_total", "B.", ["x": "0"]).add()
        registry.gauge("a", "A.").add(-1.5)
        registry.callback("c", "C.", .gauge) { 7 }
        #expect(
            registry.snapshot() == [
                MeterFamily(name: "a", help: "A.", kind: .gauge, series: [series([:], -1.5)]),
                MeterFamily(
                    name: "b_total",
                    help: "B.",
                    kind: .counter,
                    series: [series(["x": "0"], 1), series(["x": "1", "y": "2"], 3)]
                ),
                MeterFamily(name: "c", help: "C.", kind: .gauge, series: [series([:], 7)]),
            ]
        )
        registry.remove("a", [:])
        #expect(registry.snapshot().map(\.name) == ["b_total", "c"])
    }

    @Test("a bucket takes what is not above its bound; NaN and more go to the last")
    func buckets() {
        let histogram = MeterRegistry().histogram("h", "H.", bounds: [1, 2])
        for value in [0.5, 1, 1.5, 2, 99] { histogram.observe(value) }
        #expect(
            histogram.reading
                == HistogramReading(bounds: [1, 2], cumulative: [2, 4], count: 5, sum: 104)
        )
        histogram.observe(.nan)
        #expect(histogram.reading.cumulative == [2, 4])
        #expect(histogram.reading.count == 6)
    }

    private func series(_ labels: [String: String], _ value: Double) -> MeterSeries {
        let sorted = labels.map { MeterLabel(name: $0.key, value: $0.value) }
            .sorted { $0.name < $1.name }
        return MeterSeries(labels: sorted, value: .number(value))
    }
}
