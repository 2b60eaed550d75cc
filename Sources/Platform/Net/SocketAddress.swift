// Where to listen or to connect, as operators write it. Numbers only: names are curl's business, and
// a listener that depends on DNS may not start.
internal import CLinux
internal import Glibc

/// Why a text is not an address.
public enum SocketAddressError: Error, Equatable {
    case noPort(text: String)
    case badPort(text: String, port: String)
    case badHost(text: String, host: String)
    case badPath(text: String, limit: Int)
}

extension SocketAddressError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noPort(let text):
            "address \"\(text)\" has no port; write \"127.0.0.1:9477\", \"[::1]:9477\" or \"unix:/path\""
        case .badPort(let text, let port):
            "address \"\(text)\": port \"\(port)\" is not a number from 0 to 65535"
        case .badHost(let text, let host):
            "address \"\(text)\": host \"\(host)\" is not an IPv4 address or an IPv6 address in brackets"
        case .badPath(let text, let limit):
            "address \"\(text)\": the socket's path must have 1 to \(limit) bytes and none of them zero"
        }
    }
}

/// An address to listen on or to connect to.
///
/// `[::]:9477` listens on IPv6 and IPv4; an empty host (":9477") means the same.
public struct SocketAddress: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case v4([UInt8])
        case v6([UInt8], scope: UInt32)
        case local(String)
    }

    let place: Place
    /// 0 for unix sockets, and for "any free port" before listening.
    public let port: UInt16

    init(place: Place, port: UInt16) {
        self.place = place
        self.port = port
    }

    private static let pathLimit = 107

    /// Reads "127.0.0.1:9477", "[::1]:9477", ":9477", "0.0.0.0:9477" or "unix:/path".
    ///
    /// - Throws: what is wrong with which part, with an example.
    public init(_ text: String) throws(SocketAddressError) {
        if text.utf8.starts(with: "unix:".utf8) {
            let path = String(decoding: text.utf8.dropFirst(5), as: UTF8.self)
            let isLegal = (1...Self.pathLimit).contains(path.utf8.count) && !path.utf8.contains(0)
            guard isLegal else { throw .badPath(text: text, limit: Self.pathLimit) }
            self.init(place: .local(path), port: 0)
            return
        }
        let bytes = Array(text.utf8)
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            bytes.lastIndex(of: UInt8(ascii: "]")).map({ $0 < colon }) ?? true
        else { throw .noPort(text: text) }
        let portText = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        let isNumber = !portText.isEmpty && portText.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, let port = UInt16(portText) else {
            throw portText.isEmpty ? .noPort(text: text) : .badPort(text: text, port: portText)
        }
        let host = String(decoding: bytes[..<colon], as: UTF8.self)
        guard let place = SocketAddress.place(host) else { throw .badHost(text: text, host: host) }
        self.init(place: place, port: port)
    }

    private static func place(_ host: String) -> Place? {
        if host.isEmpty { return .v6([UInt8](repeating: 0, count: 16), scope: 0) }
        if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
            let inner = String(decoding: host.utf8.dropFirst().dropLast(), as: UTF8.self)
            return parse(inner, AF_INET6, 16).map { .v6($0, scope: 0) }
        }
        return parse(host, AF_INET, 4).map { .v4($0) }
    }

    private static func parse(_ text: String, _ family: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        // SAFETY: inet_pton writes exactly 4 or 16 bytes, the family's size, when it accepts.
        let status = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe inet_pton(family, text, buffer.baseAddress)
        }
        return status == 1 ? bytes : nil
    }

    /// True when only this machine can connect: 127.0.0.0/8, ::1, unix sockets.
    public var isLoopback: Bool {
        switch place {
        case .v4(let ip): ip[0] == 127
        case .v6(let ip, _): ip.dropLast().allSatisfy { $0 == 0 } && ip[15] == 1 || isMapped(ip)
        case .local: true
        }
    }

    private func isMapped(_ ip: [UInt8]) -> Bool {
        ip[..<10].allSatisfy { $0 == 0 } && ip[10] == 0xFF && ip[11] == 0xFF && ip[12] == 127
    }

    /// The path of a unix socket, nil for the others.
    public var unixPath: String? {
        if case .local(let path) = place { return path }
        return nil
    }
}

extension SocketAddress: CustomStringConvertible {
    public var description: String {
        switch place {
        case .v4(let ip): "\(SocketAddress.text(ip, AF_INET)):\(port)"
        case .v6(let ip, _): "[\(SocketAddress.text(ip, AF_INET6))]:\(port)"
        case .local(let path): "unix:\(path)"
        }
    }

    private static func text(_ ip: [UInt8], _ family: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        // SAFETY: `ip` has the family's size; 64 bytes hold the longest text and its zero (46).
        return unsafe ip.withUnsafeBytes { bytes in
            unsafe buffer.withUnsafeMutableBufferPointer { text in
                guard
                    let start = unsafe inet_ntop(family, bytes.baseAddress, text.baseAddress, 64)
                else { return "?" }
                return unsafe String(cString: start)
            }
        }
    }
}
