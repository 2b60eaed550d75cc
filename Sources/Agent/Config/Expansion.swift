// `${NAME}` and `${NAME:-default}` in the strings of a configuration, from the environment.

/// Why a text cannot be expanded.
enum ExpansionError: Error, Equatable {
    case unset(name: String)
    case unclosed
    case badName(String)
}

extension ExpansionError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unset(let name):
            "${\(name)} is not set in the environment; set it, or give a default: ${\(name):-value}"
        case .unclosed:
            "has a ${ without a }; close it: ${NAME} or ${NAME:-default}"
        case .badName(let name):
            "${\(name)} is not the name of a variable; use letters, digits and _: "
                + "${NAME} or ${NAME:-default}"
        }
    }
}

/// Expands variables; everything else of a text stays as it is, a single `$` too.
enum Expansion {
    /// The text with every variable replaced; what a variable holds is not expanded again.
    ///
    /// As in a shell, `:-` also replaces a variable that is empty.
    /// - Throws: the first variable that has neither value nor default, or is not one.
    static func expand(
        _ text: String,
        _ environment: [String: String]
    ) throws(ExpansionError) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "$")) else { return text }
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index...].starts(with: "${".utf8) else {
                out.append(bytes[index])
                index += 1
                continue
            }
            guard let close = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                throw .unclosed
            }
            out += try value(Array(bytes[index + 2..<close]), environment)
            index = close + 1
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func value(
        _ inside: [UInt8],
        _ environment: [String: String]
    ) throws(ExpansionError) -> [UInt8] {
        let name = inside.prefix { isNameByte($0) }
        let rest = inside[name.endIndex...]
        let text = String(decoding: name, as: UTF8.self)
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            rest.isEmpty || rest.starts(with: ":-".utf8)
        else { throw .badName(String(decoding: inside, as: UTF8.self)) }
        let value = environment[text]
        if rest.isEmpty {
            guard let value else { throw .unset(name: text) }
            return Array(value.utf8)
        }
        guard let value, !value.isEmpty else { return Array(rest.dropFirst(2)) }
        return Array(value.utf8)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
