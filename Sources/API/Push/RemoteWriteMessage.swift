// Which remote write a request speaks: section "Content-Type" of the 2.0 specification.
internal import HTTP

/// The messages that are taken.
enum RemoteWriteMessage: Sendable, Equatable {
    /// `prometheus.WriteRequest`, remote write 1.0; also where the type names no message.
    case version1
    /// `io.prometheus.write.v2.Request`, remote write 2.0.
    case version2

    /// The message of a request.
    ///
    /// - Throws: `PushRefusal` with status 415 for anything else. A form or a text is what a web page
    ///   could send without asking: only this type is taken.
    init(_ request: HTTPRequest) throws(PushRefusal) {
        guard request.headers.mediaType == "application/x-protobuf",
            let type = request.headers["content-type"]
        else {
            throw PushRefusal(status: 415, text: "Content-Type must be application/x-protobuf")
        }
        switch RemoteWriteMessage.name(type) {
        case nil, "prometheus.WriteRequest": self = .version1
        case "io.prometheus.write.v2.Request": self = .version2
        default:
            throw PushRefusal(
                status: 415,
                text:
                    "cannot read this message; send prometheus.WriteRequest (remote write 1.0) or "
                    + "io.prometheus.write.v2.Request (2.0)"
            )
        }
    }

    /// Refuses a body that is not compressed by Snappy.
    ///
    /// - Throws: `PushRefusal` with status 415.
    static func checkCoding(_ request: HTTPRequest) throws(PushRefusal) {
        if let coding = request.headers["content-encoding"], !HTTPHeaders.same(coding, "snappy") {
            throw PushRefusal(status: 415, text: "Content-Encoding must be snappy")
        }
    }

    // The value of the parameter `proto`, nil when there is none.
    private static func name(_ type: String) -> String? {
        for part in type.utf8.split(separator: UInt8(ascii: ";")).dropFirst() {
            let bytes = part.filter { $0 != 0x20 && $0 != 0x09 && $0 != UInt8(ascii: "\"") }
            let key = String(decoding: bytes.prefix(6), as: UTF8.self)
            if HTTPHeaders.same(key, "proto=") {
                return String(decoding: bytes.dropFirst(6), as: UTF8.self)
            }
        }
        return nil
    }
}
