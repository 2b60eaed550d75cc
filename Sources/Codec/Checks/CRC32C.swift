// CRC-32C (Castagnoli), where a foreign format asks for it; our own files use XXH64.
// Polynomial and test vectors: RFC 3720, sections 12.1 and B.4.

/// CRC-32C of one span or of bytes that come in pieces, eight bytes a step.
public struct CRC32C: Sendable {
    private var register: UInt32 = .max

    /// Starts with no bytes.
    public init() {}

    /// The checksum of `bytes`.
    public static func hash(_ bytes: Span<UInt8>) -> UInt32 {
        var state = CRC32C()
        state.update(bytes)
        return state.finish()
    }

    /// The checksum of all bytes so far; more may follow.
    public func finish() -> UInt32 { ~register }

    /// Adds `bytes` to what is hashed.
    public mutating func update(_ bytes: Span<UInt8>) {
        let table = CRC32C.tables.span
        var crc = register
        var offset = 0
        while bytes.count - offset >= 8 {
            let word = ByteLoads.u64(bytes, offset) ^ UInt64(crc)
            crc = 0
            for step in 0..<8 {
                let byte = Int(truncatingIfNeeded: word &>> UInt64(8 &* step) & 0xff)
                crc ^= table[(7 &- step) &* 256 &+ byte]
            }
            offset &+= 8
        }
        while offset < bytes.count {
            crc = table[Int((crc ^ UInt32(bytes[offset])) & 0xff)] ^ crc &>> 8
            offset &+= 1
        }
        register = crc
    }

    // Eight tables: entry [k * 256 + b] is the register after byte b and k zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc &>> 1 ^ 0x82f6_3b78 : crc &>> 1 }
            tables[byte] = crc
        }
        for index in 256..<8 * 256 {
            let crc = tables[index - 256]
            tables[index] = tables[Int(crc & 0xff)] ^ crc &>> 8
        }
        return tables
    }()
}
