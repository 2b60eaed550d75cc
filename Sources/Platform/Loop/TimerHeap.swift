// The loop's timers: a binary heap by (deadline, order of scheduling), each timer knowing its place,
// so that a cancel is O(log n) and timers of one instant fire in the order they were scheduled.

/// One scheduled call.
///
/// Belongs to its loop's thread.
///
/// Not Sendable: it is used where it was made, on the loop's thread.
public final class LoopTimer {
    let deadlineNs: Int64
    let order: UInt64
    fileprivate(set) var slot = -1
    private(set) var body: (@Sendable () -> Void)?
    /// Set when a task sleeps on it, so that a stopping loop can wake the task.
    var sleeper: Sleeper?
    private weak var loop: EventLoop?

    init(
        deadlineNs: Int64,
        order: UInt64,
        loop: EventLoop,
        body: @escaping @Sendable () -> Void
    ) {
        self.deadlineNs = deadlineNs
        self.order = order
        self.loop = loop
        self.body = body
    }

    /// True until it has fired or was cancelled.
    public var isPending: Bool { slot >= 0 }

    /// Forgets the call; after it fired or was cancelled this does nothing.
    ///
    /// Only on the loop's thread.
    public func cancel() {
        loop?.remove(self)
        body = nil
    }

    func takeBody() -> (@Sendable () -> Void)? {
        defer { body = nil }
        return body
    }

    fileprivate func isBefore(_ other: LoopTimer) -> Bool {
        (deadlineNs, order) < (other.deadlineNs, other.order)
    }
}

struct TimerHeap {
    private var heap: [LoopTimer] = []

    var count: Int { heap.count }
    var first: LoopTimer? { heap.first }

    mutating func insert(_ timer: LoopTimer) {
        timer.slot = heap.count
        heap.append(timer)
        siftUp(timer.slot)
    }

    mutating func remove(_ timer: LoopTimer) {
        let slot = timer.slot
        guard slot >= 0 else { return }
        precondition(heap[slot] === timer, "BUG: timer of another heap")
        let last = heap.removeLast()
        timer.slot = -1
        guard last !== timer else { return }
        heap[slot] = last
        last.slot = slot
        siftUp(slot)
        siftDown(last.slot)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            if !heap[child].isBefore(heap[parent]) { return }
            exchange(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            let left = 2 * parent + 1
            let right = left + 1
            if left < heap.count, heap[left].isBefore(heap[least]) { least = left }
            if right < heap.count, heap[right].isBefore(heap[least]) { least = right }
            if least == parent { return }
            exchange(parent, least)
            parent = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        heap[left].slot = left
        heap[right].slot = right
    }
}
