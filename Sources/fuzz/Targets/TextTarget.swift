// Small texts: times, durations, numbers, addresses, canonical label bytes.
import Model
import Platform

/// `RFC3339`, `DurationText`, `FloatText`, `SocketAddress`, `Labels(checking:)`.
struct TextTarget: FuzzTarget {
    static let name = "text"

    private let mutator = ByteMutator(
        tokens: [
            "d", "h", "m", "s", "ms", "w", "y", "T", "Z", "+01:00", "-", ":", ".", "unix:", "[",
            "]",
            "e", "E", "p", "0x", "_", "1", "9", "é",
        ] + ByteMutator.numbers
    )
    private let seeds: [[UInt8]] =
        [
            "2026-02-28T23:59:60.123Z", "1969-12-31T00:00:00+14:00", "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999-12:00", "1y2w3d4h5m6s7ms", "15d", "127.0.0.1:9477",
            "[::1]:9477", "unix:/run/x.sock", "0x1.8p-3", "1e22", "123456789.123456789",
            "[fe80::1%eth0]:1", ":9477", "\u{8}__name__\u{2}up\u{1}a\u{1}b",
        ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        let checks = [
            try checkTime(text), try checkDuration(text), try checkNumber(text, &random),
            try checkAddress(text), try checkLabels(input),
        ]
        return checks.contains(true)
    }

    private func checkTime(_ text: String) throws(FuzzFinding) -> Bool {
        guard let time = RFC3339.parse(text) else { return false }
        // RFC 3339 has four digits for a year; an offset may lead out of them.
        guard -62_167_219_200_000..<253_402_300_800_000 ~= time.ms else { return true }
        let shown = RFC3339.format(time)
        try FuzzFinding.unless(
            RFC3339.parse(shown) == time,
            "\(text) is \(time.ms), which is written \(shown)"
        )
        return true
    }

    private func checkDuration(_ text: String) throws(FuzzFinding) -> Bool {
        guard let ms = try? DurationText.parse(text) else { return false }
        let shown = DurationText.format(ms)
        try FuzzFinding.unless(
            (try? DurationText.parse(shown)) == ms,
            "\(text) is \(ms) ms, which is written \(shown)"
        )
        return true
    }

    private func checkNumber(
        _ text: String,
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) -> Bool {
        let bits = Double(bitPattern: random.next())
        let parsed = FloatText.parse(text, hexFloats: true)
        for value in [bits, parsed ?? 0] {
            for style in [FloatText.Style.json, .exposition, .plain] {
                let shown = FloatText.text(value, style)
                let again = FloatText.parse(shown)
                try FuzzFinding.unless(
                    again == value || again?.isNaN == true && value.isNaN,
                    "\(value) is written \(shown), which is \(String(describing: again))"
                )
            }
        }
        return parsed != nil
    }

    private func checkAddress(_ text: String) throws(FuzzFinding) -> Bool {
        guard let address = try? SocketAddress(text) else { return false }
        try FuzzFinding.unless(
            (try? SocketAddress(address.description)) == address,
            "\(text) is shown as \(address), which reads differently"
        )
        return true
    }

    private func checkLabels(_ input: [UInt8]) throws(FuzzFinding) -> Bool {
        guard let labels = Labels(checking: input) else { return false }
        try FuzzFinding.unless(Labels(labels.array) == labels, "\(labels) changes when rebuilt")
        return true
    }
}
