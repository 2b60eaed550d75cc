// What is wrong with a configuration, where it was said, and what to do about it.
public import Formats

/// Where a setting comes from.
public enum ConfigOrigin: Sendable, Equatable {
    /// A place in the file.
    case file(TOMLPosition)
    /// A variable of the environment.
    case environment(String)
    /// `--set`, with the key as it was written.
    case option(String)
}

/// One thing that is wrong.
///
/// All of them are collected before anything is refused.
public struct ConfigProblem: Error, Sendable, Equatable {
    /// The file's name as the user gave it.
    public let file: String
    public let origin: ConfigOrigin
    /// The full key, such as `storage.retention_time`; empty where there is none, as in bad syntax.
    public let key: String
    /// What is wrong; what to do.
    public let text: String
}

extension ConfigProblem: CustomStringConvertible {
    /// `FILE:line:column: key: what is wrong; what to do`.
    public var description: String {
        let place =
            switch origin {
            case .file(let position): "\(file):\(position.line):\(position.column)"
            case .environment(let name): "environment \(name)"
            case .option(let key): "--set \(key)"
            }
        return key.isEmpty ? "\(place): \(text)" : "\(place): \(key): \(text)"
    }
}

/// Everything that is wrong with a configuration.
public struct ConfigErrors: Error, Sendable, Equatable {
    /// At least one, in the order of the file, then overrides.
    public let problems: [ConfigProblem]
}

extension ConfigErrors: CustomStringConvertible {
    /// One problem a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
