// Between SocketAddress and the flat struct that CLinux turns into sockaddr.
internal import CLinux

extension SocketAddress {
    var system: clinux_address {
        var address = clinux_address()
        address.port = port
        switch place {
        case .v4(let ip):
            address.family = 4
            SocketAddress.copy(ip, to: &address)
        case .v6(let ip, let scope):
            address.family = 6
            address.scope = scope
            SocketAddress.copy(ip, to: &address)
        case .local(let path):
            address.family = 1
            // SAFETY: a path has at most 107 bytes, checked at parsing; the field's last byte stays zero.
            unsafe withUnsafeMutableBytes(of: &address.path) { field in
                unsafe field.copyBytes(from: path.utf8.prefix(107))
            }
        }
        return address
    }

    init(_ address: clinux_address) {
        // SAFETY: plain bytes of a local copy.
        let ip = unsafe withUnsafeBytes(of: address.ip) { unsafe [UInt8]($0) }
        switch address.family {
        case 4: self.init(place: .v4(Array(ip[..<4])), port: address.port)
        case 6: self.init(place: .v6(ip, scope: address.scope), port: address.port)
        default:
            // SAFETY: as above.
            let path = unsafe withUnsafeBytes(of: address.path) { unsafe [UInt8]($0) }
            let text = String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
            self.init(place: .local(text), port: 0)
        }
    }

    private static func copy(_ ip: [UInt8], to address: inout clinux_address) {
        // SAFETY: 4 or 16 bytes into a field of 16.
        unsafe withUnsafeMutableBytes(of: &address.ip) { unsafe $0.copyBytes(from: ip) }
    }
}
