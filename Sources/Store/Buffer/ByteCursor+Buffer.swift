// Fields that the buffer's records use beyond those of Codec.
import Codec

extension ByteCursor {
    /// One signed varint, zigzag.
    mutating func zigzag(_ bytes: Span<UInt8>) throws(CodecError) -> Int64 {
        Varint.unzigzag(try varint(bytes))
    }

    /// The next `count` bytes, copied.
    mutating func bytes(_ bytes: Span<UInt8>, count: Int) throws(CodecError) -> [UInt8] {
        let range = try take(bytes, count)
        return [UInt8](copying: bytes.extracting(range))
    }
}

extension [UInt8] {
    /// The bytes of a span.
    init(copying span: Span<UInt8>) {
        self = []
        append(copying: span)
    }

    /// Adds the bytes of a span at the end, in one piece.
    mutating func append(copying span: Span<UInt8>) {
        var sink = ByteSink(self)
        self = []  // one owner: nothing else is copied
        sink.raw(span)
        self = sink.bytes
    }
}
