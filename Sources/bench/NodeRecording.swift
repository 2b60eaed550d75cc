// A recording of node_exporter, respaced; or series that are made to behave like one.
import Formats
import Model
import Platform

/// Why a recording cannot be used.
struct NodeRecordingError: Error, CustomStringConvertible {
    let description: String
}

/// The values of many series at the same scrapes.
struct NodeRecording {
    /// One a series, `job` and `instance` added.
    let series: [Labels]
    /// One column a series, all of the same length.
    let columns: [[Double]]
    /// Whether it was recorded; else it was generated.
    let isRecorded: Bool

    /// The number of scrapes.
    var points: Int { columns.first?.count ?? 0 }
    /// The number of samples.
    var samples: Int { points * columns.count }

    /// What figures that come from it say about it.
    var text: String {
        "\(isRecorded ? "recorded" : "generated"), \(columns.count) series × \(points)"
    }

    /// The file of the option `node`, cut to `points`; without the option, generated series.
    ///
    /// - Throws: when the file cannot be read or is shorter than it says.
    static func load(_ report: BenchReport, points: Int) throws -> NodeRecording {
        guard let path = report.option("node") else { return generate(points: points) }
        return try read(path, points: points)
    }

    /// The scrapes' times: `stepMs` apart, each moved by up to `jitterMs` both ways.
    ///
    /// All series of a scrape share its time.
    func times(
        from startMs: Int64 = 1_764_000_000_000,
        stepMs: Int64 = 15_000,
        jitterMs: Int64 = 0
    ) -> [Int64] {
        var random = BenchRandom(seed: 5)
        return (0..<points).map { index in
            startMs + Int64(index) * stepMs
                + (jitterMs > 0 ? Int64.random(in: -jitterMs...jitterMs, using: &random) : 0)
        }
    }

    /// The values of all series at one scrape.
    func row(_ point: Int) -> [Double] { columns.map { $0[point] } }

    // MARK: A file

    private static let fileLimit = 1 << 31

    private static func read(_ path: String, points wanted: Int) throws -> NodeRecording {
        let files = PosixFileSystem()
        let bytes = try files.readAll(path, limit: fileLimit)
        guard bytes.count >= 8 else { throw NodeRecordingError(description: "\(path) is empty") }
        let count = Int(word(bytes, 0) & 0xffff_ffff)
        let points = Int(word(bytes, 0) >> 32)
        guard bytes.count >= 8 + count * points * 8 else {
            throw NodeRecordingError(
                description: "\(path) has \(bytes.count) bytes, too few for \(count) × \(points)"
            )
        }
        let kept = min(points, wanted)
        let columns = (0..<count).map { column in
            (0..<kept).map { point in
                Double(bitPattern: word(bytes, 8 + (column * points + point) * 8))
            }
        }
        let stem = path.hasSuffix(".bin") ? String(path.dropLast(4)) : path
        let names = try files.readAll("\(stem).names", limit: fileLimit)
            .split(separator: UInt8(ascii: "\n"))
        guard names.count == count else {
            throw NodeRecordingError(
                description: "\(stem).names has \(names.count) lines for \(count) series"
            )
        }
        let series = try names.map { line in
            labels(try ExpositionLabels.parse(Array(line).span).array)
        }
        return NodeRecording(series: series, columns: columns, isRecorded: true)
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in (0..<8).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return value
    }

    private static func labels(_ own: [Label]) -> Labels {
        Labels(own + [Label("instance", "127.0.0.1:9100"), Label("job", "node")])
    }

    // MARK: Generated

    // The shares are those counted in a recording of node_exporter 1.5 on a small machine: two thirds
    // never change, counters mostly stand still or move by small whole numbers, byte gauges move in
    // pages, seconds have two or nine decimals.
    private static func generate(points: Int, count: Int = 500) -> NodeRecording {
        var random = BenchRandom(seed: 42)
        var series: [Labels] = []
        var columns: [[Double]] = []
        for number in 0..<count {
            columns.append(column(of: number, points, &random))
            series.append(
                labels([
                    Label(
                        "__name__",
                        "node_\(number % 160)_\(number % 3 == 0 ? "total" : "bytes")"
                    ),
                    Label("device", "dev\(number / 160)"), Label("mode", "mode\(number % 7)"),
                ])
            )
        }
        return NodeRecording(series: series, columns: columns, isRecorded: false)
    }

    private static func column(
        of number: Int,
        _ points: Int,
        _ random: inout BenchRandom
    ) -> [Double] {
        var whole = Int.random(in: 0..<1 << 32, using: &random)
        return (0..<points).map { point in
            switch number % 50 {
            case 0..<20: return Double(number % 4)
            case 20..<33: return Double(number) * 4096
            case 33..<40:
                whole += Int.random(in: 0..<8, using: &random)
                return Double(whole)
            case 40..<43:
                if point % 4 == 0 { whole += Int.random(in: 0..<3, using: &random) }
                return Double(whole)
            case 43..<46:
                whole += 4096 * Int.random(in: -40...40, using: &random)
                return Double(abs(whole))
            case 46..<48:
                whole += Int.random(in: 0..<1500, using: &random)
                return Double(whole % (1 << 30)) / 100
            case 48:
                whole += Int.random(in: 0..<50_000_000, using: &random)
                return Double(whole % (1 << 40)) / 1e9
            default: return Double.random(in: 0..<1, using: &random)
            }
        }
    }
}
