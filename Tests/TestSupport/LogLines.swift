// What a test's subject says to its operators.
public import Platform
import Synchronization

/// Keeps log lines.
public final class LogLines: LogSink {
    private let lines = Mutex<[String]>([])

    public init() {}

    /// Without the newline at their ends, oldest first.
    public var all: [String] { lines.withLock { $0 } }

    public func write(line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        lines.withLock { $0.append(text) }
    }
}
