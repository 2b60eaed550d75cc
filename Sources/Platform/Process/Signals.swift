// Signals as events of the loop: no handler runs between two instructions of anybody.
internal import CLinux
internal import Glibc

/// The signals that mean something to the agent.
public enum ProcessSignal: Sendable, CaseIterable {
    /// Stop cleanly.
    case terminate, interrupt
    /// Read the configuration again.
    case hangup

    var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangup: SIGHUP
        }
    }
}

/// Takes signals out of their default fate and hands them to the loop.
///
/// Make it before the first thread starts: a thread that does not block a signal may be killed by it.
public final class Signals: Sendable {
    private let descriptor: FileDescriptor

    /// Blocks the signals for this thread and all that it will start, and ignores SIGPIPE.
    ///
    /// - Throws: what signalfd(2) says.
    public init(_ signals: [ProcessSignal] = ProcessSignal.allCases) throws(Errno) {
        let numbers = signals.map(\.number)
        // SAFETY: the array lives for the call.
        let raw = try Syscall.retry { unsafe clinux_signalfd(numbers, Int32(numbers.count)) }
        descriptor = FileDescriptor(owning: raw)
        try Syscall.retry { clinux_ignore_sigpipe() }
    }

    /// Calls `handler` on the loop's thread for each signal, until the watch is cancelled.
    ///
    /// Only on the loop's thread.
    public func deliver(
        on loop: EventLoop,
        _ handler: @escaping @Sendable (ProcessSignal) -> Void
    ) -> Watch {
        loop.watch(descriptor.raw, .readable) { _ in
            while let signal = self.next() { handler(signal) }
        }
    }

    private func next() -> ProcessSignal? {
        let number = clinux_signalfd_next(descriptor.raw)
        return ProcessSignal.allCases.first { $0.number == number }
    }
}
