// The running values of one group of an aggregation, one a step.

struct RunningColumn {
    private enum State {
        case plain([Double])
        case sums([KahanSum])
        case means([RunningMean])
        case variances([RunningVariance])
    }

    private let operation: AggregateOperator
    private var state: State
    private var present: [Bool]

    init(_ operation: AggregateOperator, count: Int) {
        self.operation = operation
        present = [Bool](repeating: false, count: count)
        switch operation {
        case .sum: state = .sums([KahanSum](repeating: KahanSum(), count: count))
        case .avg: state = .means([RunningMean](repeating: RunningMean(), count: count))
        case .stddev, .stdvar:
            state = .variances([RunningVariance](repeating: RunningVariance(), count: count))
        default: state = .plain([Double](repeating: 0, count: count))
        }
    }

    mutating func add(_ column: [Double]) {
        // Taken out while it is changed, so that nothing is copied.
        let current = state
        state = .plain([])
        switch current {
        case .sums(var sums):
            for step in 0..<column.count where !column[step].isAbsent {
                sums[step].add(column[step])
                present[step] = true
            }
            state = .sums(sums)
        case .means(var means):
            for step in 0..<column.count where !column[step].isAbsent {
                means[step].add(column[step])
                present[step] = true
            }
            state = .means(means)
        case .variances(var variances):
            for step in 0..<column.count where !column[step].isAbsent {
                variances[step].add(column[step])
                present[step] = true
            }
            state = .variances(variances)
        case .plain(var values):
            addPlain(column, &values)
            state = .plain(values)
        }
    }

    private mutating func addPlain(_ column: [Double], _ values: inout [Double]) {
        for step in 0..<column.count where !column[step].isAbsent {
            let value = column[step]
            let isFirst = !present[step]
            present[step] = true
            switch operation {
            case .count: values[step] += 1
            case .group: values[step] = 1
            case .min:
                if isFirst || value < values[step] || values[step].isNaN { values[step] = value }
            case .max:
                if isFirst || value > values[step] || values[step].isNaN { values[step] = value }
            default: preconditionFailure("BUG: \(operation.rawValue) has no running value")
            }
        }
    }

    /// The results, absent where there was no value.
    func take() -> [Double] {
        var column: [Double] = []
        column.reset(present.count)
        for step in 0..<present.count where present[step] {
            column[step] =
                switch state {
                case .plain(let values): values[step]
                case .sums(let sums): sums[step].value
                case .means(let means): means[step].value
                case .variances(let variances):
                    operation == .stddev
                        ? variances[step].variance.squareRoot() : variances[step].variance
                }
        }
        return column
    }
}
