// Scalars: one value at every step.

extension Evaluator {
    /// The values of a scalar expression, one a step.
    func scalar(_ expr: Expr, over grid: StepGrid) throws(QueryError) -> [Double] {
        switch expr {
        case .number(let number): return [Double](repeating: number.value, count: grid.count)
        case .paren(let paren): return try scalar(paren.inner, over: grid)
        case .unary(let unary):
            let values = try scalar(unary.operand, over: grid)
            return unary.isNegative ? values.map { -$0 } : values
        case .binary(let binary):
            let operation = binary.operation
            var values = try scalar(binary.left, over: grid)
            let right = try scalar(binary.right, over: grid)
            for step in 0..<values.count {
                values[step] =
                    operation.isComparison
                    ? (operation.holds(values[step], right[step]) ? 1 : 0)
                    : operation.compute(values[step], right[step])
            }
            return values
        case .call(let call): return try scalarCall(call, over: grid)
        case .string, .selector, .range, .subquery, .aggregate:
            preconditionFailure("BUG: \(expr.type.rawValue) evaluated as scalar")
        }
    }

    private func scalarCall(_ call: Call, over grid: StepGrid) throws(QueryError) -> [Double] {
        switch call.function.name {
        case "pi": return [Double](repeating: .pi, count: grid.count)
        case "time": return (0..<grid.count).map { Double(grid.time($0)) / 1000 }
        case "scalar":
            var values = [Double](repeating: .nan, count: grid.count)
            var counts = [Int](repeating: 0, count: grid.count)
            try stream(call.arguments[0], over: grid) { (_, column) throws(QueryError) in
                for step in 0..<column.count where !column[step].isAbsent {
                    counts[step] += 1
                    values[step] = counts[step] == 1 ? column[step] : .nan
                }
            }
            return values
        default: preconditionFailure("BUG: no scalar function \(call.function.name)")
        }
    }

    /// The text of a string expression.
    func string(_ expr: Expr) -> String {
        guard case .string(let string) = expr.unwrapped else {
            preconditionFailure("BUG: \(expr.type.rawValue) evaluated as string")
        }
        return string.text
    }
}
