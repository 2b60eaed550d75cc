// The labels of one raw series: any bytes give canonical labels or an error.
import Formats
import Model

/// `ExpositionLabels`.
struct SeriesLabelsTarget: FuzzTarget {
    static let name = "labels"

    private let mutator = ByteMutator(
        tokens: [
            "{", "}", "\"", "\\", "\\\"", "\\\\", "\\n", ",", "=", " ", "\t", "a", "__name__", "b=",
            "\"c\"", "a=\"b\"", "\"a.b\"", "é", "\u{80}", "0", ":", "{}", "\n",
        ]
    )
    private let seeds: [[UInt8]] = [
        #"up{job="node",instance="127.0.0.1:9100"}"#, #"{"a.b","c d"="é\n\"\\",e="f",}"#,
        #"x { a = "1" , b="2"}"#, "a:b_c", #"{__name__="x",a=""}"#, #"a{b="\\x"}"#,
    ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    /// Reads a raw series.
    static func read(_ bytes: [UInt8]) -> Result<Labels, ExpositionError> {
        do throws(ExpositionError) {
            return .success(try ExpositionLabels.parse(bytes.span))
        } catch {
            return .failure(error)
        }
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        _ = ExpositionLabels.help(input.span)
        guard case .success(let labels) = SeriesLabelsTarget.read(input) else { return false }
        try FuzzFinding.unless(Labels(checking: labels.bytes) != nil, "\(labels) is not canonical")
        try FuzzFinding.unless(labels == Labels(labels.array), "\(labels) changes when rebuilt")
        // In quotes any name goes.
        var text = "{"
        for label in labels.array {
            let value = Labels.escaped(label.value)
            text +=
                label.name == Label.metricName
                ? "\"\(value)\"," : "\"\(Labels.escaped(label.name))\"=\"\(value)\","
        }
        guard labels.metricName != nil else { return true }
        let again = SeriesLabelsTarget.read(Array("\(text)}".utf8))
        try FuzzFinding.unless(again == .success(labels), "\(text)} reads as \(again)")
        return true
    }
}
