// Which agent a client command talks to, and by which token.
internal import Platform

/// A running agent as a client command names it.
struct ServerAddress: Sendable, Equatable {
    static let options = [
        CommandSpec.Option(
            name: "server",
            value: "URL",
            help: "http://host:port or unix:/path (\(standard))"
        ),
        CommandSpec.Option(
            name: "token-file",
            value: "FILE",
            help: "a file with the token (or TSDB_API_TOKEN)"
        ),
    ]
    static let standard = "http://127.0.0.1:9477"

    /// Without a slash at the end.
    let url: String
    /// Empty for TCP.
    let unixSocket: String

    /// Takes the value of `--server`.
    /// - Throws: `.badValue` for what is neither a URL nor a socket.
    init(_ text: String) throws(UsageError) {
        if text.hasPrefix("unix:") {
            var path = text.dropFirst(5)
            if path.hasPrefix("//") { path = path.dropFirst(2) }
            url = "http://localhost"
            unixSocket = String(path)
        } else {
            let hasScheme = text.firstIndex(of: ":").map { text[$0...].hasPrefix("://") } ?? false
            let whole = hasScheme ? text : "http://\(text)"
            url = whole.hasSuffix("/") ? String(whole.dropLast()) : whole
            unixSocket = ""
        }
        let isHTTP = url.hasPrefix("http://") || url.hasPrefix("https://")
        if !isHTTP || text.isEmpty || (text.hasPrefix("unix:") && unixSocket.isEmpty) {
            throw .badValue(
                option: "server",
                text: text,
                wanted: "http://host:port, https://… or unix:/path"
            )
        }
    }

    /// The token for the request: `--token-file`, else `TSDB_API_TOKEN`, else none.
    /// - Throws: the text to show when the file cannot be read.
    static func token(
        _ arguments: CommandArguments,
        _ context: CommandContext
    ) throws(QueryFailure) -> String {
        guard let path = arguments["token-file"] else {
            return context.environment["TSDB_API_TOKEN"] ?? ""
        }
        do throws(Errno) {
            return String(decoding: try context.files.readSecret(path), as: UTF8.self)
        } catch {
            throw .unreadable(path: path, cause: error)
        }
    }
}
