// Request line and header fields of one request: RFC 9112, sections 3, 5 and 6.

/// What is known of a request once its headers are there.
package struct RequestHead: Sendable, Hashable {
    /// Where the body ends.
    enum Framing: Sendable, Hashable {
        case none
        case length(Int)
        case chunked
    }

    var method: HTTPMethod
    var path: String
    var query: String
    var authority: String?
    /// 0 for HTTP/1.0, 1 for HTTP/1.1 and any later minor version.
    var minorVersion: Int
    var headers = HTTPHeaders()
    var framing = Framing.none
    var expectsContinue = false

    /// Whether the client wants the connection kept (RFC 9112, 9.3).
    var keepsAlive: Bool {
        if headers.has("close", in: "connection") { return false }
        return minorVersion >= 1 || headers.has("keep-alive", in: "connection")
    }

    /// Reads `GET /path?query HTTP/1.1`.
    init(line: ArraySlice<UInt8>) throws(RequestError) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw .requestLine("needs a method, a target and a version, one space between")
        }
        guard !parts[0].isEmpty, parts[0].count <= 32, parts[0].allSatisfy(HTTPBytes.isToken) else {
            throw .requestLine("the method is not a token")
        }
        method = HTTPMethod(rawValue: String(decoding: parts[0], as: UTF8.self))
        minorVersion = try RequestHead.minor(parts[2])
        guard !parts[1].isEmpty, parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .requestLine("the target holds bytes that must be percent-encoded")
        }
        var target = parts[1]
        if target.first != UInt8(ascii: "/"), let schemeEnd = RequestHead.afterScheme(target) {
            // Absolute form: its authority stands above Host (RFC 9112, 3.2.2).
            let end =
                target[schemeEnd...].firstIndex { $0 == 0x2f || $0 == 0x3f } ?? target.endIndex
            let host = String(decoding: target[schemeEnd..<end], as: UTF8.self)
            guard HTTPBytes.isHost(host.utf8), !host.isEmpty else {
                throw .requestLine("the target's authority is not host[:port]")
            }
            authority = host
            target = target[end...]
            if target.first != UInt8(ascii: "/") { target = [UInt8(ascii: "/")] + target }
        }
        let isStar = target.elementsEqual([UInt8(ascii: "*")]) && method == .options
        guard target.first == UInt8(ascii: "/") || isStar else {
            throw .requestLine("the target must be a path or an http URL; this is not a proxy")
        }
        let mark = target.firstIndex(of: UInt8(ascii: "?"))
        path = String(decoding: target[..<(mark ?? target.endIndex)], as: UTF8.self)
        query = mark.map { String(decoding: target[($0 + 1)...], as: UTF8.self) } ?? ""
    }

    /// Reads one header or trailer line; `number` counts from 1 for messages.
    static func field(
        of line: ArraySlice<UInt8>,
        number: Int
    ) throws(RequestError) -> (name: String, value: String) {
        if let first = line.first, first == 0x20 || first == 0x09 {
            throw .header(line: number, "continues the line before (obsolete folding)")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            throw .header(line: number, "has no name")
        }
        let name = line[..<colon]
        guard name.allSatisfy(HTTPBytes.isToken) else {
            throw .header(line: number, "the name is not a token")
        }
        var value = line[(colon + 1)...]
        while let byte = value.first, byte == 0x20 || byte == 0x09 { value.removeFirst() }
        while let byte = value.last, byte == 0x20 || byte == 0x09 { value.removeLast() }
        guard value.allSatisfy(HTTPBytes.isFieldByte) else {
            throw .header(line: number, "the value holds a control character")
        }
        return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    /// Draws the conclusions once all lines are in.
    mutating func finish() throws(RequestError) {
        let hosts = headers.all("host")
        guard hosts.count <= 1 else { throw .host("given \(hosts.count) times") }
        if let host = hosts.first {
            guard HTTPBytes.isHost(host.utf8) else { throw .host("not host[:port]") }
            if authority == nil { authority = host }
        } else if minorVersion >= 1 {
            throw .host("missing; HTTP/1.1 demands it")
        }
        let codings = headers.all("transfer-encoding")
        let lengths = headers.all("content-length")
        if !codings.isEmpty {
            // Both at once is how requests are smuggled past a proxy (RFC 9112, 6.1 and 11.2).
            guard lengths.isEmpty else {
                throw .framing("both Transfer-Encoding and Content-Length")
            }
            guard minorVersion >= 1 else { throw .framing("Transfer-Encoding in HTTP/1.0") }
            guard codings.count == 1, HTTPHeaders.same(codings[0], "chunked") else {
                throw .transferCoding(codings.joined(separator: ", "))
            }
            framing = .chunked
        } else if !lengths.isEmpty {
            guard lengths.count == 1 else {
                throw .framing("Content-Length given \(lengths.count) times")
            }
            guard let length = HTTPBytes.decimal(lengths[0].utf8) else {
                throw .framing("Content-Length is not a number")
            }
            framing = length == 0 ? .none : .length(length)
        }
        if let expectation = headers["expect"] {
            guard HTTPHeaders.same(expectation, "100-continue") else {
                throw .expectation(expectation)
            }
            expectsContinue = minorVersion >= 1 && framing != .none
        }
    }

    private static func minor(_ text: ArraySlice<UInt8>) throws(RequestError) -> Int {
        let bytes = Array(text)
        guard bytes.count == 8, bytes.starts(with: Array("HTTP/".utf8)), bytes[6] == 0x2e,
            HTTPBytes.isDigit(bytes[5]), HTTPBytes.isDigit(bytes[7])
        else { throw .requestLine("the version is not HTTP/1.1") }
        guard bytes[5] == UInt8(ascii: "1") else {
            throw .version(String(decoding: bytes, as: UTF8.self))
        }
        return bytes[7] == UInt8(ascii: "0") ? 0 : 1
    }

    private static func afterScheme(_ target: ArraySlice<UInt8>) -> Int? {
        for scheme in ["http://", "https://"] where target.count > scheme.utf8.count {
            if HTTPHeaders.sameBytes(target.prefix(scheme.utf8.count), scheme.utf8) {
                return target.startIndex + scheme.utf8.count
            }
        }
        return nil
    }
}
