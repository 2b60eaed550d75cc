// The check of one batch, in memory that the next one uses again.

/// What checking a batch found, at a place of its own: moving it out of the writer's state and back
/// costs more than storing a sample.
///
/// `@unchecked Sendable`: part of the writer's state; touched only by who holds the writer's lock.
final class BatchScratch: @unchecked Sendable {
    var check = BatchCheck()
}
