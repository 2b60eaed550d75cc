// Pushed protobuf bodies: what is accepted can be sent on, and arrives as it was.
import Formats
import Model

/// `RemoteWriteV1Reader`, `ProtobufReader` and `RemoteWriteV1`.
struct RemoteWriteTarget: FuzzTarget {
    static let name = "remote-write"

    private let mutator = ByteMutator(
        tokens: [
            "\u{a}", "\u{12}", "\u{1a}", "\u{0}", "\u{9}", "\u{10}", "__name__", "\u{a}\u{0}", "a",
            "\u{8}\u{1}", "\u{a}\u{4}\u{a}\u{2}\u{a}\u{0}", "\u{7f}",
        ]
    )
    private let seeds: [[UInt8]]

    init() {
        let one = Labels([Label("__name__", "up"), Label("job", "node"), Label("é", "ü")])
        let two = Labels([Label("__name__", "x")])
        var columns = SampleColumns()
        for index in 0..<5 {
            columns.append(1_700_000_000_000 + Int64(index) * 15_000, Double(index) / 3)
        }
        var request: [UInt8] = []
        RemoteWriteV1.appendSeries(
            encodedLabels: RemoteWriteV1.encodedLabels(one),
            columns,
            to: &request
        )
        RemoteWriteV1.appendMetadata(
            family: "up",
            MetricMetadata(kind: .gauge, help: "Up?", unit: "s"),
            to: &request
        )
        let mixed = request
        RemoteWriteV1.appendSeries(
            encodedLabels: RemoteWriteV1.encodedLabels(two),
            timeMs: -5,
            value: .nan,
            to: &request
        )
        var small: [UInt8] = []
        RemoteWriteV1.appendSeries(
            encodedLabels: RemoteWriteV1.encodedLabels(two),
            timeMs: 0,
            value: 0,
            to: &small
        )
        seeds = [mixed, request, small]
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard let entries = read(input) else { return false }
        var request: [UInt8] = []
        for entry in entries {
            switch entry {
            case .series(let labels, let samples):
                try FuzzFinding.unless(
                    Labels(checking: labels.bytes) != nil,
                    "\(labels) is not canonical"
                )
                RemoteWriteV1.appendSeries(
                    encodedLabels: RemoteWriteV1.encodedLabels(labels),
                    samples,
                    to: &request
                )
            case .metadata(let family, let metadata):
                RemoteWriteV1.appendMetadata(family: family, metadata, to: &request)
            }
        }
        let again = read(request)
        try FuzzFinding.unless(
            again.map { $0.map(\.shown) } == entries.map(\.shown),
            "what was sent on reads differently"
        )
        return true
    }

    private enum Entry {
        case series(Labels, SampleColumns)
        case metadata(String, MetricMetadata)

        var shown: String {
            switch self {
            case .series(let labels, let samples):
                "\(labels.bytes) \(samples.times) \(samples.values.map(\.bitPattern))"
            case .metadata(let family, let metadata): "\(family) \(metadata)"
            }
        }
    }

    private func read(_ bytes: [UInt8]) -> [Entry]? {
        var reader = RemoteWriteV1Reader(count: bytes.count)
        var entries: [Entry] = []
        do throws(RemoteWriteError) {
            while let entry = try reader.next(bytes.span) {
                switch entry {
                case .series: entries.append(.series(try reader.labels(bytes.span), reader.samples))
                case .metadata(let family, let metadata):
                    entries.append(.metadata(family, metadata))
                }
            }
        } catch {
            return nil
        }
        return entries
    }
}
