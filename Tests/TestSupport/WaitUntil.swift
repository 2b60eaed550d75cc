// Waiting for something that another thread does, where real I/O leaves no other way.
import Platform

/// What a test waited for did not come.
public struct WaitedTooLong: Error, CustomStringConvertible {
    public let seconds: Double
    public var description: String { "waited \(seconds) s for a condition that did not come true" }
}

/// Asks every millisecond until `condition` is true.
///
/// - Throws: `WaitedTooLong` after `seconds`, `CancellationError`.
public func waitUntil(
    seconds: Double = 10,
    _ condition: @Sendable () async -> Bool
) async throws {
    let clock = SystemClock()
    let deadline = clock.now.advanced(by: .seconds(seconds))
    while !(await condition()) {
        if clock.now > deadline { throw WaitedTooLong(seconds: seconds) }
        try await Task.sleep(for: .milliseconds(1))
    }
}
