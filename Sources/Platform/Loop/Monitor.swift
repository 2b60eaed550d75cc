// State that threads wait on: a mutex with one condition variable. `Lock` alone cannot wait.
internal import Glibc

/// `@unchecked Sendable`: the state is touched only while pthread's mutex is held.
@safe final class Monitor<State: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        // SAFETY: fresh memory of the right type, set up once here and torn down in deinit.
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe changed.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // SAFETY: no reference is left, so no thread waits.
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Looks at the state without waking anyone.
    func read<R>(_ body: (State) -> R) -> R {
        // SAFETY: set up in init, alive as long as self.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(state)
    }

    /// Changes the state and wakes all who wait.
    func update<R>(_ body: (inout State) -> R) -> R {
        // SAFETY: as above.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        defer { unsafe pthread_cond_broadcast(changed) }
        return body(&state)
    }

    /// Waits until `body` finds something in the state, and may take it out.
    func waitFor<R>(_ body: (inout State) -> R?) -> R {
        // SAFETY: as above; the wait gives the mutex back and takes it again.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let found = body(&state) { return found }
            unsafe pthread_cond_wait(changed, mutex)
        }
    }

    /// Waits as above, at most `ms` milliseconds of the steady clock; then nil.
    func waitFor<R>(ms: Int64, _ body: (inout State) -> R?) -> R? {
        var until = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &until)
        let ns = Int64(until.tv_nsec) + ms % 1000 * 1_000_000
        until.tv_sec += Int(ms / 1000 + ns / 1_000_000_000)
        until.tv_nsec = Int(ns % 1_000_000_000)
        // SAFETY: as above.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let found = body(&state) { return found }
            if unsafe pthread_cond_timedwait(changed, mutex, &until) == ETIMEDOUT {
                return body(&state)
            }
        }
    }
}
