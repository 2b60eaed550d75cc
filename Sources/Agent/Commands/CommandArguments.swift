// The arguments after a command's name, taken apart by its specification.

/// Why a command line is wrong; the program then ends with exit code 2.
enum UsageError: Error, Equatable {
    case unknownCommand(String, nearest: String?)
    case unknownOption(String, command: String, nearest: String?)
    case missingValue(option: String, value: String)
    case unwantedValue(option: String)
    case repeated(option: String)
    case operands(command: String, wanted: String, found: Int)
    case badValue(option: String, text: String, wanted: String)
    case excluded(option: String, by: String)
}

extension UsageError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknownCommand(let name, let nearest):
            "unknown command \(name); "
                + (nearest.map { "did you mean \($0)?" } ?? "see tsdb-agent --help")
        case .unknownOption(let name, let command, let nearest):
            "unknown option \(name); "
                + (nearest.map { "did you mean --\($0)?" } ?? "see tsdb-agent \(command) --help")
        case .missingValue(let option, let value):
            "--\(option) has no value; write --\(option) \(value)"
        case .unwantedValue(let option): "--\(option) takes no value; leave it out"
        case .repeated(let option): "--\(option) stands there twice; keep one"
        case .operands(let command, let wanted, let found):
            "\(command) takes \(wanted.isEmpty ? "no arguments" : wanted), found \(found); "
                + "see tsdb-agent \(command) --help"
        case .badValue(let option, let text, let wanted): "--\(option) \(text): write \(wanted)"
        case .excluded(let option, let other): "--\(option) does not go with --\(other); keep one"
        }
    }
}

/// What followed a command's name.
struct CommandArguments: Equatable {
    /// Values by option, in their order; a switch has one empty value.
    private(set) var options: [String: [String]] = [:]
    private(set) var operands: [String] = []
    /// Whether help was asked for; nothing else counts then.
    private(set) var wantsHelp = false

    /// Takes arguments apart: `--name value`, `--name=value`, operands anywhere, `--` before
    /// operands that begin with a dash.
    /// - Throws: the first thing that does not fit the specification.
    init(_ arguments: ArraySlice<String>, _ spec: CommandSpec) throws(UsageError) {
        var rest = arguments
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                rest = []
            } else if argument == "--help" || argument == "-h" {
                wantsHelp = true
                return
            } else if argument.hasPrefix("-"), argument.utf8.count > 1,
                !CommandArguments.isNumber(argument)
            {
                try take(argument, &rest, spec)
            } else {
                operands.append(argument)
            }
        }
        guard spec.operandCount.contains(operands.count) else {
            throw .operands(command: spec.name, wanted: spec.operands, found: operands.count)
        }
    }

    /// The value of an option that comes at most once.
    subscript(option: String) -> String? { options[option]?.first }

    private mutating func take(
        _ argument: String,
        _ rest: inout ArraySlice<String>,
        _ spec: CommandSpec
    ) throws(UsageError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let written = String(parts[0])
        let name = written.hasPrefix("--") ? String(written.dropFirst(2)) : written
        guard written.hasPrefix("--"), let option = spec.options.first(where: { $0.name == name })
        else {
            let plain = String(written.drop { $0 == "-" })
            let nearest = NearestName.find(plain, in: spec.options.map(\.name))
            throw .unknownOption(written, command: spec.name, nearest: nearest)
        }
        if !option.repeats, options[name] != nil { throw .repeated(option: name) }
        guard let value = option.value else {
            if parts.count > 1 { throw .unwantedValue(option: name) }
            options[name] = [""]
            return
        }
        if parts.count > 1 {
            options[name, default: []].append(String(parts[1]))
        } else if let next = rest.popFirst() {
            options[name, default: []].append(next)
        } else {
            throw .missingValue(option: name, value: value)
        }
    }

    // `-1` is an expression for `query`, not an option.
    private static func isNumber(_ argument: String) -> Bool {
        guard let second = argument.utf8.dropFirst().first else { return false }
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(second)
            || second == UInt8(ascii: ".")
    }
}
