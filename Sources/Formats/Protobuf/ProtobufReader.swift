// The wire format of protocol buffers: protobuf.dev/programming-guides/encoding
internal import Codec

/// Why bytes are no protobuf message; offsets count from the begin of the body.
public enum ProtobufError: Error, Equatable {
    case truncated(atByte: Int)
    case varintTooLong(atByte: Int)
    case badTag(atByte: Int)
    case wrongWireType(field: Int, atByte: Int)
}

extension ProtobufError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let offset):
            "cannot decode protobuf: it ends inside the field at byte \(offset)"
        case .varintTooLong(let offset):
            "cannot decode protobuf: the varint at byte \(offset) has more than 64 bits"
        case .badTag(let offset):
            "cannot decode protobuf: byte \(offset) begins no field of a known wire type"
        case .wrongWireType(let field, let offset):
            "cannot decode protobuf: field \(field) at byte \(offset) has another type than the "
                + "message's definition"
        }
    }
}

/// Steps through the fields of one message, which lies in a range of a larger body.
public struct ProtobufReader: Sendable {
    /// Where the next field begins.
    public private(set) var at: Int
    /// Where the message ends.
    public let end: Int
    private var fieldStart = 0

    /// How a field's value is written.
    public enum WireType: UInt8, Sendable {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    /// Reads the message in `range` of the body that is passed to every call.
    public init(_ range: Range<Int>) {
        at = range.lowerBound
        end = range.upperBound
    }

    /// The next field's number and type, nil at the end of the message.
    /// - Throws: `.truncated`, `.varintTooLong`, `.badTag` (groups are refused too).
    public mutating func next(
        _ body: Span<UInt8>
    ) throws(ProtobufError) -> (field: Int, type: WireType)? {
        guard at < end else { return nil }
        fieldStart = at
        let tag = try varint(body)
        guard let type = WireType(rawValue: UInt8(tag & 7)), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
            throw .badTag(atByte: fieldStart)
        }
        return (Int(tag >> 3), type)
    }

    /// Reads the value of a varint field.
    /// - Throws: `.truncated`, `.varintTooLong`.
    public mutating func varint(_ body: Span<UInt8>) throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let first = at
        while true {
            guard at < end else { throw .truncated(atByte: first) }
            let byte = body[at]
            at += 1
            if shift == 63, byte > 1 { throw .varintTooLong(atByte: first) }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// Reads the value of a fixed64 field.
    /// - Throws: `.truncated`.
    public mutating func fixed64(_ body: Span<UInt8>) throws(ProtobufError) -> UInt64 {
        guard end - at >= 8 else { throw .truncated(atByte: fieldStart) }
        defer { at += 8 }
        return ByteLoads.u64(body, at)
    }

    /// Where the bytes of a length-delimited field lie.
    /// - Throws: `.truncated`, `.varintTooLong`.
    public mutating func bytes(_ body: Span<UInt8>) throws(ProtobufError) -> Range<Int> {
        let length = try varint(body)
        guard length <= UInt64(end - at) else { throw .truncated(atByte: fieldStart) }
        defer { at += Int(length) }
        return at..<at + Int(length)
    }

    /// Steps over a field that nobody asked for.
    /// - Throws: `.truncated`, `.varintTooLong`.
    public mutating func skip(_ type: WireType, _ body: Span<UInt8>) throws(ProtobufError) {
        switch type {
        case .varint: _ = try varint(body)
        case .bytes: _ = try bytes(body)
        case .fixed64, .fixed32:
            let width = type == .fixed64 ? 8 : 4
            guard end - at >= width else { throw .truncated(atByte: fieldStart) }
            at += width
        }
    }

    /// Checks that the field that `next` gave is written as its definition says.
    /// - Throws: `.wrongWireType`.
    public func expect(
        _ wanted: WireType,
        _ found: (field: Int, type: WireType)
    ) throws(ProtobufError) {
        if found.type != wanted { throw .wrongWireType(field: found.field, atByte: fieldStart) }
    }
}
