// A thread waits, others ring: a condition variable with its flag, for workers with a period.
internal import Glibc

/// Wakes one waiting thread; a ring before the wait is not lost.
///
/// `@unchecked Sendable`: pthread's mutex guards the flag.
@safe public final class Bell: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var hasRung = false

    public init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        // SAFETY: both are fresh memory of their type, initialised once here, destroyed in deinit.
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // SAFETY: the last reference is gone, so nobody waits.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Wakes the waiting thread, or lets its next wait return at once.
    public func ring() {
        // SAFETY: initialised in init, alive as long as self.
        unsafe pthread_mutex_lock(mutex)
        hasRung = true
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits for a ring, at most `ms` milliseconds of the steady clock.
    ///
    /// - Returns: whether it rang.
    @discardableResult
    public func wait(ms: Int64) -> Bool {
        var until = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &until)
        let ns = Int64(until.tv_nsec) + ms % 1000 * 1_000_000
        until.tv_sec += Int(ms / 1000 + ns / 1_000_000_000)
        until.tv_nsec = Int(ns % 1_000_000_000)
        // SAFETY: initialised in init, alive as long as self.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !hasRung {
            if unsafe pthread_cond_timedwait(condition, mutex, &until) == ETIMEDOUT { break }
        }
        defer { hasRung = false }
        return hasRung
    }
}
