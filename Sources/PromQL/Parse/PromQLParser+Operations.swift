// Aggregations, calls, and the words between the sides of a binary operator.

extension PromQLParser {
    /// What follows the name of an aggregation, which has been stepped past.
    mutating func aggregation(
        _ operation: AggregateOperator,
        from start: Int
    ) throws(PromQLError) -> (Expr, depth: Int) {
        var grouping: [String] = []
        var isWithout = false
        var hasGrouping = false
        if case .word(let word) = token.kind, word == .by || word == .without {
            isWithout = word == .without
            hasGrouping = true
            try advance()
            grouping = try groupingLabels()
        }
        guard token.kind == .leftParen else { throw unexpected("aggregation") }
        var (arguments, end, depth) = try argumentList()
        if !hasGrouping, case .word(let word) = token.kind, word == .by || word == .without {
            isWithout = word == .without
            try advance()
            let groupingEnd: Int
            (grouping, groupingEnd) = try groupingLabelsAndEnd()
            end = groupingEnd
        }
        let span = start..<end
        if arguments.isEmpty {
            throw error("no arguments for aggregate expression provided", start)
        }
        let wanted = operation.parameter == nil ? 1 : 2
        guard arguments.count == wanted else {
            throw error(
                "wrong number of arguments for aggregate expression provided, "
                    + "expected \(wanted), got \(arguments.count)",
                start
            )
        }
        let inner = arguments.removeLast()
        depth += 1
        try checkDepth(depth)
        return (
            .aggregate(
                Aggregation(
                    operation: operation,
                    parameter: arguments.last,
                    inner: inner,
                    grouping: grouping,
                    isWithout: isWithout,
                    span: span
                )
            ), depth
        )
    }

    /// What follows the name of a function: its arguments.
    mutating func call(_ name: Token) throws(PromQLError) -> (Expr, depth: Int) {
        guard let function = FunctionSignature.named(text(name)) else {
            throw error("unknown function with name \(text(name).goQuoted)", name.start)
        }
        let (arguments, end, depth) = try argumentList()
        try checkDepth(depth + 1)
        return (
            .call(Call(function: function, arguments: arguments, span: name.start..<end)),
            depth + 1
        )
    }

    // `(a, b)`, the place behind it, and how deep the deepest argument is.
    private mutating func argumentList() throws(PromQLError) -> ([Expr], end: Int, depth: Int) {
        try advance()
        var arguments: [Expr] = []
        var deepest = 0
        while token.kind != .rightParen {
            let (argument, depth) = try expression(1)
            arguments.append(argument)
            deepest = max(deepest, depth)
            if token.kind == .rightParen { break }
            let comma = token
            guard try take(.comma) else { throw unexpected() }
            if token.kind == .rightParen {
                throw error(
                    "trailing commas not allowed in function call args",
                    comma.start
                )
            }
        }
        let end = token.end
        try advance()
        return (arguments, end, deepest)
    }

    /// `(label, "other label")`, as after `by` and `on`.
    mutating func groupingLabels() throws(PromQLError) -> [String] {
        try groupingLabelsAndEnd().labels
    }

    private mutating func groupingLabelsAndEnd() throws(PromQLError) -> (
        labels: [String], end: Int
    ) {
        guard try take(.leftParen) else { throw unexpected("grouping opts", "\"(\"") }
        var labels: [String] = []
        while token.kind != .rightParen {
            switch token.kind {
            case .identifier, .word, .aggregate: labels.append(text(token))
            case .binary(let operation) where operation.isSet || operation == .atan2:
                labels.append(text(token))
            case .string:
                labels.append(StringText.value(lexer.bytes[token.start..<token.end]))
            default: throw unexpected("grouping opts", "label")
            }
            try advance()
            if token.kind == .rightParen { break }
            guard try take(.comma) else { throw unexpected("grouping opts", "\",\" or \")\"") }
        }
        let end = token.end
        try advance()
        return (labels, end)
    }

    /// `bool`, `on (…)`, `ignoring (…)`, `group_left (…)`, `group_right (…)`.
    mutating func binaryModifiers() throws(PromQLError) -> (Bool, VectorMatching) {
        let returnsBool = try take(.word(.bool))
        var matching = VectorMatching()
        guard token.kind == .word(.on) || token.kind == .word(.ignoring) else {
            return (returnsBool, matching)
        }
        matching.isOn = token.kind == .word(.on)
        try advance()
        matching.labels = try groupingLabels()
        guard token.kind == .word(.groupLeft) || token.kind == .word(.groupRight) else {
            return (returnsBool, matching)
        }
        matching.cardinality = token.kind == .word(.groupLeft) ? .manyToOne : .oneToMany
        try advance()
        if token.kind == .leftParen { matching.include = try groupingLabels() }
        return (returnsBool, matching)
    }
}
