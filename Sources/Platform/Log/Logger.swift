// What happened, for operators: one line per event, one write(2) per line, so that lines of several
// threads never mix (writes up to PIPE_BUF are atomic in pipes, and journald reads line by line).
internal import Glibc
internal import Synchronization

/// Where finished lines go: standard error in the program, a buffer in tests.
public protocol LogSink: Sendable {
    /// Takes one line that ends with a newline.
    ///
    /// Must not block for long.
    func write(line: [UInt8])
}

/// Standard error.
public struct StandardErrorSink: LogSink {
    public init() {}

    public func write(line: [UInt8]) {
        // One write in the usual case; the loop only finishes what a full pipe cut short. A log that
        // cannot be written has nowhere to say so.
        var done = 0
        while done < line.count {
            let count = line.span.extracting(done...).writeOnce(to: 2)
            if count > 0 { done += count } else if Errno.current != .interrupted { return }
        }
    }
}

/// Writes log lines.
///
/// Copies share level, format and sink.
public struct Logger: Sendable {
    private let output: LogOutput
    private let context: [LogContext]

    public init(
        level: LogLevel = .info,
        format: LogFormat = .logfmt,
        clock: any WallClock = SystemClock(),
        sink: any LogSink = StandardErrorSink()
    ) {
        output = LogOutput(level: level, format: format, clock: clock, sink: sink)
        context = []
    }

    private init(output: LogOutput, context: [LogContext]) {
        self.output = output
        self.context = context
    }

    /// Drops every line; for code that must be given a logger and has nothing to say.
    public static let silent = Logger(level: .error, sink: NoSink())

    /// The least serious level that is written; a change reaches all copies at once.
    public var level: LogLevel {
        get { output.level }
        nonmutating set { output.level = newValue }
    }

    /// A logger that adds these fields to each of its lines.
    public func with(_ fields: LogField...) -> Logger {
        let added = fields.map { LogContext(key: $0.0, value: $0.1.description) }
        return Logger(output: output, context: context + added)
    }

    public func debug(_ text: @autoclosure () -> String, _ fields: LogField...) {
        log(.debug, text(), fields)
    }

    public func info(_ text: @autoclosure () -> String, _ fields: LogField...) {
        log(.info, text(), fields)
    }

    public func warn(_ text: @autoclosure () -> String, _ fields: LogField...) {
        log(.warn, text(), fields)
    }

    public func error(_ text: @autoclosure () -> String, _ fields: LogField...) {
        log(.error, text(), fields)
    }

    /// Writes one line when `level` is enabled.
    public func log(_ level: LogLevel, _ text: @autoclosure () -> String, _ fields: [LogField]) {
        guard level >= output.level else { return }
        var line = LogLine(
            format: output.format,
            timeMs: output.clock.nowMs(),
            level: level,
            text: text()
        )
        for field in context { line.add(field.key, field.value) }
        for (key, value) in fields { line.add(key, value) }
        output.sink.write(line: line.finished())
    }
}

private struct LogContext: Sendable {
    let key: String
    let value: String
}

private struct NoSink: LogSink {
    func write(line: [UInt8]) {}
}

private final class LogOutput: Sendable {
    let format: LogFormat
    let clock: any WallClock
    let sink: any LogSink
    private let levelValue: Atomic<UInt8>

    init(level: LogLevel, format: LogFormat, clock: any WallClock, sink: any LogSink) {
        self.format = format
        self.clock = clock
        self.sink = sink
        levelValue = Atomic(level.rawValue)
    }

    var level: LogLevel {
        get { LogLevel(rawValue: levelValue.load(ordering: .relaxed)) ?? .info }
        set { levelValue.store(newValue.rawValue, ordering: .relaxed) }
    }
}
