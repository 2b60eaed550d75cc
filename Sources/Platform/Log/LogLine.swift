// One log line as bytes: logfmt (`key=value`, quoted where it must be) or one JSON object.
// A control byte never gets through raw: a line is one line, whatever a peer put into a value.

/// How serious a line is.
public enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    case debug, info, warn, error

    /// The level called `name` in the configuration, nil for any other word.
    public init?(name: String) {
        guard let level = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    public var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        }
    }

    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// How a line is written.
public enum LogFormat: String, Sendable, CaseIterable {
    case logfmt, json
}

/// A key and what it says; numbers and truth values stay bare in JSON.
public typealias LogField = (String, any CustomStringConvertible)

struct LogLine {
    private(set) var bytes: [UInt8] = []
    private let format: LogFormat

    init(format: LogFormat, timeMs: Int64, level: LogLevel, text: String) {
        self.format = format
        bytes.reserveCapacity(160)
        if format == .json { bytes.append(UInt8(ascii: "{")) }
        add("ts", CivilTime.rfc3339(timeMs))
        add("level", level.name)
        add("msg", text)
    }

    mutating func add(_ key: String, _ value: any CustomStringConvertible) {
        switch format {
        case .logfmt:
            if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
            appendKey(key)
            bytes.append(UInt8(ascii: "="))
            appendLogfmt(value.description)
        case .json:
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            appendQuoted(key)
            bytes.append(UInt8(ascii: ":"))
            if isBareInJSON(value) {
                bytes.append(contentsOf: value.description.utf8)
            } else {
                appendQuoted(value.description)
            }
        }
    }

    consuming func finished() -> [UInt8] {
        if format == .json { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private mutating func appendKey(_ key: String) {
        for byte in key.utf8 {
            bytes.append(isPlain(byte) ? byte : UInt8(ascii: "_"))
        }
    }

    private mutating func appendLogfmt(_ text: String) {
        if !text.isEmpty, text.utf8.allSatisfy(isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            appendQuoted(text)
        }
    }

    // JSON's escapes (RFC 8259 section 7); logfmt readers take the same.
    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case ..<0x20, 0x7F:
                bytes.append(contentsOf: (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

private func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
        && byte != UInt8(ascii: "\\")
}

private func isBareInJSON(_ value: any CustomStringConvertible) -> Bool {
    if let number = value as? Double { return number.isFinite }
    return value is any FixedWidthInteger || value is Bool
}
