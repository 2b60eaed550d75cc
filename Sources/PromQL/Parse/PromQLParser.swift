// Text to tree: recursive descent with operator precedence. Errors are worded as Prometheus's.
public import Model

/// Parses PromQL.
public struct PromQLParser {
    /// How deep an expression may nest; keeps hostile text from exhausting the stack.
    public static let maxDepth = 512

    var lexer: Lexer
    var token: Token
    private var depth = 0

    /// Parses and type-checks one expression.
    ///
    /// - Throws: `PromQLError`; its text is what Prometheus says.
    public static func parse(_ text: String) throws(PromQLError) -> Expr {
        var parser = try PromQLParser(text)
        guard parser.token.kind != .end else {
            throw parser.error("no expression found in input", 0)
        }
        let (expr, _) = try parser.expression(1)
        guard parser.token.kind == .end else { throw parser.unexpected() }
        try TypeCheck(bytes: parser.lexer.bytes).check(expr)
        return expr
    }

    /// Parses one instant selector, as `match[]` parameters hold it.
    ///
    /// - Throws: `PromQLError` for anything else.
    public static func parseSelector(_ text: String) throws(PromQLError) -> [LabelMatcher] {
        let expr = try parse(text)
        guard case .selector(let selector) = expr else {
            throw PromQLError("expected type vector selector", at: 0, in: Array(text.utf8))
        }
        guard selector.shift == TimeShift() else {
            throw PromQLError(
                "offset and @ modifiers are not allowed here",
                at: 0,
                in: Array(text.utf8)
            )
        }
        return selector.matchers
    }

    init(_ text: String) throws(PromQLError) {
        lexer = Lexer(Array(text.utf8))
        token = try lexer.next()
    }

    /// An expression of operators that bind at least as tightly as `precedence`, and how deep its
    /// tree is.
    mutating func expression(_ precedence: Int) throws(PromQLError) -> (Expr, depth: Int) {
        depth += 1
        defer { depth -= 1 }
        try checkDepth(depth)
        var (left, deepest) = try operand()
        while case .binary(let operation) = token.kind, operation.precedence >= precedence {
            try advance()
            let (returnsBool, matching) = try binaryModifiers()
            let tighter = operation == .power ? operation.precedence : operation.precedence + 1
            let (right, rightDepth) = try expression(tighter)
            deepest = max(deepest, rightDepth) + 1
            try checkDepth(deepest)
            left = .binary(
                BinaryExpression(
                    operation: operation,
                    left: left,
                    right: right,
                    matching: matching,
                    returnsBool: returnsBool
                )
            )
        }
        return (left, deepest)
    }

    // A primary or a sign with what it applies to.
    private mutating func operand() throws(PromQLError) -> (Expr, depth: Int) {
        guard case .binary(let sign) = token.kind, sign == .add || sign == .subtract else {
            return try postfix()
        }
        let start = token.start
        try advance()
        // The sign binds like multiplication: only a power is taken before it.
        let (operand, depth) = try expression(BinaryOperator.powerPrecedence)
        try checkDepth(depth + 1)
        let isNegative = sign == .subtract
        let span = start..<operand.span.upperBound
        if case .number(var number) = operand {
            if isNegative { number.value = -number.value }
            number.span = span
            return (.number(number), depth)
        }
        return (
            .unary(UnaryExpression(isNegative: isNegative, operand: operand, span: span)),
            depth + 1
        )
    }

    func checkDepth(_ depth: Int) throws(PromQLError) {
        guard depth <= PromQLParser.maxDepth else {
            throw error(
                "expression is nested too deeply (at most \(PromQLParser.maxDepth) levels)",
                token.start
            )
        }
    }

    mutating func primary() throws(PromQLError) -> (Expr, depth: Int) {
        let first = token
        switch first.kind {
        case .number, .duration:
            let value = try numberOrDuration()
            return (
                .number(
                    NumberLiteral(
                        value: value,
                        isDuration: first.kind == .duration,
                        span: first.start..<first.end
                    )
                ), 1
            )
        case .string:
            let text = StringText.value(lexer.bytes[first.start..<first.end])
            try advance()
            return (.string(StringLiteral(text: text, span: first.start..<first.end)), 1)
        case .leftParen:
            try advance()
            let (inner, depth) = try expression(1)
            guard token.kind == .rightParen else { throw unexpected() }
            let span = first.start..<token.end
            try advance()
            return (.paren(Parenthesised(inner: inner, span: span)), depth + 1)
        case .leftBrace: return (.selector(try selector(name: nil)), 1)
        case .aggregate(let operation):
            try advance()
            switch token.kind {
            case .leftParen, .word(.by), .word(.without):
                return try aggregation(operation, from: first.start)
            default: return (.selector(try selector(name: first)), 1)
            }
        case .identifier:
            try advance()
            if token.kind == .leftParen { return try call(first) }
            return (.selector(try selector(name: first)), 1)
        case .metricIdentifier:
            try advance()
            return (.selector(try selector(name: first)), 1)
        case .word(let word) where word.isMetricName:
            try advance()
            return (.selector(try selector(name: first)), 1)
        case .binary(let operation) where operation.isSet:
            try advance()
            return (.selector(try selector(name: first)), 1)
        default: throw unexpected()
        }
    }

    // MARK: Small pieces

    mutating func advance() throws(PromQLError) {
        token = try lexer.next()
    }

    mutating func take(_ kind: TokenKind) throws(PromQLError) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    func text(_ token: Token) -> String {
        String(decoding: lexer.bytes[token.start..<token.end], as: UTF8.self)
    }

    func error(_ text: String, _ offset: Int) -> PromQLError {
        PromQLError(text, at: offset, in: lexer.bytes)
    }

    /// The error for the token at hand: where it stands and what could stand there.
    func unexpected(_ context: String = "", _ expected: String = "") -> PromQLError {
        var text = "unexpected \(token.description(in: lexer.bytes))"
        if !context.isEmpty { text += " in \(context)" }
        if !expected.isEmpty { text += ", expected \(expected)" }
        return error(text, token.start)
    }

    /// The value of the number or duration at hand, a duration in seconds; steps past it.
    mutating func numberOrDuration() throws(PromQLError) -> Double {
        let first = token
        let literal = text(first)
        if first.kind == .duration {
            let ms: Int64
            do throws(DurationTextError) {
                ms = try DurationText.parse(literal)
            } catch {
                throw self.error("\(error)", first.start)
            }
            if ms == 0 { throw error("duration must be greater than 0", first.start) }
            try advance()
            return Double(ms) / 1000
        }
        guard let value = NumberText.value(literal) else {
            throw error(
                "error parsing number: strconv.ParseFloat: parsing \(literal.goQuoted): "
                    + "invalid syntax",
                first.start
            )
        }
        try advance()
        return value
    }
}
