// A series as exposition formats write it: name{a="b"}, or {"my.name","a.b"="c"} where names need it.
public import Model

/// Writes label sets.
public enum SeriesText {
    /// Appends the series; what `ExpositionLabels` reads back to the same labels.
    public static func write(_ labels: Labels, to bytes: inout [UInt8]) {
        let name = labels.range(of: Label.metricName)
        let isQuoted = name.map { !isName(labels.bytes[$0], colons: true) } ?? false
        if let name, !isQuoted { bytes.append(contentsOf: labels.bytes[name]) }
        var isOpen = false
        func separate() {
            bytes.append(UInt8(ascii: isOpen ? "," : "{"))
            isOpen = true
        }
        if let name, isQuoted {
            separate()
            quote(labels.bytes[name], to: &bytes)
        }
        labels.forEachRange { label, value in
            if value == name { return }
            separate()
            let spelled = labels.bytes[label]
            if isName(spelled, colons: false) {
                bytes.append(contentsOf: spelled)
            } else {
                quote(spelled, to: &bytes)
            }
            bytes.append(UInt8(ascii: "="))
            quote(labels.bytes[value], to: &bytes)
        }
        if isOpen {
            bytes.append(UInt8(ascii: "}"))
        } else if name == nil {
            bytes += Array("{}".utf8)
        }
    }

    private static func isName(_ text: ArraySlice<UInt8>, colons: Bool) -> Bool {
        guard let first = text.first, !(0x30...0x39 ~= first) else { return false }
        return text.allSatisfy {
            ExpositionParser.isNameByte($0) && (colons || $0 != UInt8(ascii: ":"))
        }
    }

    private static func quote(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
