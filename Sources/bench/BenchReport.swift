// What a benchmark is given and what it prints into: options, figures, goals, claims.

/// The bound that a figure has to keep, in the unit in which the figure is printed.
enum Goal {
    case atLeast(Double)
    case atMost(Double)

    func isMet(by value: Double) -> Bool {
        switch self {
        case .atLeast(let bound): value >= bound
        case .atMost(let bound): value <= bound
        }
    }

    var text: String {
        switch self {
        case .atLeast(let bound): "≥ \(Figures.text(bound))"
        case .atMost(let bound): "≤ \(Figures.text(bound))"
        }
    }
}

/// One run of the program: the options of the command line, and the rows of the summary.
///
/// Not for several threads: what worker threads measured is added by the benchmark itself.
final class BenchReport {
    /// One goal of the summary.
    private struct GoalRow {
        let name: String
        let value: String
        let goal: String
        let isMet: Bool
    }

    /// One claim of the original Rust project.
    struct Claim {
        let name: String
        let claimed: Double
        let ours: Double
        let unit: String
        /// Whether a smaller number is the better one, as with latencies and sizes.
        let isLowerBetter: Bool

        /// How many times better ours is.
        var factor: Double { isLowerBetter ? claimed / ours : ours / claimed }
    }

    private let options: [String: String]
    private var goals: [GoalRow] = []
    private var claims: [Claim] = []

    /// Takes the `key=value` arguments.
    init(options: [String: String]) {
        self.options = options
    }

    /// Goals that the run missed.
    var missed: Int { goals.count { !$0.isMet } + claims.count { $0.factor < 1 } }

    /// The text of an option, nil when it was not given.
    func option(_ name: String) -> String? { options[name] }

    /// The number of an option, or what is used without it.
    func number(_ name: String, default standard: Int) -> Int {
        options[name].flatMap { Int($0) } ?? standard
    }

    /// Prints a title above the figures that follow.
    func heading(_ text: String) {
        print("\n\(text)")
    }

    /// Prints a remark under a figure: what it was measured beside, what it leaves out.
    func remark(_ text: String) {
        print("  \(text)")
    }

    /// Prints the median with the lowest and the highest, and whether it keeps its goal.
    ///
    /// Each measurement is multiplied by `scale` to be in `unit`; the goal is in `unit`.
    func figure(
        _ name: String,
        _ figures: Figures,
        _ unit: String,
        scale: Double = 1,
        goal: Goal? = nil
    ) {
        guard !figures.isEmpty else { return }
        let median = figures.median * scale
        let spread =
            figures.count > 1
            ? "  [\(Figures.text(figures.low * scale)) to \(Figures.text(figures.high * scale)), "
                + "\(figures.count) runs]" : ""
        var verdict = ""
        if let goal {
            let isMet = goal.isMet(by: median)
            verdict = "  goal \(goal.text): \(isMet ? "met" : "MISSED")"
            goals.append(
                GoalRow(
                    name: name.trimmedLeft,
                    value: "\(Figures.text(median)) \(unit)",
                    goal: goal.text,
                    isMet: isMet
                )
            )
        }
        print("  \(Figures.pad(name, 54)) \(Figures.text(median)) \(unit)\(spread)\(verdict)")
    }

    /// Prints one number that needs no repetition, such as a size.
    func figure(_ name: String, _ value: Double, _ unit: String, goal: Goal? = nil) {
        figure(name, Figures([value]), unit, goal: goal)
    }

    /// Prints how long single calls took.
    func latency(_ name: String, _ latencies: inout Latencies) {
        let text = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)]
            .map { "\($0.0) \(Figures.text(latencies.microseconds($0.1)))" }
        print(
            "  \(Figures.pad(name, 54)) \(text.joined(separator: ", ")) µs, "
                + "\(latencies.count) calls"
        )
    }

    /// Adds a row to the table of claims.
    func claim(
        _ name: String,
        claimed: Double,
        ours: Double,
        _ unit: String,
        isLowerBetter: Bool = false
    ) {
        claims.append(
            Claim(
                name: name,
                claimed: claimed,
                ours: ours,
                unit: unit,
                isLowerBetter: isLowerBetter
            )
        )
    }

    /// Prints the table of claims and what became of the goals.
    func finish() {
        if !claims.isEmpty {
            print("\n\(Figures.pad("claim of the original", 44)) claimed | ours | factor")
            for claim in claims {
                let mark = claim.factor < 1 ? "  NOT BEATEN" : ""
                print(
                    "\(Figures.pad(claim.name, 44)) \(Figures.text(claim.claimed)) | "
                        + "\(Figures.text(claim.ours)) \(claim.unit) | "
                        + "\(Figures.text(claim.factor)) ×\(mark)"
                )
            }
        }
        if !goals.isEmpty {
            let missed = goals.filter { !$0.isMet }
            print("\ngoals: \(goals.count - missed.count) of \(goals.count) met")
            for row in missed { print("  missed: \(row.name): \(row.value), goal \(row.goal)") }
        }
    }
}

extension String {
    fileprivate var trimmedLeft: String { String(drop { $0 == " " }) }
}
