// Expressions as text, in the one form Prometheus prints them in.
import Model

extension Expr: CustomStringConvertible {
    /// PromQL that parses to this expression again.
    public var description: String {
        switch self {
        case .number(let number): number.text
        case .string(let string): string.text.goQuoted
        case .selector(let selector): selector.text + selector.shift.text
        case .range(let range):
            "\(range.selector.text)[\(DurationText.format(range.rangeMs))]"
                + range.selector.shift.text
        case .subquery(let subquery):
            "\(subquery.inner)[\(DurationText.format(subquery.rangeMs)):"
                + (subquery.stepMs.map(DurationText.format) ?? "") + "]" + subquery.shift.text
        case .aggregate(let aggregation): aggregation.text
        case .binary(let binary):
            "\(binary.left) \(binary.operation.rawValue)\(binary.returnsBool ? " bool" : "")"
                + "\(binary.matching.text) \(binary.right)"
        case .call(let call):
            "\(call.function.name)(\(call.arguments.map(\.description).joined(separator: ", ")))"
        case .paren(let paren): "(\(paren.inner))"
        case .unary(let unary): "\(unary.isNegative ? "-" : "+")\(unary.operand)"
        }
    }
}

extension NumberLiteral {
    fileprivate var text: String {
        isDuration
            ? DurationText.format(Int64((value * 1000).rounded()))
            : FloatText.text(value, .plain)
    }
}

extension TimeShift {
    fileprivate var text: String {
        var text = ""
        switch anchor {
        case nil: break
        case .start: text = " @ start()"
        case .end: text = " @ end()"
        case .time(let time):
            let milliseconds = String(time.ms.magnitude % 1000)
            text =
                " @ \(time.ms < 0 ? "-" : "")\(time.ms.magnitude / 1000)."
                + String(repeating: "0", count: 3 - milliseconds.utf8.count) + milliseconds
        }
        if offsetMs != 0 { text += " offset \(DurationText.format(offsetMs))" }
        return text
    }
}

extension VectorSelector {
    fileprivate var text: String {
        var inside = matchers.filter {
            $0.name != Label.metricName || $0.operation != .equal || $0.value != name
                || name.isEmpty
        }.map(\.promQL)
        inside.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let isClassic = name.isEmpty || name.isClassicMetricName
        if !isClassic { inside.insert(name.goQuoted, at: 0) }
        let braces = inside.isEmpty ? "" : "{\(inside.joined(separator: ","))}"
        return (isClassic ? name : "") + braces
    }
}

extension LabelMatcher {
    fileprivate var promQL: String { "\(quotedName(name))\(operation.rawValue)\(value.goQuoted)" }
}

extension Aggregation {
    fileprivate var text: String {
        var text = operation.rawValue
        if isWithout {
            text += " without (\(quotedNames(grouping))) "
        } else if !grouping.isEmpty {
            text += " by (\(quotedNames(grouping))) "
        }
        return text + "(" + (parameter.map { "\($0), " } ?? "") + "\(inner))"
    }
}

extension VectorMatching {
    fileprivate var text: String {
        let isGrouped = cardinality == .manyToOne || cardinality == .oneToMany
        guard isOn || !labels.isEmpty || isGrouped else { return "" }
        let text = " \(isOn ? "on" : "ignoring") (\(quotedNames(labels)))"
        return switch cardinality {
        case .oneToOne, .manyToMany: text
        case .manyToOne: "\(text) group_left (\(quotedNames(include)))"
        case .oneToMany: "\(text) group_right (\(quotedNames(include)))"
        }
    }
}

private func quotedName(_ name: String) -> String {
    name.isClassicLabelName ? name : name.goQuoted
}

private func quotedNames(_ names: [String]) -> String {
    names.map(quotedName).joined(separator: ", ")
}
