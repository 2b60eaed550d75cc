// A thread with a name that shows in top(1), gdb and perf: who burns the processor must be readable.
internal import CLinux
internal import Glibc

/// One running pthread.
///
/// Whoever starts it joins it.
public final class NamedThread: Sendable {
    private let handle: Lock<pthread_t?>

    /// Starts `body` on a new thread.
    ///
    /// - Parameters:
    ///   - name: the kernel keeps the first 15 bytes.
    ///   - nice: 0 to 19, for this thread only; 0 leaves it alone.
    ///   - body: what the thread does; it ends when this returns.
    /// - Throws: `.wouldBlock` when the system has no room for one more thread.
    public init(
        name: String,
        nice: Int32 = 0,
        _ body: @escaping @Sendable () -> Void
    ) throws(Errno) {
        let start = ThreadStart(name: name, nice: nice, body: body)
        var thread = pthread_t()
        // SAFETY: the retained object is released exactly once: by the thread, or below if none starts.
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(start).toOpaque()
        )
        guard status == 0 else {
            unsafe Unmanaged.passUnretained(start).release()
            throw Errno(code: status)
        }
        handle = Lock(thread)
    }

    /// Waits until the body has returned.
    ///
    /// A second call returns at once.
    public func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let thread else { return }
        precondition(
            pthread_equal(thread, pthread_self()) == 0,
            "BUG: a thread cannot wait for itself"
        )
        // The handle was taken out above, so that it is joined once.
        _ = pthread_join(thread, nil)
    }

    deinit {
        // Nobody joined: let the system clean up when the thread ends.
        if let thread = handle.withLock({ $0 }) { _ = pthread_detach(thread) }
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let nice: Int32
    let body: @Sendable () -> Void

    init(name: String, nice: Int32, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.nice = nice
        self.body = body
    }

    func run() {
        // SAFETY: the C string lives for the call.
        unsafe clinux_thread_name(name)
        // Refused niceness costs fairness, not correctness.
        if nice != 0 { _ = clinux_thread_nice(nice) }
        body()
    }
}
