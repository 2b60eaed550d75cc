// What a destination's operator reads: few lines, each with what to do, none of it flooding the log.
internal import HTTP
internal import Platform
internal import Store

struct ShipJournal {
    private struct Gate {
        var openAtNs: Int64 = .min
        var suppressed = 0
    }

    private static let minuteNs: Int64 = 60_000_000_000
    private static let textLimit = 300

    let url: String
    private let log: Logger
    private var gates: [String: Gate] = [:]
    /// What went wrong last, and when.
    private(set) var lastError = ""
    private(set) var lastErrorMs: Int64?

    init(log: Logger, url: String) {
        self.log = log
        self.url = url
    }

    func started(at record: CursorRecord, isNew: Bool) {
        log.info(
            isNew ? "forwarding starts: there is no cursor yet" : "forwarding goes on",
            ("url", url),
            ("acked", record.acked.number),
            ("resends", record.attempted.count { !$0.isAnswered })
        )
    }

    func lostCursor(_ trouble: CursorTrouble) {
        log.error("the destination's place is lost: \(trouble)")
    }

    func fallsBack() {
        log.info("the receiver does not take remote write 2.0; trying 1.0", ("url", url))
    }

    mutating func cannot(_ error: some Error, at nowMs: Int64, nowNs: Int64) {
        remember("\(error)", nowMs)
        write(.error, "disk", "\(error)", nowNs)
    }

    mutating func tell(_ note: ShipNote, _ text: String, at nowMs: Int64, nowNs: Int64) {
        switch note {
        case .failing(let failures):
            remember(text, nowMs)
            write(
                .warn,
                "failing",
                "cannot forward, will try again: \(text)",
                nowNs,
                ("failures", failures)
            )
        case .parked(let code):
            remember(text, nowMs)
            write(
                .warn,
                "parked",
                "the destination refuses everything with \(code) and is probed slowly, data is "
                    + "kept; check url and credentials: \(text)",
                nowNs
            )
        case .resumed(let failures):
            log.info("forwarding works again", ("url", url), ("failures", failures))
            gates["failing"] = nil
            gates["parked"] = nil
        case .rejected(let code, let samples):
            remember(text, nowMs)
            write(
                .warn,
                "rejected \(code)",
                "the receiver refused samples for good; they stay stored here: \(text)",
                nowNs,
                ("samples", samples)
            )
        case .setAside(let code):
            remember(text, nowMs)
            write(
                .error,
                "set aside",
                "the receiver fails with \(code) on one sample while it takes all others; it is passed "
                    + "over and stays stored here: \(text)",
                nowNs
            )
        case .ambiguous(let samples):
            write(
                .info,
                "ambiguous",
                "the receiver refused samples that were sent again, most likely it has them: "
                    + text,
                nowNs,
                ("samples", samples)
            )
        case .split(let samples):
            write(
                .info,
                "split",
                "a request is too large for the receiver and is sent in halves; lower "
                    + "max_samples_per_send",
                nowNs,
                ("samples", samples)
            )
        case .squared(let samples, let reason):
            log.warn(
                reason == .released
                    ? "samples went while the destination was not configured, they count as expired"
                    : "the ledger was squared: a power cut or damage took samples that were answered",
                ("samples", samples)
            )
        case .gone(let border):
            log.warn(
                "a request of the last run cannot be repeated, its batches are gone",
                ("from", border.from.number),
                ("to", border.to.number)
            )
        }
    }

    /// Status and the beginning of the answer's body, as one line of text.
    static func text(of response: ClientResponse) -> String {
        // Go's http.Error ends its text with a newline.
        let bytes = response.body.prefix(textLimit).reversed().drop { $0 <= 0x20 }.reversed()
        let body = String(decoding: Array(bytes), as: UTF8.self)
        return body.isEmpty
            ? "HTTP \(response.status.code)" : "HTTP \(response.status.code): \(body)"
    }

    private mutating func remember(_ text: String, _ nowMs: Int64) {
        lastError = text
        lastErrorMs = nowMs
    }

    // One line a minute of each kind; the next one says how many were left out.
    private mutating func write(
        _ level: LogLevel,
        _ gate: String,
        _ text: String,
        _ nowNs: Int64,
        _ fields: LogField...
    ) {
        var state = gates[gate] ?? Gate()
        guard nowNs >= state.openAtNs else {
            state.suppressed += 1
            gates[gate] = state
            return
        }
        log.log(
            level,
            text,
            fields + [("url", url), ("suppressed", state.suppressed)]
        )
        gates[gate] = Gate(openAtNs: nowNs + ShipJournal.minuteNs, suppressed: 0)
    }
}
