// The command line of the fuzzers and crash tests: `FuzzOptions.usage`.

/// What to run and how.
struct FuzzOptions {
    /// How long each target runs.
    var seconds = 10
    /// Where the inputs come from.
    var seed: UInt64 = 1
    /// Where the note of the current case is kept.
    var crashDirectory = "/tmp/fuzz-cases"
    /// A note to run again instead of new cases.
    var replay: String?
    /// The kind of failure to fake: `finding` or `trap`.
    var canary: String?
    /// How many writers of a store are killed instead of fuzzing.
    var kills = 0
    /// How many lives of a store with power cuts are lived instead of fuzzing.
    var powerCuts = 0
    /// How many lives of an agent with destinations are lived instead of fuzzing.
    var shippings = 0
    /// The targets; all when empty.
    var names: [String] = []

    static let usage = """
        usage: fuzz [--seconds N] [--seed S] [--crash-dir DIR] [NAMES...]
               fuzz --replay FILE
               fuzz --canary finding|trap     fails on purpose
               fuzz [--kills N] [--power-cuts N] [--ship N] [--seed S] [--crash-dir DIR]
               fuzz --list
        """

    /// Reads the arguments behind the program's name.
    /// - Throws: what is wrong with them.
    init(_ arguments: [String]) throws(FuzzFinding) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                names.append(argument)
                continue
            }
            guard let value = rest.popFirst() else {
                throw FuzzFinding("\(argument) needs a value\n\(FuzzOptions.usage)")
            }
            switch argument {
            case "--seconds":
                guard let number = Int(value), 1...86_400 ~= number else {
                    throw FuzzFinding("--seconds takes a number from 1 to 86400, not \(value)")
                }
                seconds = number
            case "--seed":
                guard let number = UInt64(value) else {
                    throw FuzzFinding("--seed takes a number, not \(value)")
                }
                seed = number
            case "--kills": kills = try FuzzOptions.count(argument, value)
            case "--power-cuts": powerCuts = try FuzzOptions.count(argument, value)
            case "--ship": shippings = try FuzzOptions.count(argument, value)
            case "--crash-dir": crashDirectory = value
            case "--replay": replay = value
            case "--canary":
                guard ["finding", "trap"].contains(value) else {
                    throw FuzzFinding("--canary takes finding or trap, not \(value)")
                }
                canary = value
            default: throw FuzzFinding("no option \(argument)\n\(FuzzOptions.usage)")
            }
        }
    }

    private static func count(_ option: String, _ value: String) throws(FuzzFinding) -> Int {
        guard let number = Int(value), 1...10_000_000 ~= number else {
            throw FuzzFinding("\(option) takes a number from 1 to 10000000, not \(value)")
        }
        return number
    }
}
