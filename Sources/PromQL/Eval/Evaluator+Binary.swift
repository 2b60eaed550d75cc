// Binary operators. Which series meet: Prometheus, querying/operators, "Vector matching".
import Model

extension Evaluator {
    func streamBinary(
        _ binary: BinaryExpression,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        if binary.left.type == .scalar {
            try streamScaled(
                binary,
                binary.right,
                by: scalar(binary.left, over: grid),
                isSwapped: true,
                over: grid,
                sink
            )
        } else if binary.right.type == .scalar {
            try streamScaled(
                binary,
                binary.left,
                by: scalar(binary.right, over: grid),
                isSwapped: false,
                over: grid,
                sink
            )
        } else if binary.operation.isSet {
            try streamSet(binary, over: grid, sink)
        } else {
            let left = try collect(binary.left, over: grid)
            let right = try collect(binary.right, over: grid)
            var match = VectorMatch(binary, over: grid)
            try match.evaluate(left, right)
            release(left, over: grid)
            release(right, over: grid)
            try hold(match.merged.added * grid.count)
            try match.merged.emit(sink)
            release(match.merged.added * grid.count)
        }
    }

    // A vector and a scalar; `isSwapped` when the scalar stands on the left.
    private func streamScaled(
        _ binary: BinaryExpression,
        _ vector: Expr,
        by scalar: [Double],
        isSwapped: Bool,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let operation = binary.operation
        func change(_ column: inout [Double]) {
            for step in 0..<column.count where !column[step].isAbsent {
                let left = isSwapped ? scalar[step] : column[step]
                let right = isSwapped ? column[step] : scalar[step]
                if !operation.isComparison {
                    column[step] = operation.compute(left, right)
                } else if binary.returnsBool {
                    column[step] = operation.holds(left, right) ? 1 : 0
                } else if !operation.holds(left, right) {
                    column[step] = .absent
                }
            }
        }
        if operation.isComparison, !binary.returnsBool {
            try stream(vector, over: grid) { (labels, column) throws(QueryError) in
                change(&column)
                if column.hasValues { try sink(labels, &column) }
            }
        } else {
            try streamUnnamed(vector, over: grid, sink, change)
        }
    }

    // MARK: Sets

    private func streamSet(
        _ binary: BinaryExpression,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let signature = LabelFilter.signature(binary.matching)
        var present: [Labels: [Bool]] = [:]
        func note(_ labels: Labels, _ column: [Double]) throws(QueryError) {
            if present[labels] == nil { try hold(grid.count) }
            var steps = present[labels] ?? [Bool](repeating: false, count: grid.count)
            present[labels] = nil
            for step in 0..<column.count where !column[step].isAbsent { steps[step] = true }
            present[labels] = steps
        }
        if binary.operation == .or {
            var merged = MergedSeries()
            try stream(binary.left, over: grid) { (labels, column) throws(QueryError) in
                try note(signature(labels), column)
                try hold(grid.count)
                try merged.add(labels, column)
            }
            try stream(binary.right, over: grid) { (labels, column) throws(QueryError) in
                if let taken = present[signature(labels)] {
                    for step in 0..<column.count where taken[step] { column[step] = .absent }
                }
                guard column.hasValues else { return }
                try hold(grid.count)
                try merged.add(labels, column)
            }
            try merged.emit(sink)
            release((merged.added + present.count) * grid.count)
            return
        }
        try stream(binary.right, over: grid) { (labels, column) throws(QueryError) in
            try note(signature(labels), column)
        }
        let wanted = binary.operation == .and
        try stream(binary.left, over: grid) { (labels, column) throws(QueryError) in
            let other = present[signature(labels)]
            for step in 0..<column.count where (other?[step] ?? false) != wanted {
                column[step] = .absent
            }
            if column.hasValues { try sink(labels, &column) }
        }
        release(present.count * grid.count)
    }
}
