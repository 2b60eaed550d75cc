// One line a key and interval: a target that fails each second must not fill the disk with its log.

/// Writes at most one line per key and interval; the next line says how many were held back.
public final class RateLimitedLog: Sendable {
    private let log: Logger
    private let clock: any SteadyClock
    private let intervalNs: Int64
    private let keyLimit: Int
    private let entries = Lock<[String: Entry]>([:])

    private struct Entry {
        var nextNs: Int64
        var suppressed: UInt64
    }

    /// - Parameters:
    ///   - log: where lines go.
    ///   - interval: between two lines of one key.
    ///   - keyLimit: keys that are remembered; beyond it, those whose interval is over are forgotten,
    ///     and while none is, new keys share one entry.
    ///   - clock: measures the interval.
    public init(
        _ log: Logger,
        every interval: Duration,
        keyLimit: Int = 1_024,
        clock: any SteadyClock = SystemClock()
    ) {
        self.log = log
        self.clock = clock
        self.keyLimit = keyLimit
        intervalNs = interval.wholeNs
    }

    public func warn(_ key: String, _ text: @autoclosure () -> String, _ fields: LogField...) {
        write(.warn, key, text(), fields)
    }

    public func error(_ key: String, _ text: @autoclosure () -> String, _ fields: LogField...) {
        write(.error, key, text(), fields)
    }

    public func info(_ key: String, _ text: @autoclosure () -> String, _ fields: LogField...) {
        write(.info, key, text(), fields)
    }

    private func write(
        _ level: LogLevel,
        _ key: String,
        _ text: @autoclosure () -> String,
        _ fields: [LogField]
    ) {
        guard level >= log.level, let suppressed = admit(key) else { return }
        let count: [LogField] = suppressed == 0 ? [] : [("suppressed", suppressed)]
        log.log(level, text(), fields + count)
    }

    /// How many lines were held back since the last one; nil to hold this one back too.
    private func admit(_ key: String) -> UInt64? {
        let nowNs = clock.nowNs()
        return entries.withLock { entries in
            var key = key
            if entries[key] == nil, entries.count >= keyLimit {
                entries = entries.filter { $0.value.nextNs > nowNs }
                if entries.count >= keyLimit { key = "" }
            }
            var entry = entries[key] ?? Entry(nextNs: .min, suppressed: 0)
            guard nowNs >= entry.nextNs else {
                entry.suppressed += 1
                entries[key] = entry
                return nil
            }
            entries[key] = Entry(nextNs: nowNs + intervalNs, suppressed: 0)
            return entry.suppressed
        }
    }
}
