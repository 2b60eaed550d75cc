// PromQL's view of the database.
import API
import Model
import PromQL
import Store

/// Answers the selectors of queries, and the questions for labels.
struct StoreQueryable: Queryable, LabelSource {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        hints: SelectHints
    ) throws(QueryStorageError) -> any SeriesSelection {
        if let interrupt = hints.check() { throw .interrupted(interrupt) }
        do throws(SegmentError) {
            return StoreSelection(try database.select(matchers, in: range), hints.check)
        } catch {
            throw .failed("\(error)")
        }
    }

    func labelNames(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        limit: Int,
        check: @escaping QueryCheck
    ) throws(QueryStorageError) -> LabelTexts {
        if let interrupt = check() { throw .interrupted(interrupt) }
        do throws(SegmentError) {
            return StoreQueryable.cut(try database.labelNames(matchers, in: range), limit)
        } catch {
            throw .failed("\(error)")
        }
    }

    func labelValues(
        of name: String,
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        limit: Int,
        check: @escaping QueryCheck
    ) throws(QueryStorageError) -> LabelTexts {
        if let interrupt = check() { throw .interrupted(interrupt) }
        do throws(SegmentError) {
            return StoreQueryable.cut(
                try database.labelValues(of: name, matchers, in: range),
                limit
            )
        } catch {
            throw .failed("\(error)")
        }
    }

    // One more than the limit, so that the caller can tell that something was left out.
    private static func cut(_ found: LabelTexts, _ limit: Int) -> LabelTexts {
        guard limit > 0, found.texts.count > limit else { return found }
        return LabelTexts(Array(found.texts.prefix(limit + 1)), warnings: found.warnings)
    }
}

/// One selector's series.
private final class StoreSelection: SeriesSelection {
    private let selection: Selection
    private let check: QueryCheck

    init(_ selection: Selection, _ check: @escaping QueryCheck) {
        self.selection = selection
        self.check = check
    }

    var count: Int { selection.count }
    var warnings: [String] { selection.warnings }

    func labels(at index: Int) -> Labels { selection.labels(at: index) }

    func read(
        at index: Int,
        in range: TimeRange,
        into samples: inout SampleColumns
    ) throws(QueryStorageError) {
        // Asking costs a clock reading; a series takes longer than sixteen of them.
        if index & 15 == 0, let interrupt = check() { throw .interrupted(interrupt) }
        samples.removeAll()
        selection.read(at: index, in: range, into: &samples)
    }
}
