// A value that a sendable closure of a test may change.
import Synchronization

final class Mutexed<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) {
        mutex = Mutex(value)
    }

    var value: Value { mutex.withLock { $0 } }

    func update(_ change: (Value) -> Value) {
        mutex.withLock { value in value = change(value) }
    }
}
