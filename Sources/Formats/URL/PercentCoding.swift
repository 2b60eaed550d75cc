// Percent-encoding: RFC 3986, section 2.

/// Encodes and decodes `%XX`.
public enum PercentCoding {
    /// Encodes everything but letters, digits, `-`, `.`, `_`, `~` and the bytes in `allowed`.
    public static func encode(_ text: String, allowing allowed: String = "") -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) || allowed.utf8.contains(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(HexDigit.upper[Int(byte >> 4)])
                encoded.append(HexDigit.upper[Int(byte & 15)])
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Decodes `%XX`; nil when one is broken off or the result is not UTF-8.
    public static func decode(_ text: some StringProtocol) -> String? {
        decode(Array(text.utf8)[...], plusIsSpace: false)
    }

    static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let byte = bytes[at]
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - at > 2, let high = HexDigit.value(bytes[at + 1]),
                    let low = HexDigit.value(bytes[at + 2])
                else { return nil }
                decoded.append(high << 4 | low)
                at += 3
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                at += 1
            }
        }
        return UTF8Scan.firstInvalid(decoded.span) == nil
            ? String(decoding: decoded, as: UTF8.self) : nil
    }

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}
