// Durations as Prometheus reads and writes them.

import Model
import Testing

@Suite("Duration text") struct DurationTextTests {
    @Test(
        "is read",
        arguments: [
            ("0", 0), ("0s", 0), ("15s", 15_000), ("1h30m", 5_400_000), ("5m", 300_000),
            ("1d", 86_400_000), ("1w", 604_800_000), ("1y", 31_536_000_000), ("250ms", 250),
            ("1y2w3d4h5m6s7ms", 31_536_000_000 + 2 * 604_800_000 + 3 * 86_400_000 + 14_706_007),
            ("007s", 7000), ("292y", 292 * 31_536_000_000),
        ] as [(String, Int64)]
    )
    func reads(text: String, ms: Int64) throws {
        #expect(try DurationText.parse(text) == ms)
    }

    @Test(
        "is refused with Prometheus's words",
        arguments: [
            ("", "empty duration string"), ("1", #"not a valid duration string: "1""#),
            ("1s1h", #"not a valid duration string: "1s1h""#),
            ("1m1m", #"not a valid duration string: "1m1m""#),
            ("1.5h", #"not a valid duration string: "1.5h""#),
            ("-1s", #"not a valid duration string: "-1s""#),
            ("s", #"not a valid duration string: "s""#),
            ("1x", #"not a valid duration string: "1x""#),
            ("1s ", #"not a valid duration string: "1s ""#), ("300y", "duration out of range"),
            ("99999999999999999999s", "duration out of range"),
            ("9999999999999y", "duration out of range"),
        ]
    )
    func refuses(text: String, message: String) {
        let error = #expect(throws: DurationTextError.self) { try DurationText.parse(text) }
        #expect(error?.description == message)
    }

    @Test(
        "is written",
        arguments: [
            (0, "0s"), (1, "1ms"), (15_000, "15s"), (5_400_000, "1h30m"), (86_400_000, "1d"),
            (7 * 86_400_000, "1w"), (90 * 86_400_000, "90d"), (365 * 86_400_000, "1y"),
            (366 * 86_400_000, "366d"), (1_500, "1s500ms"), (-300_000, "-5m"),
            (.min, "-106751991167d7h12m55s808ms"),
        ] as [(Int64, String)]
    )
    func writes(ms: Int64, text: String) {
        #expect(DurationText.format(ms) == text)
    }
}
