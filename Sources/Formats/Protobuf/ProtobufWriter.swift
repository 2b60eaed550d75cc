// Fields of protobuf messages, appended to bytes.
internal import Codec

/// Appends single fields; a message inside a message is written by length first.
public enum ProtobufWriter {
    /// A tag: the number and wire type of the field whose value follows.
    public static func tag(_ field: Int, _ type: ProtobufReader.WireType, to bytes: inout [UInt8]) {
        Varint.append(UInt64(field) << 3 | UInt64(type.rawValue), to: &bytes)
    }

    /// A varint field.
    public static func varint(_ field: Int, _ value: UInt64, to bytes: inout [UInt8]) {
        tag(field, .varint, to: &bytes)
        Varint.append(value, to: &bytes)
    }

    /// A fixed64 field.
    public static func fixed64(_ field: Int, _ value: UInt64, to bytes: inout [UInt8]) {
        tag(field, .fixed64, to: &bytes)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value &>> shift))
        }
    }

    /// A field of bytes, a string or a message.
    public static func bytes(
        _ field: Int,
        _ value: some Collection<UInt8>,
        to bytes: inout [UInt8]
    ) {
        tag(field, .bytes, to: &bytes)
        Varint.append(UInt64(value.count), to: &bytes)
        bytes.append(contentsOf: value)
    }
}
