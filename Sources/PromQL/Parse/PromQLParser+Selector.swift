// Selectors: names, matchers in braces, ranges, subqueries, offset and @.
import Model

extension PromQLParser {
    /// A primary and what follows it: `[range]`, `[range:step]`, `offset`, `@`.
    mutating func postfix() throws(PromQLError) -> (Expr, depth: Int) {
        var (expr, depth) = try primary()
        while true {
            switch token.kind {
            case .leftBracket:
                expr = try bracket(expr)
                depth += 1
                try checkDepth(depth)
            case .word(.offset): expr = try offset(expr)
            case .at: expr = try anchor(expr)
            default: return (expr, depth)
            }
        }
    }

    /// A selector whose name, if it has one before the braces, has been stepped past.
    mutating func selector(name: Token?) throws(PromQLError) -> VectorSelector {
        let start = name?.start ?? token.start
        var end = name?.end ?? token.end
        var matchers: [LabelMatcher] = []
        var quotedName: String?
        if token.kind == .leftBrace {
            try advance()
            while token.kind != .rightBrace {
                if let bare = try matcher(&matchers) {
                    if let earlier = quotedName ?? name.map(text) {
                        throw error(
                            "metric name must not be set twice: "
                                + "\(earlier.goQuoted) or \(bare.goQuoted)",
                            start
                        )
                    }
                    quotedName = bare
                }
                if token.kind == .rightBrace { break }
                guard try take(.comma) else {
                    throw unexpected("label matching", "\",\" or \"}\"")
                }
            }
            end = token.end
            try advance()
        }
        let metric = name.map(text) ?? quotedName ?? ""
        if !metric.isEmpty {
            matchers.append(LabelMatcher(Label.metricName, equals: metric))
        }
        return VectorSelector(name: metric, matchers: matchers, span: start..<end)
    }

    // One matcher; a quoted name that stands alone is returned instead.
    private mutating func matcher(
        _ matchers: inout [LabelMatcher]
    ) throws(PromQLError) -> String? {
        let first = token
        let name: String
        switch first.kind {
        case .identifier: name = text(first)
        case .string: name = StringText.value(lexer.bytes[first.start..<first.end])
        default: throw unexpected("label matching", "identifier or \"}\"")
        }
        try advance()
        let operation: LabelMatcher.Operation
        switch token.kind {
        case .assign: operation = .equal
        case .binary(.notEqual): operation = .notEqual
        case .matchRegex: operation = .matches
        case .matchNotRegex: operation = .notMatches
        case .comma where first.kind == .string, .rightBrace where first.kind == .string:
            return name
        default: throw unexpected("label matching", "label matching operator")
        }
        try advance()
        guard token.kind == .string else { throw unexpected("label matching", "string") }
        let value = StringText.value(lexer.bytes[token.start..<token.end])
        do throws(PatternError) {
            matchers.append(try LabelMatcher(name, operation, value))
        } catch {
            throw self.error("\(error)", first.start)
        }
        try advance()
        return nil
    }

    // MARK: Ranges

    private mutating func bracket(_ expr: Expr) throws(PromQLError) -> Expr {
        let open = token
        try advance()
        guard token.kind == .number || token.kind == .duration else {
            throw unexpected("subquery or range selector", "number or duration")
        }
        let rangeMs = try positiveDuration()
        if try take(.colon) { return try subquery(expr, rangeMs) }
        guard token.kind == .rightBracket else {
            throw unexpected("subquery or range", "\":\" or \"]\"")
        }
        guard case .selector(var selector) = expr else {
            throw error("ranges only allowed for vector selectors", open.start)
        }
        if selector.shift.offsetMs != 0 {
            throw error("no offset modifiers allowed before range", open.start)
        }
        if selector.shift.anchor != nil {
            throw error("no @ modifiers allowed before range", open.start)
        }
        let span = selector.span.lowerBound..<token.end
        selector.span = span
        try advance()
        return .range(RangeSelector(selector: selector, rangeMs: rangeMs, span: span))
    }

    // Range and colon are behind us.
    private mutating func subquery(_ expr: Expr, _ rangeMs: Int64) throws(PromQLError) -> Expr {
        var stepMs: Int64?
        switch token.kind {
        case .number, .duration: stepMs = try positiveDuration()
        case .rightBracket: break
        default: throw unexpected("subquery selector", "number or duration or \"]\"")
        }
        guard token.kind == .rightBracket else { throw unexpected("subquery selector", "\"]\"") }
        let span = expr.span.lowerBound..<token.end
        try advance()
        return .subquery(Subquery(inner: expr, rangeMs: rangeMs, stepMs: stepMs, span: span))
    }

    private mutating func positiveDuration() throws(PromQLError) -> Int64 {
        let start = token.start
        let seconds = try numberOrDuration()
        guard seconds > 0 else { throw error("duration must be greater than 0", start) }
        return try milliseconds(seconds, start)
    }

    private func milliseconds(_ seconds: Double, _ start: Int) throws(PromQLError) -> Int64 {
        let ms = (seconds * 1000).rounded()
        guard ms.isFinite, ms.magnitude <= Double(DurationText.maxMs) else {
            throw error("duration out of range", start)
        }
        return Int64(ms)
    }

    // MARK: Shifts

    private mutating func offset(_ expr: Expr) throws(PromQLError) -> Expr {
        try advance()
        let start = token.start
        var sign = 1.0
        if case .binary(let operation) = token.kind, operation == .add || operation == .subtract {
            sign = operation == .add ? 1 : -1
            try advance()
        }
        guard token.kind == .number || token.kind == .duration else {
            throw unexpected("offset", "number or duration")
        }
        let end = token.end
        let ms = try milliseconds(sign * numberOrDuration(), start)
        guard var shift = shift(of: expr) else {
            throw error(
                "offset modifier must be preceded by an instant vector selector or range vector "
                    + "selector or a subquery",
                expr.span.lowerBound
            )
        }
        if shift.offsetMs != 0 {
            throw error("offset may not be set multiple times", expr.span.lowerBound)
        }
        shift.offsetMs = ms
        return shifted(expr, shift, end)
    }

    private mutating func anchor(_ expr: Expr) throws(PromQLError) -> Expr {
        try advance()
        let start = token.start
        let anchor: TimeShift.Anchor
        var end = token.end
        switch token.kind {
        case .word(.start), .word(.end):
            anchor = token.kind == .word(.start) ? .start : .end
            try advance()
            guard try take(.leftParen), token.kind == .rightParen else {
                throw unexpected("@", "timestamp")
            }
            end = token.end
            try advance()
        case .number, .duration, .binary(.add), .binary(.subtract):
            let isNegative = token.kind == .binary(.subtract)
            if case .binary = token.kind { try advance() }
            guard token.kind == .number || token.kind == .duration else {
                throw unexpected("@", "timestamp")
            }
            end = token.end
            let seconds = try numberOrDuration() * (isNegative ? -1 : 1)
            let ms = (seconds * 1000).rounded()
            guard ms.isFinite, ms.magnitude < 9.2e18 else {
                throw error(
                    "timestamp out of bounds for @ modifier: \(FloatText.text(seconds, .plain))",
                    start
                )
            }
            anchor = .time(Timestamp(ms: Int64(ms)))
        default: throw unexpected("@", "timestamp")
        }
        guard var shift = shift(of: expr) else {
            throw error(
                "@ modifier must be preceded by an instant vector selector or range vector "
                    + "selector or a subquery",
                expr.span.lowerBound
            )
        }
        if shift.anchor != nil {
            throw error("@ <timestamp> may not be set multiple times", expr.span.lowerBound)
        }
        shift.anchor = anchor
        return shifted(expr, shift, end)
    }

    private func shift(of expr: Expr) -> TimeShift? {
        switch expr {
        case .selector(let selector): selector.shift
        case .range(let range): range.selector.shift
        case .subquery(let subquery): subquery.shift
        default: nil
        }
    }

    private func shifted(_ expr: Expr, _ shift: TimeShift, _ end: Int) -> Expr {
        switch expr {
        case .selector(var selector):
            selector.shift = shift
            selector.span = selector.span.lowerBound..<end
            return .selector(selector)
        case .range(var range):
            range.selector.shift = shift
            range.span = range.span.lowerBound..<end
            return .range(range)
        case .subquery(var subquery):
            subquery.shift = shift
            subquery.span = subquery.span.lowerBound..<end
            return .subquery(subquery)
        default: return expr
        }
    }
}
