// Arithmetic and comparison between two vectors: one to one, many to one, one to many.
import Model

struct VectorMatch {
    var merged = MergedSeries()
    private let binary: BinaryExpression
    private let matching: VectorMatching
    private let grid: StepGrid
    private let signature: LabelFilter
    private let manyIsLeft: Bool
    private let isOneToOne: Bool

    init(_ binary: BinaryExpression, over grid: StepGrid) {
        self.binary = binary
        self.grid = grid
        matching = binary.matching
        signature = LabelFilter.signature(matching)
        manyIsLeft = matching.cardinality != .oneToMany
        isOneToOne = matching.cardinality == .oneToOne
    }

    // The "one" side of a match group: which of its series has the value, step by step.
    private struct OneSide {
        var members: [Int] = []
        var memberOfStep: [Int32]
    }

    mutating func evaluate(_ left: [EvalSeries], _ right: [EvalSeries]) throws(QueryError) {
        let many = manyIsLeft ? left : right
        let one = manyIsLeft ? right : left
        if many.isEmpty || one.isEmpty { return }
        let sides = try group(one, beside: many)
        var matched: [Labels: [Bool]] = [:]
        var results: [Labels: [Labels: [Bool]]] = [:]
        for series in many {
            let key = signature(series.labels)
            guard let side = sides[key] else { continue }
            for member in side.members {
                guard
                    let column = column(series.column, one[member].column, side, member)
                else { continue }
                let labels = resultLabels(series.labels, one[member].labels)
                if isOneToOne {
                    try claim(
                        &matched[key, default: [Bool](repeating: false, count: grid.count)],
                        column,
                        "multiple matches for labels: many-to-one matching must be explicit "
                            + "(group_left/group_right)"
                    )
                } else {
                    try claim(
                        &results[key, default: [:]][
                            labels,
                            default: [Bool](repeating: false, count: grid.count)
                        ],
                        column,
                        "multiple matches for labels: grouping labels must ensure unique matches"
                    )
                }
                try merged.add(labels, column)
            }
        }
    }

    // The match groups of the side that may have only one series a group at any step.
    private func group(
        _ one: [EvalSeries],
        beside many: [EvalSeries]
    ) throws(QueryError) -> [Labels: OneSide] {
        // A step at which the other side is empty matches nothing, so nothing can be wrong there.
        var matters = [Bool](repeating: false, count: grid.count)
        for series in many {
            for step in 0..<grid.count where !series.column[step].isAbsent { matters[step] = true }
        }
        var sides: [Labels: OneSide] = [:]
        for (index, series) in one.enumerated() {
            let key = signature(series.labels)
            var side =
                sides[key] ?? OneSide(memberOfStep: [Int32](repeating: -1, count: grid.count))
            sides[key] = nil
            side.members.append(index)
            for step in 0..<grid.count where matters[step] && !series.column[step].isAbsent {
                guard side.memberOfStep[step] < 0 else {
                    let other = one[Int(side.memberOfStep[step])].labels
                    throw .execution(
                        "found duplicate series for the match group \(groupText(series.labels)) on "
                            + "the \(manyIsLeft ? "right" : "left") hand-side of the operation: "
                            + "[\(series.labels.goText), \(other.goText)];many-to-many matching "
                            + "not allowed: matching labels must be unique on one side"
                    )
                }
                side.memberOfStep[step] = Int32(index)
            }
            sides[key] = side
        }
        return sides
    }

    private func groupText(_ labels: Labels) -> String {
        signature(labels).goText
    }

    private func claim(
        _ taken: inout [Bool],
        _ column: [Double],
        _ text: String
    ) throws(QueryError) {
        for step in 0..<column.count where !column[step].isAbsent {
            guard !taken[step] else { throw .execution(text) }
            taken[step] = true
        }
    }

    // The result of two series where they meet; nil when nothing is left.
    private func column(
        _ many: [Double],
        _ one: [Double],
        _ side: OneSide,
        _ member: Int
    )
        -> [Double]?
    {
        var column = [Double](repeating: .absent, count: grid.count)
        var isPresent = false
        for step in 0..<grid.count
        where !many[step].isAbsent && side.memberOfStep[step] == Int32(member) {
            let left = manyIsLeft ? many[step] : one[step]
            let right = manyIsLeft ? one[step] : many[step]
            if !binary.operation.isComparison {
                column[step] = binary.operation.compute(left, right)
            } else if binary.returnsBool {
                column[step] = binary.operation.holds(left, right) ? 1 : 0
            } else if binary.operation.holds(left, right) {
                column[step] = left
            } else {
                continue
            }
            isPresent = true
        }
        return isPresent ? column : nil
    }

    private func resultLabels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = many
        if !binary.operation.isComparison || binary.returnsBool {
            labels = LabelFilter.name(labels)
        }
        if isOneToOne {
            let filter =
                matching.isOn
                ? LabelFilter(keeping: matching.labels) : LabelFilter(dropping: matching.labels)
            labels = filter(labels)
        }
        if matching.include.isEmpty { return labels }
        var builder = LabelsBuilder(labels)
        for name in matching.include { builder.set(name, one[name] ?? "") }
        return builder.labels()
    }
}
