// Status line and header fields of a response as bytes: RFC 9112, sections 4 and 5.

enum ResponseHead {
    /// Writes the head up to and including the empty line.
    ///
    /// Control characters in a value become spaces: a handler that echoes a client's text must not
    /// be able to split the response (RFC 9110, 5.5).
    static func bytes(
        _ status: HTTPStatus,
        _ headers: HTTPHeaders,
        _ connection: String?,
        date: String?
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: "HTTP/1.1 \(status.code) \(status.reason)\r\n".utf8)
        if let date { add("Date", date, to: &bytes) }
        for field in headers.fields { add(field.name, field.value, to: &bytes) }
        if let connection { add("Connection", connection, to: &bytes) }
        bytes.append(contentsOf: [0x0d, 0x0a])
        return bytes
    }

    private static func add(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: [0x3a, 0x20])
        for byte in value.utf8 { bytes.append(HTTPBytes.isFieldByte(byte) ? byte : 0x20) }
        bytes.append(contentsOf: [0x0d, 0x0a])
    }
}
