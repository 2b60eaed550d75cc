// Where bytes stop being UTF-8 (Unicode 16, table 3-7: no surrogates, nothing overlong).

/// Checks of raw bytes against UTF-8 that say where they fail, which `String` does not.
public enum UTF8Scan {
    /// The offset of the first byte that does not begin or continue a well-formed character, or nil.
    public static func firstInvalid(_ bytes: Span<UInt8>) -> Int? {
        var at = 0
        while at < bytes.count {
            if bytes[at] < 0x80 {
                at += 1
                continue
            }
            let length = sequenceLength(bytes, at: at)
            if length == 0 { return at }
            at += length
        }
        return nil
    }

    /// The length of the well-formed character that begins at `at`, 0 when there is none.
    @inlinable
    public static func sequenceLength(_ bytes: Span<UInt8>, at: Int) -> Int {
        let lead = bytes[at]
        let left = bytes.count - at
        switch lead {
        case 0..<0x80:
            return 1
        case 0xc2...0xdf:
            return left > 1 && isTail(bytes[at + 1]) ? 2 : 0
        case 0xe0...0xef:
            guard left > 2, isTail(bytes[at + 2]) else { return 0 }
            let low: UInt8 = lead == 0xe0 ? 0xa0 : 0x80
            let high: UInt8 = lead == 0xed ? 0x9f : 0xbf
            return low <= bytes[at + 1] && bytes[at + 1] <= high ? 3 : 0
        case 0xf0...0xf4:
            guard left > 3, isTail(bytes[at + 2]), isTail(bytes[at + 3]) else { return 0 }
            let low: UInt8 = lead == 0xf0 ? 0x90 : 0x80
            let high: UInt8 = lead == 0xf4 ? 0x8f : 0xbf
            return low <= bytes[at + 1] && bytes[at + 1] <= high ? 4 : 0
        default:
            return 0
        }
    }

    @inlinable
    static func isTail(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}
