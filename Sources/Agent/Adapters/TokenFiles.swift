// The API's tokens, read from their files again when these change.
import API
import Platform

/// Tokens out of `api.bearer_token_file` and `api.write_token_file`.
///
/// `refresh` reads files: not on the loop. Between two refreshes the tokens stay as they are.
final class TokenFiles: TokenSource, Sendable {
    private struct Tokens {
        var api: [UInt8]?
        var write: [UInt8]?
    }

    private let apiPath: String
    private let writePath: String
    private let files: any FileSystem
    private let log: Logger
    private let tokens = Lock(Tokens())

    init(apiPath: String, writePath: String, _ files: any FileSystem, _ log: Logger) {
        self.apiPath = apiPath
        self.writePath = writePath
        self.files = files
        self.log = log
    }

    func apiToken() -> [UInt8]? { tokens.withLock { $0.api } }

    func writeToken() -> [UInt8]? { tokens.withLock { $0.write } }

    /// Reads the files for the first time.
    ///
    /// - Throws: the text to stop with: without its token the API must not start.
    func load() throws(TokenFileError) {
        let api = try apiPath.isEmpty ? nil : read(apiPath, "api.bearer_token_file")
        let write = try writePath.isEmpty ? nil : read(writePath, "api.write_token_file")
        tokens.withLock { $0 = Tokens(api: api, write: write) }
    }

    /// Reads the files again; while one cannot be read its old token stays valid.
    func refresh() {
        do throws(TokenFileError) {
            try load()
        } catch {
            log.warn("token file cannot be read, the old token stays", ("cause", "\(error)"))
        }
    }

    private func read(_ path: String, _ key: String) throws(TokenFileError) -> [UInt8] {
        let token: [UInt8]
        do throws(Errno) { token = try files.readSecret(path) } catch {
            throw TokenFileError(text: "\(key): cannot read \(path): \(error)")
        }
        guard !token.isEmpty else {
            throw TokenFileError(text: "\(key): \(path) is empty; put the token into it")
        }
        return token
    }
}

/// Why a token file gave no token.
struct TokenFileError: Error, CustomStringConvertible {
    let text: String

    var description: String { text }
}
