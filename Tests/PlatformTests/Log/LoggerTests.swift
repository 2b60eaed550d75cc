// Whole lines, as an operator and a parser see them.
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("Log") struct LoggerTests {
    private let lines = LineSink()
    private let clock = ManualClock(wallMs: 1_764_000_245_678)

    private func logger(_ format: LogFormat) -> Logger {
        Logger(level: .info, format: format, clock: clock, sink: lines)
    }

    @Test("logfmt quotes what it must and keeps a line one line")
    func logfmt() {
        let log = logger(.logfmt).with(("component", "scrape"))
        log.info("target up", ("url", "http://a:1/m"), ("ms", 12), ("empty", ""))
        log.warn("bad \"body\"\n", ("body", "a=b\u{1}\\"))
        log.debug("not seen")
        #expect(
            lines.text == #"""
                ts=2025-11-24T16:04:05.678Z level=info msg="target up" component=scrape url=http://a:1/m ms=12 empty=""
                ts=2025-11-24T16:04:05.678Z level=warn msg="bad \"body\"\n" component=scrape body="a=b\u0001\\"

                """#
        )
    }

    @Test("JSON keeps numbers and truth values bare")
    func json() {
        logger(.json).error("x", ("n", 12), ("f", 0.5), ("inf", Double.infinity), ("b", true))
        #expect(
            lines.text == #"""
                {"ts":"2025-11-24T16:04:05.678Z","level":"error","msg":"x","n":12,"f":0.5,"inf":"inf","b":true}

                """#
        )
    }

    @Test("a changed level reaches copies that were made before")
    func levelChange() {
        let log = logger(.logfmt)
        let copy = log.with(("a", 1))
        log.level = .error
        copy.warn("not seen")
        #expect(lines.text == "")
    }

    @Test("one line a key and interval, and the next one counts the rest")
    func rateLimit() {
        let limited = RateLimitedLog(
            logger(.logfmt),
            every: .seconds(60),
            keyLimit: 2,
            clock: clock
        )
        for _ in 0..<5 { limited.warn("a", "down") }
        limited.warn("b", "down too")
        clock.advance(by: .seconds(60))
        limited.warn("a", "down")
        #expect(
            lines.text == """
                ts=2025-11-24T16:04:05.678Z level=warn msg=down
                ts=2025-11-24T16:04:05.678Z level=warn msg="down too"
                ts=2025-11-24T16:05:05.678Z level=warn msg=down suppressed=4

                """
        )
    }

    @Test(
        "dates over leap days, centuries and before 1970",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ]
    )
    func dates(timeMs: Int64, text: String) {
        Logger(clock: ManualClock(wallMs: timeMs), sink: lines).info("x")
        #expect(lines.text == "ts=\(text) level=info msg=x\n")
    }
}

private final class LineSink: LogSink {
    private let bytes = Mutex<[UInt8]>([])
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    func write(line: [UInt8]) {
        bytes.withLock { $0 += line }
    }
}
