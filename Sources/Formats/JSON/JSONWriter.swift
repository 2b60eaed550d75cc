// JSON written straight into a byte buffer, in the spelling of Prometheus's API.
public import Model

/// Appends JSON to `bytes`; commas are its business, nesting is the caller's.
///
/// Strings are escaped as Go's encoder does without its HTML mode; bytes that are not UTF-8 become
/// `\ufffd`, one for each byte, so that the output is JSON whatever came in.
public struct JSONWriter: Sendable {
    /// What has been written; may be taken away in pieces while writing goes on.
    public var bytes: [UInt8]
    private var needsComma = false

    /// Starts with an empty buffer of that capacity.
    public init(reserving capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Writes `{`.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Writes `}`.
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Writes `[`.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Writes `]`.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// The key of the value that is written next.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A string.
    public mutating func string(_ text: String) {
        quoted(text.utf8.span)
    }

    /// A string from bytes that may not be UTF-8.
    public mutating func string(_ text: Span<UInt8>) { quoted(text) }

    /// An integer.
    public mutating func number(_ value: Int64) {
        separate()
        FloatText.write(value, to: &bytes)
    }

    /// An integer.
    public mutating func number(_ value: Int) { number(Int64(value)) }

    /// A number; JSON has none for infinities and NaN, which become `null`.
    public mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        FloatText.write(value, .json, to: &bytes)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// Writes `null`.
    public mutating func null() { raw("null") }

    /// A sample's value as Prometheus writes it: a string such as `"1.5"`, `"NaN"`, `"+Inf"`.
    public mutating func sampleValue(_ value: Double) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        FloatText.write(value, .json, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A time as Prometheus writes it: seconds, with three decimals unless they are zero.
    public mutating func timestamp(_ time: Timestamp) {
        separate()
        if time.ms < 0 { bytes.append(UInt8(ascii: "-")) }
        let (seconds, milliseconds) = time.ms.magnitude.quotientAndRemainder(dividingBy: 1000)
        FloatText.write(seconds, to: &bytes)
        guard milliseconds > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        if milliseconds < 100 { bytes.append(UInt8(ascii: "0")) }
        if milliseconds < 10 { bytes.append(UInt8(ascii: "0")) }
        FloatText.write(milliseconds, to: &bytes)
    }

    /// An object of a label set: `{"__name__":"up","job":"x"}`.
    public mutating func labels(_ labels: Labels) {
        beginObject()
        labels.forEachRange { name, value in
            quoted(labels.bytes.span.extracting(name))
            bytes.append(UInt8(ascii: ":"))
            needsComma = false
            quoted(labels.bytes.span.extracting(value))
        }
        endObject()
    }

    /// A value that is JSON already.
    public mutating func raw(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func quoted(_ text: Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var at = 0
        while at < text.count {
            let byte = text[at]
            if byte >= 0x80 {
                let length = UTF8Scan.sequenceLength(text, at: at)
                if length == 0 {
                    bytes.append(contentsOf: "\\ufffd".utf8)
                    at += 1
                } else {
                    for index in at..<at + length { bytes.append(text[index]) }
                    at += length
                }
                continue
            }
            at += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0a: bytes.append(contentsOf: "\\n".utf8)
            case 0x0d: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x00..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(HexDigit.lower[Int(byte >> 4)])
                bytes.append(HexDigit.lower[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
