// A URL taken apart: RFC 3986, and `unix:` for sockets in the file system.

/// Why a text is no URL.
public enum URLError: Error, Equatable {
    case noScheme(String)
    case noHost(String)
    case badPort(String, url: String)
    case badHost(String, url: String)
    case badCharacter(byte: UInt8, atByte: Int, url: String)
}

extension URLError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noScheme(let url): "\"\(url)\" is no URL: it has no scheme; write http://\(url)"
        case .noHost(let url): "\"\(url)\" is no URL: it names no host"
        case .badPort(let port, let url):
            "\"\(url)\" is no URL: port \"\(port)\" is not a number from 1 to 65535"
        case .badHost(let host, let url):
            "\"\(url)\" is no URL: host \"\(host)\" has a character that no host has; "
                + "an IPv6 address stands in brackets"
        case .badCharacter(let byte, let offset, let url):
            "\"\(url)\" is no URL: byte \(byte) at \(offset) must be written as %XX"
        }
    }
}

/// The parts of a URL, still percent-encoded unless said otherwise.
public struct URLParts: Sendable, Hashable {
    /// Lower case: `http`, `https`, `redis`, `unix`.
    public var scheme: String
    /// The user name, decoded; nil when there is none.
    public var user: String?
    /// The password, decoded; nil when there is none; `description` leaves it out.
    public var password: String?
    /// Lower case, an IPv6 address without its brackets; empty for `unix:`.
    public var host: String
    /// nil when none is given.
    public var port: Int?
    /// Begins with `/` or is empty.
    public var path: String
    /// Without `?`; nil when there is none.
    public var query: String?
    /// Without `#`; nil when there is none.
    public var fragment: String?

    /// Reads an absolute URL.
    /// - Throws: what is wrong with it, with the text.
    public init(_ text: String) throws(URLError) {
        let bytes = Array(text.utf8)
        for (offset, byte) in bytes.enumerated() where byte <= 0x20 || byte == 0x7f {
            throw .badCharacter(byte: byte, atByte: offset, url: text)
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            URLParts.isScheme(bytes[..<colon]),
            // `host:9100` is a host and a port, not a scheme.
            bytes[(colon + 1)...].first == UInt8(ascii: "/")
        else { throw .noScheme(text) }
        scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        var rest = bytes[(colon + 1)...]
        fragment = URLParts.cut(&rest, UInt8(ascii: "#"))
        query = URLParts.cut(&rest, UInt8(ascii: "?"))
        host = ""
        guard rest.starts(with: "//".utf8) else {
            path = String(decoding: rest, as: UTF8.self)
            if scheme != "unix" { throw .noHost(text) }
            return
        }
        rest = rest.dropFirst(2)
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        path = String(decoding: rest[slash...], as: UTF8.self)
        try readAuthority(rest[..<slash], text)
        if host.isEmpty, scheme != "unix" { throw .noHost(text) }
    }

    /// The port to connect to: the given one, or 443 for https, 80 for http, 6379 for redis.
    public var effectivePort: Int? {
        if let port { return port }
        switch scheme {
        case "http": return 80
        case "https": return 443
        case "redis", "rediss": return 6379
        default: return nil
        }
    }

    /// The socket's path, decoded, when this is a `unix:` URL.
    public var socketPath: String? { scheme == "unix" ? PercentCoding.decode(path) : nil }

    /// Host and port as a Host header and the label `__address__` have them.
    public var authority: String {
        let bracketed = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port.map { "\(bracketed):\($0)" } ?? bracketed
    }

    /// Path and query as they stand in a request line.
    public var requestTarget: String {
        (path.isEmpty ? "/" : path) + (query.map { "?\($0)" } ?? "")
    }

    /// The URL that `reference` means when it stands in the document at this one (RFC 3986, 5.2).
    /// - Throws: what is wrong with an absolute reference.
    public func resolving(_ reference: String) throws(URLError) -> URLParts {
        if let colon = reference.utf8.firstIndex(of: UInt8(ascii: ":")),
            URLParts.isScheme(Array(reference.utf8[..<colon])[...])
        {
            return try URLParts(reference)
        }
        if reference.utf8.starts(with: "//".utf8) { return try URLParts("\(scheme):\(reference)") }
        var target = self
        var rest = Array(reference.utf8)[...]
        target.fragment = URLParts.cut(&rest, UInt8(ascii: "#"))
        let newQuery = URLParts.cut(&rest, UInt8(ascii: "?"))
        let newPath = String(decoding: rest, as: UTF8.self)
        if newPath.isEmpty {
            target.query = newQuery ?? query
            return target
        }
        target.query = newQuery
        if newPath.utf8.first == UInt8(ascii: "/") {
            target.path = URLParts.withoutDots(newPath)
        } else {
            let base = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? "/"
            target.path = URLParts.withoutDots(base + newPath)
        }
        return target
    }

    private mutating func readAuthority(
        _ authority: ArraySlice<UInt8>,
        _ text: String
    ) throws(URLError) {
        var rest = authority
        if let mark = rest.lastIndex(of: UInt8(ascii: "@")) {
            let info = rest[..<mark]
            let colon = info.firstIndex(of: UInt8(ascii: ":")) ?? info.endIndex
            user = PercentCoding.decode(info[..<colon], plusIsSpace: false)
            password = PercentCoding.decode(info[colon...].dropFirst(), plusIsSpace: false)
            if colon == info.endIndex { password = nil }
            rest = rest[(mark + 1)...]
        }
        var portText: ArraySlice<UInt8>?
        if rest.first == UInt8(ascii: "[") {
            guard let close = rest.firstIndex(of: UInt8(ascii: "]")) else {
                throw .badHost(String(decoding: rest, as: UTF8.self), url: text)
            }
            let address = rest[(rest.startIndex + 1)..<close]
            guard address.contains(UInt8(ascii: ":")),
                address.allSatisfy({ PercentCoding.isUnreserved($0) || ":%".utf8.contains($0) })
            else { throw .badHost(String(decoding: rest[...close], as: UTF8.self), url: text) }
            host = String(decoding: address, as: UTF8.self).lowercased()
            let after = rest[(close + 1)...]
            if let first = after.first {
                guard first == UInt8(ascii: ":") else {
                    throw .badHost(String(decoding: rest, as: UTF8.self), url: text)
                }
                portText = after.dropFirst()
            }
        } else {
            let colon = rest.firstIndex(of: UInt8(ascii: ":"))
            let name = rest[..<(colon ?? rest.endIndex)]
            guard !name.contains(where: { "<>[]^`{|}\"\\".utf8.contains($0) }) else {
                throw .badHost(String(decoding: name, as: UTF8.self), url: text)
            }
            host = String(decoding: name, as: UTF8.self).lowercased()
            portText = colon.map { rest[($0 + 1)...] }
        }
        guard let portText, !portText.isEmpty else { return }
        let digits = String(decoding: portText, as: UTF8.self)
        guard portText.allSatisfy({ 0x30...0x39 ~= $0 }), let port = Int(digits), 1...65535 ~= port
        else { throw .badPort(digits, url: text) }
        self.port = port
    }

    private static func isScheme(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first | 0x20 else {
            return false
        }
        return bytes.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || 0x30...0x39 ~= $0
                || "+-.".utf8.contains($0)
        }
    }

    private static func cut(_ rest: inout ArraySlice<UInt8>, _ mark: UInt8) -> String? {
        guard let place = rest.firstIndex(of: mark) else { return nil }
        defer { rest = rest[..<place] }
        return String(decoding: rest[(place + 1)...], as: UTF8.self)
    }

    // RFC 3986, 5.2.4.
    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let pieces = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, piece) in pieces.enumerated() {
            let isLast = index == pieces.count - 1
            switch piece {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(piece)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}

extension URLParts: CustomStringConvertible {
    /// The URL without user name and password, fit for logs.
    public var description: String {
        // What two slashes begin would be read as a host.
        let isPlainPath =
            scheme == "unix" && host.isEmpty && path.utf8.first == UInt8(ascii: "/")
            && path.utf8.dropFirst().first != UInt8(ascii: "/")
        let place = isPlainPath ? "unix:\(path)" : "\(scheme)://\(authority)\(path)"
        return place + (query.map { "?\($0)" } ?? "") + (fragment.map { "#\($0)" } ?? "")
    }
}
