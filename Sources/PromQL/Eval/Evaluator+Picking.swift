// Aggregations that give some input series as they are: topk, bottomk, limitk, limit_ratio.
import Model

extension Evaluator {
    func streamPicked(
        _ aggregation: Aggregation,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let parameter = try parameter(aggregation, over: grid)
        let span = aggregation.parameter?.span ?? aggregation.span
        let limits = try limits(parameter, aggregation.operation, at: span)
        for group in try collectGroups(aggregation, over: grid) {
            try checkpoint()
            let members = group.members
            var picked = [EvalSeries]()
            for series in members {
                picked.append(
                    EvalSeries(
                        labels: series.labels,
                        column: [Double](repeating: .absent, count: grid.count)
                    )
                )
            }
            var order: [Int] = []
            for step in 0..<grid.count {
                order = pick(members, step, limits[step], aggregation.operation)
                for index in order { picked[index].column[step] = members[index].column[step] }
            }
            // The order of the values is worth keeping where there is only one time.
            let indices = grid.count == 1 ? order : Array(picked.indices)
            for index in indices where picked[index].column.hasValues {
                try sink(picked[index].labels, &picked[index].column)
            }
            release(members, over: grid)
        }
    }

    private func limits(
        _ parameter: [Double],
        _ operation: AggregateOperator,
        at span: Range<Int>
    ) throws(QueryError) -> [Double] {
        var limits = parameter
        for step in limits.indices {
            let value = parameter[step]
            if value.isNaN {
                throw .execution(
                    operation == .limitRatio
                        ? "Ratio value is NaN" : "Parameter value is NaN"
                )
            }
            if operation == .limitRatio {
                if value.magnitude > 1 {
                    limits[step] = value < 0 ? -1 : 1
                    notes.warn(
                        "ratio value should be between -1 and 1, got "
                            + "\(FloatText.text(value, .exposition)), capping to "
                            + FloatText.text(limits[step], .exposition),
                        at: span
                    )
                }
                continue
            }
            if value >= 0x1p63 {
                throw .execution(
                    "Scalar value \(FloatText.text(value, .exposition)) overflows int64"
                )
            }
            if value < -0x1p63 {
                throw .execution(
                    "Scalar value \(FloatText.text(value, .exposition)) underflows int64"
                )
            }
            limits[step] = value.rounded(.towardZero)
        }
        return limits
    }

    // The places of the members that stay at this step, the best first.
    private func pick(
        _ members: [EvalSeries],
        _ step: Int,
        _ limit: Double,
        _ operation: AggregateOperator
    ) -> [Int] {
        if operation == .limitRatio {
            return members.indices.filter {
                !members[$0].column[step].isAbsent && isSampled(members[$0].labels, limit)
            }
        }
        guard limit >= 1 else { return [] }
        let count = Int(min(limit, Double(members.count)))
        var best: [Int] = []
        best.reserveCapacity(count + 1)
        for index in members.indices {
            let value = members[index].column[step]
            if value.isAbsent { continue }
            if operation == .limitk {
                if best.count < count { best.append(index) }
                continue
            }
            let isTop = operation == .topk
            // NaN is worse than any number; of equal values the earlier series stays.
            func isBetter(_ other: Int) -> Bool {
                let rival = members[other].column[step]
                if rival.isNaN { return !value.isNaN }
                return isTop ? value > rival : value < rival
            }
            if best.count == count, let worst = best.last, !isBetter(worst) { continue }
            var place = best.count
            while place > 0, isBetter(best[place - 1]) { place -= 1 }
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }

    // Spreads series evenly over 0..<1 by their labels: a ratio and its negative complement share
    // them out without overlap.
    private func isSampled(_ labels: Labels, _ ratio: Double) -> Bool {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in labels.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 32
        hash = hash &* 0x9e37_79b9_7f4a_7c15
        let place = Double(hash >> 11) / 0x1p53
        return ratio >= 0 ? place < ratio : place >= 1 + ratio
    }
}
