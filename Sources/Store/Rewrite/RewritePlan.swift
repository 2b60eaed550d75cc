// Which segments are merged, and when: pure, so that every rule has a test.
// Architecture section 5, "Rewrite and retention"; the policy is argued in Store.docc/cold-rewrite.md
import Model

/// What the plan has to know of a segment.
struct RewriteCandidate: Equatable {
    var range: SequenceRange
    /// The newest sample, milliseconds; `Int64.min` without samples.
    var newestMs: Int64
    var byteCount: Int
    var sampleCount: Int
    var chunkCount: Int
    /// Whether it is a rewrite's work.
    var isCold: Bool
    /// When it was written, milliseconds.
    var storedMs: Int64
    /// Whether it may be touched: no destination inside or at its start, none was offered a part
    /// without an answer, no other rewrite at work on it, no damage.
    var isFree: Bool
    /// Whether all destinations are past it.
    var isPast: Bool
}

/// Neighbours that become one.
struct RewriteGroup: Equatable {
    /// Places in the list of candidates.
    var members: Range<Int>
    /// Whether late samples are merged into order.
    var mergesLate: Bool
}

/// The policy.
struct RewritePlan {
    var options: RewriteOptions
    /// The input of one merge, in bytes; a single larger segment is still rewritten by itself.
    var outputLimit: Int
    /// How long the open epoch may still bring samples of a day that is over, milliseconds.
    var chunkTimeLimitMs: Int64

    /// Segments waiting for the end of their day are merged before it when there are so many.
    static let patienceCount = 32
    /// Segments wait for the end of their day, but not longer than so many times `minAgeMs`.
    static let patienceAges: Int64 = 30
    /// Chunks of fewer samples gain by another merge.
    static let goodChunk = 2000
    static let dayMs: Int64 = 86_400_000
    // Each input has a place of its own in the merge.
    private static let memberLimit = 256

    /// What is to be merged now, oldest first.
    ///
    /// - Parameters:
    ///   - segments: in sequence.
    ///   - nowMs: the clock.
    /// - Returns: groups that do not overlap.
    func groups(_ segments: [RewriteCandidate], nowMs: Int64) -> [RewriteGroup] {
        guard options.isEnabled else { return [] }
        var groups: [RewriteGroup] = []
        var start = 0
        while start < segments.count {
            guard isSettled(segments[start], nowMs) else {
                start += 1
                continue
            }
            var end = start + 1
            while end < segments.count, isSettled(segments[end], nowMs),
                joins(segments[end - 1], segments[end])
            {
                end += 1
            }
            let run = start..<end
            let isOver = isOver(run, segments, nowMs)
            for part in isOver ? final(run, segments) : early(run, segments, nowMs) {
                groups.append(RewriteGroup(members: part, mergesLate: segments[part].allPast))
            }
            start = end
        }
        return groups
    }

    private func isSettled(_ one: RewriteCandidate, _ nowMs: Int64) -> Bool {
        one.isFree && isOlder(one.storedMs, options.delayMs, nowMs)
            && isOlder(one.newestMs, options.minAgeMs, nowMs)
    }

    private func isOlder(_ timeMs: Int64, _ ageMs: Int64, _ nowMs: Int64) -> Bool {
        let (age, overflow) = nowMs.subtractingReportingOverflow(timeMs)
        return overflow ? timeMs < nowMs : age >= ageMs
    }

    // A gap in the sequence may heal from the buffer: nothing is merged over it. Where destinations
    // are past one and not past the other, one stands on the border.
    private func joins(_ one: RewriteCandidate, _ next: RewriteCandidate) -> Bool {
        one.range.through == next.range.after && one.isPast == next.isPast && day(one) == day(next)
    }

    private func day(_ one: RewriteCandidate) -> Int64 {
        let (quotient, remainder) = one.newestMs.quotientAndRemainder(
            dividingBy: RewritePlan.dayMs
        )
        return remainder < 0 ? quotient - 1 : quotient
    }

    // Whether no more neighbours of the same day will come.
    private func isOver(
        _ run: Range<Int>,
        _ segments: [RewriteCandidate],
        _ nowMs: Int64
    ) -> Bool {
        let last = segments[run.upperBound - 1]
        if run.upperBound < segments.count, day(segments[run.upperBound]) != day(last) {
            return true
        }
        let (dayEnd, overflow) = (day(last) + 1).multipliedReportingOverflow(
            by: RewritePlan.dayMs
        )
        return !overflow && isOlder(dayEnd, chunkTimeLimitMs &+ options.minAgeMs, nowMs)
    }

    // Before the end of the day only what is hot, or what rewrites of few segments left, and only
    // when there is much of it or it waited for long: each sample should be rewritten once.
    private func early(
        _ run: Range<Int>,
        _ segments: [RewriteCandidate],
        _ nowMs: Int64
    ) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = run.lowerBound
        while start < run.upperBound {
            let isCold = segments[start].isCold
            var end = start + 1
            while end < run.upperBound, segments[end].isCold == isCold { end += 1 }
            let stretch = start..<end
            let (patienceMs, isEndless) = options.minAgeMs.multipliedReportingOverflow(
                by: RewritePlan.patienceAges
            )
            let hasWaited =
                !isEndless && !isCold && isOlder(segments[start].storedMs, patienceMs, nowMs)
            if stretch.count >= RewritePlan.patienceCount || hasWaited {
                groups += parts(of: stretch, segments)
            }
            start = end
        }
        return groups
    }

    // After the end of the day: everything, but for large cold ones that would only be copied.
    private func final(_ run: Range<Int>, _ segments: [RewriteCandidate]) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = run.lowerBound
        while start < run.upperBound {
            if isDone(segments[start]) {
                start += 1
                continue
            }
            var end = start + 1
            while end < run.upperBound, !isDone(segments[end]) { end += 1 }
            groups += parts(of: start..<end, segments)
            start = end
        }
        return groups
    }

    private func isDone(_ one: RewriteCandidate) -> Bool {
        one.isCold
            && (one.sampleCount >= RewritePlan.goodChunk * one.chunkCount
                || one.byteCount > outputLimit / 2)
    }

    // Pieces that keep the limits; a cold one alone is as good as it gets.
    private func parts(of group: Range<Int>, _ segments: [RewriteCandidate]) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = group.lowerBound
        var bytes = 0
        for index in group {
            let isFull =
                bytes + segments[index].byteCount > outputLimit
                || index - start >= RewritePlan.memberLimit
            if index > start, isFull {
                parts.append(start..<index)
                start = index
                bytes = 0
            }
            bytes += segments[index].byteCount
        }
        parts.append(start..<group.upperBound)
        return parts.filter { $0.count > 1 || !segments[$0.lowerBound].isCold }
    }
}

extension ArraySlice<RewriteCandidate> {
    fileprivate var allPast: Bool { allSatisfy(\.isPast) }
}
