// What the grammar lets through and the types forbid. Texts and order are Prometheus's.
import Model

struct TypeCheck {
    let bytes: [UInt8]

    func check(_ expr: Expr) throws(PromQLError) {
        switch expr {
        case .number, .string: return
        case .selector(let selector): try check(selector)
        case .range(let range): try check(range.selector)
        case .subquery(let subquery):
            try check(subquery.inner)
            guard subquery.inner.type == .vector else {
                throw error(
                    "subquery is only allowed on instant vector, got "
                        + "\(subquery.inner.type.shortName) instead",
                    expr
                )
            }
        case .aggregate(let aggregation):
            try expect(.vector, aggregation.inner, "aggregation expression")
            if let type = aggregation.operation.parameter, let parameter = aggregation.parameter {
                try expect(type, parameter, "aggregation parameter")
            }
        case .binary(let binary): try check(binary, expr)
        case .call(let call): try check(call, expr)
        case .paren(let paren): try check(paren.inner)
        case .unary(let unary):
            try check(unary.operand)
            guard unary.operand.type == .scalar || unary.operand.type == .vector else {
                throw error(
                    "unary expression only allowed on expressions of type scalar or instant "
                        + "vector, got \(unary.operand.type.rawValue.goQuoted)",
                    expr
                )
            }
        }
    }

    private func error(_ text: String, _ expr: Expr) -> PromQLError {
        PromQLError(text, at: expr.span.lowerBound, in: bytes)
    }

    private func expect(
        _ type: ValueType,
        _ expr: Expr,
        _ context: String
    ) throws(PromQLError) {
        try check(expr)
        guard expr.type == type else {
            throw error(
                "expected type \(type.rawValue) in \(context), got \(expr.type.rawValue)",
                expr
            )
        }
    }

    private func check(_ selector: VectorSelector) throws(PromQLError) {
        let place = selector.span.lowerBound
        if !selector.name.isEmpty {
            if let twice = selector.matchers.dropLast().first(where: {
                $0.name == Label.metricName
            }) {
                throw PromQLError(
                    "metric name must not be set twice: \(selector.name.goQuoted) or "
                        + twice.value.goQuoted,
                    at: place,
                    in: bytes
                )
            }
        } else if selector.matchers.allSatisfy(\.acceptsAbsent) {
            throw PromQLError(
                "vector selector must contain at least one non-empty matcher",
                at: place,
                in: bytes
            )
        }
    }

    private func check(_ binary: BinaryExpression, _ expr: Expr) throws(PromQLError) {
        try check(binary.left)
        try check(binary.right)
        let operation = binary.operation
        let left = binary.left.type
        let right = binary.right.type
        if binary.returnsBool, !operation.isComparison {
            throw operatorError(
                "bool modifier can only be used on comparison operators",
                binary
            )
        }
        if operation.isComparison, !binary.returnsBool, left == .scalar, right == .scalar {
            throw operatorError("comparisons between scalars must use BOOL modifier", binary)
        }
        let matching = binary.matching
        if matching.isOn, let twice = matching.labels.first(where: matching.include.contains) {
            throw operatorError(
                "label \(twice.goQuoted) must not occur in ON and GROUP clause at once",
                binary
            )
        }
        for side in [binary.left, binary.right] where side.type != .scalar && side.type != .vector {
            throw error("binary expression must contain only scalar and instant vector types", side)
        }
        if left == .scalar || right == .scalar {
            if !matching.labels.isEmpty {
                throw error("vector matching only allowed between instant vectors", expr)
            }
            if operation.isSet {
                throw error(
                    "set operator \(operation.rawValue.goQuoted) not allowed in binary scalar "
                        + "expression",
                    expr
                )
            }
        } else if operation.isSet, matching.cardinality != .oneToOne {
            throw error("no grouping allowed for \(operation.rawValue.goQuoted) operation", expr)
        }
    }

    // Points at the operator rather than at the left side.
    private func operatorError(_ text: String, _ binary: BinaryExpression) -> PromQLError {
        var place = binary.left.span.upperBound
        while place < bytes.count, bytes[place].isBlank { place += 1 }
        return PromQLError(text, at: place, in: bytes)
    }

    private func check(_ call: Call, _ expr: Expr) throws(PromQLError) {
        let types = call.function.arguments
        let count = call.arguments.count
        let name = call.function.name.goQuoted
        switch call.function.variadic {
        case 0:
            guard count == types.count else {
                throw error(
                    "expected \(types.count) argument(s) in call to \(name), got \(count)",
                    expr
                )
            }
        case let extra:
            let least = types.count - 1
            guard count >= least else {
                throw error(
                    "expected at least \(least) argument(s) in call to \(name), got \(count)",
                    expr
                )
            }
            guard extra < 0 || count <= least + extra else {
                throw error(
                    "expected at most \(least + extra) argument(s) in call to \(name), "
                        + "got \(count)",
                    expr
                )
            }
        }
        for (index, argument) in call.arguments.enumerated() {
            try expect(
                types[min(index, types.count - 1)],
                argument,
                "call to function \(name)"
            )
        }
    }
}

extension ValueType {
    // The words of the HTTP API.
    fileprivate var shortName: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "vector"
        case .matrix: "matrix"
        }
    }
}
