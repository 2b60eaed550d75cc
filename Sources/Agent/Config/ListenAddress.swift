// Addresses to listen on, as far as the configuration has to understand them.

/// `127.0.0.1:9477`, `[::1]:9477` or `unix:/path`, taken apart.
enum ListenAddress: Equatable {
    case tcp(host: String, port: UInt16)
    case unix(path: String)

    /// The address that a text states; nil when it states none.
    static func parse(_ text: String) -> ListenAddress? {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            return path.isEmpty ? nil : .unix(path: path)
        }
        let bytes = Array(text.utf8)
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(String(decoding: bytes[(colon + 1)...], as: UTF8.self))
        else { return nil }
        let host = bytes[..<colon]
        let isBracketed = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]")
        if host.contains(UInt8(ascii: ":")), !isBracketed { return nil }
        let name = isBracketed ? host.dropFirst().dropLast() : host
        if name.isEmpty { return nil }
        return .tcp(host: String(decoding: name, as: UTF8.self), port: port)
    }

    /// Whether only this machine reaches it.
    var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        }
    }
}
