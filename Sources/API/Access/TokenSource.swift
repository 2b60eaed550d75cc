// Bearer tokens and how they are compared.

/// Gives the tokens that are valid now; they may change while the agent runs.
public protocol TokenSource: Sendable {
    /// The token that may do everything; nil when none is demanded.
    func apiToken() -> [UInt8]?
    /// The token that may only push; nil when there is none.
    func writeToken() -> [UInt8]?
}

/// Tokens that do not change.
public struct FixedTokens: TokenSource {
    private let api: [UInt8]?
    private let write: [UInt8]?

    /// Takes the tokens as text.
    public init(api: String? = nil, write: String? = nil) {
        self.api = api.map { Array($0.utf8) }
        self.write = write.map { Array($0.utf8) }
    }

    public func apiToken() -> [UInt8]? { api }
    public func writeToken() -> [UInt8]? { write }
}

enum TokenCompare {
    /// Whether both are the same, in a time that depends on `given` alone: how long a wrong token is
    /// looked at must not tell how much of it was right.
    static func same(_ given: [UInt8], _ secret: [UInt8]) -> Bool {
        guard !secret.isEmpty else { return false }
        var difference = UInt(given.count ^ secret.count)
        for index in given.indices {
            difference |= UInt(given[index] ^ secret[index % secret.count])
        }
        return difference == 0
    }
}
