// What many chunks of a segment have in common: said once a series block.
// Byte layout: Store.docc/segment-file.md, "Series block"
import Codec
import Model

/// What the chunks that the series of one target got between two rotations share.
struct ChunkShape: Equatable {
    /// The bytes of a shape in the table of a series block.
    static let byteCount = 12

    /// Milliseconds of the first and last sample.
    var startMs: Int64
    var endMs: Int64
    /// From 1 to `ChunkHeader.maximumPointCount`.
    var pointCount: UInt32
    var compression: ChunkCompression
    var flags: ChunkFlags

    /// Whether the table, whose fields are shorter, can state it.
    func fitsTable(of times: TimeRange) -> Bool {
        UInt64(bitPattern: startMs &- times.start.ms) <= UInt32.max
            && UInt64(bitPattern: times.end.ms &- endMs) <= UInt32.max
    }

    /// For the index of a block that is being written.
    fileprivate var hash: UInt32 {
        let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
        var hash = UInt64(bitPattern: startMs) &* factor
        hash = (hash ^ hash &>> 32 ^ UInt64(bitPattern: endMs)) &* factor
        hash = (hash ^ hash &>> 32 ^ UInt64(pointCount)) &* factor
        return UInt32(truncatingIfNeeded: hash &>> 32)
    }
}

extension ChunkShape {
    /// Reads a shape from the table of a block.
    init(_ block: Span<UInt8>, at offset: Int, _ times: TimeRange) {
        startMs = times.start.ms &+ Int64(ByteLoads.u32(block, offset))
        endMs = times.end.ms &- Int64(ByteLoads.u32(block, offset + 4))
        pointCount = UInt32(ByteLoads.u16(block, offset + 8)) + 1
        compression = ChunkCompression(rawValue: block[offset + 10])
        flags = ChunkFlags(rawValue: block[offset + 11])
    }

    /// Reads a shape that a list states itself.
    init(
        _ block: Span<UInt8>,
        _ cursor: inout ByteCursor,
        _ times: TimeRange
    ) throws(CodecError) {
        startMs = times.start.ms &+ Int64(bitPattern: try cursor.varint(block))
        endMs = times.end.ms &- Int64(bitPattern: try cursor.varint(block))
        pointCount = UInt32(clamping: try cursor.varint(block))
        compression = ChunkCompression(rawValue: try cursor.u8(block))
        flags = ChunkFlags(rawValue: try cursor.u8(block))
    }

    /// Writes it for the table.
    func write(toTable sink: inout ByteSink, _ times: TimeRange) {
        sink.u32(UInt32(startMs - times.start.ms))
        sink.u32(UInt32(times.end.ms - endMs))
        sink.u16(UInt16(pointCount - 1))
        sink.u8(compression.rawValue)
        sink.u8(flags.rawValue)
    }

    /// Writes it into a list.
    func write(to sink: inout ByteSink, _ times: TimeRange) {
        sink.varint(UInt64(bitPattern: startMs &- times.start.ms))
        sink.varint(UInt64(bitPattern: times.end.ms &- endMs))
        sink.varint(UInt64(pointCount))
        sink.u8(compression.rawValue)
        sink.u8(flags.rawValue)
    }
}

/// Finds out which shapes of a block come more than once.
struct ChunkShapes {
    /// Those that the block's table has.
    private(set) var table: [ChunkShape] = []
    /// For each chunk in turn: 0 when it states its own, else 1 and up, its place in the table.
    private(set) var numbers: [UInt32] = []

    /// Looks at the chunks of a block.
    init(_ chunks: ArraySlice<ChunkNote>, _ times: TimeRange) {
        var distinct: [(shape: ChunkShape, count: Int)] = []
        var index = HashIndex()
        numbers.reserveCapacity(chunks.count)
        for chunk in chunks {
            let hash = chunk.shape.hash
            if let known = index.find(hash, { distinct[Int($0)].shape == chunk.shape }) {
                distinct[Int(known)].count += 1
                numbers.append(known)
            } else {
                let number = UInt32(distinct.count)
                index.insert(number, hash)
                distinct.append((chunk.shape, 1))
                numbers.append(number)
            }
        }
        var places = [UInt32](repeating: 0, count: distinct.count)
        for (number, one) in distinct.enumerated()
        where one.count > 1 && one.shape.fitsTable(of: times) {
            table.append(one.shape)
            places[number] = UInt32(table.count)
        }
        for index in numbers.indices { numbers[index] = places[Int(numbers[index])] }
    }
}
