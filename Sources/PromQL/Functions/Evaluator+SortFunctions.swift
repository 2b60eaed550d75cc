// sort and its kind: they order an instant query; a range query is in order of labels.
import Model

extension Evaluator {
    func streamSorted(_ call: Call, over grid: StepGrid, _ sink: Sink) throws(QueryError) {
        let isDescending = call.function.name == "sort_desc"
        try streamOrdered(call, over: grid, sink) { one, other in
            let (one, other) = (one.column[0], other.column[0])
            // NaN comes last either way.
            if one.isNaN || other.isNaN { return !one.isNaN && other.isNaN }
            return isDescending ? one > other : one < other
        }
    }

    func streamSortedByLabel(_ call: Call, over grid: StepGrid, _ sink: Sink) throws(QueryError) {
        let isDescending = call.function.name == "sort_by_label_desc"
        let names = call.arguments.dropFirst().map(string)
        try streamOrdered(call, over: grid, sink) { one, other in
            let (one, other) = isDescending ? (other, one) : (one, other)
            for name in names {
                let value = one.labels[name] ?? ""
                let rival = other.labels[name] ?? ""
                if !value.utf8.elementsEqual(rival.utf8) { return naturalOrder(value, rival) }
            }
            return one.labels < other.labels
        }
    }

    private func streamOrdered(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink,
        _ comesFirst: (EvalSeries, EvalSeries) -> Bool
    ) throws(QueryError) {
        guard grid.count == 1 else { return try stream(call.arguments[0], over: grid, sink) }
        var series = try collect(call.arguments[0], over: grid)
        series.sort(by: comesFirst)
        for index in series.indices {
            try sink(series[index].labels, &series[index].column)
        }
        release(series, over: grid)
    }
}

/// Whether `one` comes before `other` when runs of digits count as numbers: a2 before a10.
func naturalOrder(_ one: String, _ other: String) -> Bool {
    var left = Array(one.utf8)[...]
    var right = Array(other.utf8)[...]
    while let first = left.first, let second = right.first {
        if first.isDigit, second.isDigit {
            let digits = left.prefix { $0.isDigit }
            let rivals = right.prefix { $0.isDigit }
            let number = digits.drop { $0 == 0x30 }
            let rival = rivals.drop { $0 == 0x30 }
            if number.count != rival.count { return number.count < rival.count }
            if !number.elementsEqual(rival) { return number.lexicographicallyPrecedes(rival) }
            if digits.count != rivals.count { return digits.count < rivals.count }
            left = left.dropFirst(digits.count)
            right = right.dropFirst(rivals.count)
            continue
        }
        if first != second { return first < second }
        left = left.dropFirst()
        right = right.dropFirst()
    }
    return left.isEmpty && !right.isEmpty
}
