// Times in RFC 3339.

import Model
import TestSupport
import Testing

@Suite("RFC 3339") struct RFC3339Tests {
    @Test(
        "is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2015-07-01T20:10:51.781Z", 1_435_781_451_781),
            ("2015-07-01T20:10:51.7819999+00:00", 1_435_781_451_781),
            ("2000-02-29T12:00:00+01:30", 951_820_200_000),
            ("1969-12-31T23:59:59.5Z", -500), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("2024-01-01T00:00:00-05:00", 1_704_085_200_000),
        ] as [(String, Int64)]
    )
    func reads(text: String, ms: Int64) {
        #expect(RFC3339.parse(text)?.ms == ms)
    }

    @Test(
        "refuses what is no time",
        arguments: [
            "", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00+24:00", "+024-01-01T00:00:00Z",
            "1435781451.781",
        ]
    )
    func refuses(text: String) {
        #expect(RFC3339.parse(text) == nil)
    }

    @Test(
        "is written in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_435_781_451_781, "2015-07-01T20:10:51.781Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (.max, "292278994-08-17T07:12:55.807Z"), (.min, "-292275055-05-16T16:47:04.192Z"),
        ] as [(Int64, String)]
    )
    func writes(ms: Int64, text: String) {
        #expect(RFC3339.format(Timestamp(ms: ms)) == text)
    }

    @Test("every millisecond reads back", arguments: 0..<4 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let ms = Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &random)
            #expect(RFC3339.parse(RFC3339.format(Timestamp(ms: ms)))?.ms == ms, "seed \(seed)")
        }
    }
}
