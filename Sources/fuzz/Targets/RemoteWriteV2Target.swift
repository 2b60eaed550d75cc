// Pushed remote write 2.0 bodies: what is accepted can be sent on, and arrives as it was.
import Formats
import Model

/// `RemoteWriteV2Reader`, `RemoteWriteV2Writer` and `SymbolPool`.
struct RemoteWriteV2Target: FuzzTarget {
    static let name = "remote-write-v2"

    private let mutator = ByteMutator(
        tokens: [
            "\u{22}\u{0}", "\u{22}\u{1}a", "\u{2a}", "\u{12}", "\u{1a}\u{0}", "\u{a}", "\u{0}",
            "\u{9}", "\u{10}", "\u{18}\u{1}", "__name__", "\u{8}\u{1}", "\u{a}\u{2}\u{1}\u{2}",
            "\u{7f}", "\u{a}\u{4}\u{1}\u{2}\u{3}\u{4}", "\u{2a}\u{4}\u{8}\u{2}\u{18}\u{1}",
        ]
    )
    private let seeds: [[UInt8]]

    init() {
        var entries: [Entry] = []
        var columns = SampleColumns()
        for index in 0..<4 {
            columns.append(1_700_000_000_000 + Int64(index) * 15_000, Double(index) / 3)
        }
        entries.append(
            Entry(
                labels: Labels([Label("__name__", "up"), Label("job", "node"), Label("é", "ü")]),
                samples: columns,
                starts: [0, 5, -1, 7],
                metadata: MetricMetadata(kind: .counter, help: "Up?", unit: "s")
            )
        )
        let whole = RemoteWriteV2Target.write(entries)
        columns.removeAll()
        columns.append(-5, .nan)
        entries.append(
            Entry(
                labels: Labels([Label("__name__", "x"), Label("job", "node")]),
                samples: columns,
                starts: [0],
                metadata: nil
            )
        )
        seeds = [
            whole, RemoteWriteV2Target.write(entries), RemoteWriteV2Target.write([entries[1]]),
        ]
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard let entries = RemoteWriteV2Target.read(input) else { return false }
        for entry in entries {
            try FuzzFinding.unless(
                Labels(checking: entry.labels.bytes) != nil,
                "\(entry.labels) is not canonical"
            )
            try FuzzFinding.unless(
                entry.starts.count == entry.samples.count,
                "\(entry.starts.count) start times of \(entry.samples.count) samples"
            )
        }
        let again = RemoteWriteV2Target.read(RemoteWriteV2Target.write(entries))
        try FuzzFinding.unless(
            again.map { $0.map(\.shown) } == entries.map(\.shown),
            "what was sent on reads differently"
        )
        return true
    }

    private struct Entry {
        var labels: Labels
        var samples: SampleColumns
        var starts: [Int64]
        var metadata: MetricMetadata?

        // Metadata that says nothing is not sent.
        var shown: String {
            "\(labels.bytes) \(samples.times) \(samples.values.map(\.bitPattern)) \(starts) "
                + "\(metadata ?? MetricMetadata())"
        }
    }

    private static func write(_ entries: [Entry]) -> [UInt8] {
        var writer = RemoteWriteV2Writer()
        for entry in entries {
            var numbers: [UInt32] = []
            for label in entry.labels.array {
                numbers.append(writer.pool.number(label.name.utf8.span))
                numbers.append(writer.pool.number(label.value.utf8.span))
            }
            let metadata = entry.metadata ?? MetricMetadata()
            let noted = RemoteWriteV2Writer.Metadata(
                kind: metadata.kind,
                help: writer.pool.number(metadata.help.utf8.span),
                unit: writer.pool.number(metadata.unit.utf8.span)
            )
            writer.appendSeries(numbers[...], noted, entry.samples, starts: entry.starts)
        }
        var message: [UInt8] = []
        writer.write(to: &message)
        return message
    }

    // Series with histograms only are left out: nothing of them is kept.
    private static func read(_ bytes: [UInt8]) -> [Entry]? {
        do throws(RemoteWriteV2Error) {
            var reader = try RemoteWriteV2Reader(bytes.span)
            var entries: [Entry] = []
            while try reader.next(bytes.span) {
                let labels = try reader.labels(bytes.span)
                try reader.checkContents()
                var metadata: MetricMetadata?
                if let key = reader.metadataKey {
                    metadata = try reader.metadata(key, bytes.span)
                }
                if reader.samples.count == 0 { continue }
                entries.append(
                    Entry(
                        labels: labels,
                        samples: reader.samples,
                        starts: reader.starts,
                        metadata: metadata
                    )
                )
            }
            return entries
        } catch {
            return nil
        }
    }
}
