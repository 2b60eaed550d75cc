// Registration, order and sums.
import Platform
import Synchronization
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

    @Test("figures of one reading are read once a snapshot, each source for itself")
    func readings() {
        let registry = MeterRegistry()
        let reads = CallCount()
        let others = CallCount()
        registry.callbacks([
            MeterFigure("b", "B.", .gauge) { Double($0) },
            MeterFigure("a_total", "A.", .counter, ["x": "1"]) { Double($0 * 10) },
            MeterFigure("a_total", "A.", .counter, ["x": "2"]) { Double($0 * 20) },
        ]) { reads.next() }
        registry.callbacks([MeterFigure("c", "C.", .gauge) { Double($0) }]) { others.next() + 6 }
        #expect(reads.value == 0)
        for number in 1...3 {
            let one = Double(number)
            #expect(
                registry.snapshot() == [
                    MeterFamily(
                        name: "a_total",
                        help: "A.",
                        kind: .counter,
                        series: [series(["x": "1"], one * 10), series(["x": "2"], one * 20)]
                    ),
                    MeterFamily(name: "b", help: "B.", kind: .gauge, series: [series([:], one)]),
                    MeterFamily(
                        name: "c",
                        help: "C.",
                        kind: .gauge,
                        series: [series([:], one + 6)]
                    ),
                ]
            )
            #expect(reads.value == number && others.value == number)
        }
        // Another source for a part of them.
        registry.callbacks([MeterFigure("b", "B.", .gauge) { -Double($0) }]) { 5 }
        registry.remove("a_total", ["x": "2"])
        #expect(
            registry.snapshot().flatMap(\.series) == [
                series(["x": "1"], 40), series([:], -5), series([:], 10),
            ]
        )
    }

    private final class CallCount: Sendable {
        private let calls = Atomic<Int>(0)
        var value: Int { calls.load(ordering: .relaxed) }
        func next() -> Int { calls.add(1, ordering: .relaxed).newValue }
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
