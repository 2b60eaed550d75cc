// Byte classes of the grammar: RFC 9110, section 5.6.2 and RFC 3986, section 3.2.2.

enum HTTPBytes {
    /// `tchar`.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
        default: false
        }
    }

    /// What a field value may hold: visible, space, tab and bytes above ASCII.
    static func isFieldByte(_ byte: UInt8) -> Bool {
        byte == 0x09 || (byte >= 0x20 && byte != 0x7f)
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// `host[:port]` without user information; may be empty, as RFC 9112, 3.2 allows.
    static func isHost(_ bytes: some Sequence<UInt8>) -> Bool {
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: continue
            // - . _ ~ % ! $ & ' ( ) * + , ; = : [ ]
            case 0x2d, 0x2e, 0x5f, 0x7e, 0x25, 0x21, 0x24, 0x26...0x2c, 0x3b, 0x3d: continue
            case 0x3a, 0x5b, 0x5d: continue
            default: return false
            }
        }
        return true
    }

    /// Digits only, no sign, no space; nil when empty or beyond Int.
    static func decimal(_ bytes: some Sequence<UInt8>) -> Int? {
        var number = 0
        var digits = 0
        for byte in bytes {
            guard isDigit(byte) else { return nil }
            let (product, over) = number.multipliedReportingOverflow(by: 10)
            let (sum, overToo) = product.addingReportingOverflow(Int(byte - 0x30))
            guard !over, !overToo else { return nil }
            number = sum
            digits += 1
        }
        return digits == 0 ? nil : number
    }

    /// The value of one hexadecimal digit.
    static func hex(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte - 0x30)
        case 0x41...0x46: Int(byte - 0x41) + 10
        case 0x61...0x66: Int(byte - 0x61) + 10
        default: nil
        }
    }
}
