// A lock that a running thread may take again while others are on their way: no convoy of writers.
//
// `Synchronization.Mutex` is a priority-inheriting futex on Linux: unlocking hands it to a waiter that
// has yet to be scheduled, so that threads which come back at once wait for a context switch each time.
internal import CLinux
public import Synchronization

/// A value that one thread at a time may touch.
///
/// Free locks go to whoever comes first; a waiter spins briefly, then sleeps in futex(2). One that has
/// waited for a millisecond in vain asks for precedence: the next unlock is for it alone. One waiter
/// a millisecond gets that, so that N waiters wait N milliseconds and a few holds at worst, and the
/// switches cost little. Not recursive: taking it twice on one thread waits for ever.
///
/// `@unchecked Sendable`: the value is touched only by the thread that holds the lock.
@safe
public struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // The word, which the kernel is given, and behind it the value. Apart for Swift too, and not fields of
    // one struct: to change a field is to change the whole, while others try the word.
    @usableFromInline let memory: UnsafeMutableRawPointer

    @inlinable
    static var valueOffset: Int {
        let alignment = max(MemoryLayout<Value>.alignment, MemoryLayout<LockWord>.alignment)
        return (MemoryLayout<LockWord>.size + alignment - 1) / alignment * alignment
    }

    @inlinable
    var word: UnsafeMutablePointer<LockWord> {
        // SAFETY: bound in init.
        unsafe memory.assumingMemoryBound(to: LockWord.self)
    }

    @inlinable
    var value: UnsafeMutablePointer<Value> {
        // SAFETY: bound in init.
        unsafe (memory + Lock.valueOffset).assumingMemoryBound(to: Value.self)
    }

    /// A free lock around `value`.
    @inlinable
    public init(_ value: consuming sending Value) {
        // SAFETY: fresh memory for both, torn down in deinit.
        unsafe memory = .allocate(
            byteCount: Lock.valueOffset + MemoryLayout<Value>.size,
            alignment: max(MemoryLayout<Value>.alignment, MemoryLayout<LockWord>.alignment)
        )
        unsafe memory.bindMemory(to: LockWord.self, capacity: 1).initialize(to: LockWord())
        unsafe (memory + Lock.valueOffset).bindMemory(to: Value.self, capacity: 1)
            .initialize(to: value)
    }

    @inlinable
    deinit {
        // SAFETY: nobody refers to the lock any more, so no thread holds it or waits.
        unsafe value.deinitialize(count: 1)
        unsafe word.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    /// Calls `body` with the value while no other thread has it.
    ///
    /// - Throws: what `body` throws; the lock is free again then.
    @inlinable
    @inline(__always)
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        // SAFETY: alive as long as self; the word is touched by atomic operations only, the value by
        // the one thread between `lock` and `unlock`.
        unsafe word.pointee.lock(memory)
        defer { unsafe word.pointee.unlock(memory) }
        return try unsafe body(&value.pointee)
    }
}

// The lock itself: one word for the kernel to compare, and when precedence was last given.
@usableFromInline
struct LockWord: ~Copyable {
    @usableFromInline let bits = Atomic<UInt32>(0)
    // Steady nanoseconds before which no waiter may ask for precedence.
    private let nextTurnNs = Atomic<Int64>(0)

    // Somebody holds it.
    @usableFromInline static let held: UInt32 = 1
    // Somebody sleeps whom nobody woke yet.
    private static let waiting: UInt32 = 2
    // Somebody was woken and has neither taken it nor gone back to sleep: one at a time is enough.
    private static let awake: UInt32 = 4
    // The next turn is for the waiter that sleeps as `favoured`.
    private static let reserved: UInt32 = 8

    // The two kinds of sleepers, as futex(2) tells them apart.
    private static let ordinary: UInt32 = 1
    private static let favoured: UInt32 = 2

    private static let spins = 60
    private static let patienceNs: Int64 = 1_000_000

    @usableFromInline
    init() {}

    @inlinable
    @inline(__always)
    borrowing func lock(_ address: UnsafeMutableRawPointer) {
        let (taken, _) = bits.compareExchange(
            expected: 0,
            desired: LockWord.held,
            successOrdering: .acquiring,
            failureOrdering: .relaxed
        )
        if !taken { unsafe lockSlowly(address) }
    }

    @inlinable
    @inline(__always)
    borrowing func unlock(_ address: UnsafeMutableRawPointer) {
        let (freed, _) = bits.compareExchange(
            expected: LockWord.held,
            desired: 0,
            successOrdering: .releasing,
            failureOrdering: .relaxed
        )
        if !freed { unsafe unlockSlowly(address) }
    }

    @usableFromInline
    @inline(never)
    borrowing func lockSlowly(_ address: UnsafeMutableRawPointer) {
        var spinsLeft = LockWord.spins
        var beganNs: Int64?
        var wasWoken = false
        var isFavoured = false
        while true {
            let word = bits.load(ordering: .relaxed)
            if word & LockWord.held == 0, word & LockWord.reserved == 0 || isFavoured {
                var taken = word | LockWord.held
                if isFavoured { taken &= ~LockWord.reserved }
                if wasWoken { taken &= ~LockWord.awake }
                // Others may sleep whose bit went when this one was woken.
                if wasWoken || isFavoured { taken |= LockWord.waiting }
                if take(word, taken) { return }
                continue
            }
            if spinsLeft > 0, word & LockWord.reserved == 0 {
                spinsLeft -= 1
                clinux_pause()
                continue
            }
            var asleep = word | LockWord.waiting
            if wasWoken { asleep &= ~LockWord.awake }
            let asks = wasWoken && word & LockWord.reserved == 0 && mayAsk(since: beganNs)
            if asks { asleep |= LockWord.reserved }
            guard note(word, asleep) else { continue }
            isFavoured = isFavoured || asks
            if beganNs == nil { beganNs = SystemClock().nowNs() }
            let kind = isFavoured ? LockWord.favoured : LockWord.ordinary
            wasWoken = unsafe LockWord.wait(address, asleep, kind)
            spinsLeft = LockWord.spins
        }
    }

    // Whether a waiter's turn has come: it has waited for long, and nobody had precedence lately.
    private borrowing func mayAsk(since beganNs: Int64?) -> Bool {
        guard let beganNs else { return false }
        let nowNs = SystemClock().nowNs()
        let turnNs = nextTurnNs.load(ordering: .relaxed)
        guard nowNs &- beganNs >= LockWord.patienceNs, nowNs >= turnNs else { return false }
        nextTurnNs.store(nowNs &+ LockWord.patienceNs, ordering: .relaxed)
        return true
    }

    @usableFromInline
    @inline(never)
    borrowing func unlockSlowly(_ address: UnsafeMutableRawPointer) {
        while true {
            let word = bits.load(ordering: .relaxed)
            let mustWake = word & LockWord.waiting != 0 && word & LockWord.awake == 0
            var freed = word & ~LockWord.held
            if word & LockWord.reserved != 0 {
                guard free(word, freed) else { continue }
                // Where it does not sleep yet, it sees that the word has changed and does not.
                _ = unsafe LockWord.wake(address, LockWord.favoured)
                return
            }
            if mustWake { freed = freed & ~LockWord.waiting | LockWord.awake }
            guard free(word, freed) else { continue }
            if mustWake { unsafe wakeOne(address) }
            return
        }
    }

    // Wakes one sleeper, for whose sake `awake` is set.
    private borrowing func wakeOne(_ address: UnsafeMutableRawPointer) {
        while unsafe !LockWord.wake(address, LockWord.ordinary) {
            // Nobody slept yet: `awake` is nobody's, and whoever came to sleep since then was not
            // woken for its sake. Where it is held or reserved, the next unlock wakes.
            var word = bits.bitwiseAnd(~LockWord.awake, ordering: .relaxed).newValue
            repeat {
                guard word == LockWord.waiting else { return }
                if note(word, LockWord.awake) { break }
                word = bits.load(ordering: .relaxed)
            } while true
        }
    }

    private borrowing func take(_ word: UInt32, _ desired: UInt32) -> Bool {
        bits.compareExchange(
            expected: word,
            desired: desired,
            successOrdering: .acquiring,
            failureOrdering: .relaxed
        ).exchanged
    }

    private borrowing func free(_ word: UInt32, _ desired: UInt32) -> Bool {
        bits.compareExchange(
            expected: word,
            desired: desired,
            successOrdering: .releasing,
            failureOrdering: .relaxed
        ).exchanged
    }

    private borrowing func note(_ word: UInt32, _ desired: UInt32) -> Bool {
        bits.compareExchange(expected: word, desired: desired, ordering: .relaxed).exchanged
    }

    // SAFETY: the lock's memory, which starts with the word, is there while a thread waits or unlocks.
    private static func wait(
        _ address: UnsafeMutableRawPointer,
        _ word: UInt32,
        _ kind: UInt32
    ) -> Bool {
        unsafe clinux_futex_wait(address, word, kind) == 0
    }

    // Whether somebody slept.
    private static func wake(_ address: UnsafeMutableRawPointer, _ kind: UInt32) -> Bool {
        unsafe clinux_futex_wake(address, kind) > 0
    }
}
