// What stands twice in front of each buffer file: Store.docc/write-ahead-log.md
import Codec

/// The header of a buffer file: it describes the part that the file holds.
enum BufferHeader {
    /// Both copies.
    static func bytes(of part: BufferPart) -> [UInt8] {
        var sink = ByteSink()
        sink.u32(BufferFormat.magic)
        sink.u16(BufferFormat.version)
        sink.u16(0)
        sink.raw(part.storeID.bytes)
        sink.u64(part.after.raw)
        sink.i64(part.createdMs)
        sink.u32(part.start)
        sink.u32(0)
        sink.i64(0)
        sink.u64(XXH64.hash(sink.bytes.span))
        return sink.bytes + sink.bytes
    }

    /// Why a header was not taken.
    enum Problem: Error, Equatable {
        case damaged(String)
        case newerVersion(UInt16)
    }

    /// Reads a header: the second copy where the first is damaged.
    static func parse(_ bytes: [UInt8]) throws(Problem) -> BufferPart {
        guard bytes.count >= BufferFormat.headerBytes else {
            throw .damaged("\(bytes.count) bytes, a header has \(BufferFormat.headerBytes)")
        }
        let border = BufferFormat.headerCopyBytes
        do throws(Problem) {
            return try parse(copy: bytes.span.extracting(0..<border))
        } catch .damaged(let reason) {
            do throws(Problem) {
                return try parse(copy: bytes.span.extracting(border..<2 * border))
            } catch .damaged {
                throw .damaged(reason)
            }
        }
    }

    private static func parse(copy span: Span<UInt8>) throws(Problem) -> BufferPart {
        guard ByteLoads.u32(span, 0) == BufferFormat.magic else {
            throw .damaged("it does not begin with GORB")
        }
        let stored = ByteLoads.u64(span, 56)
        let computed = XXH64.hash(span.extracting(0..<56))
        guard stored == computed else {
            throw .damaged("header checksum \(computed), the header says \(stored)")
        }
        let version = ByteLoads.u16(span, 4)
        guard version <= BufferFormat.version else { throw .newerVersion(version) }
        let start = ByteLoads.u32(span, 40)
        let after = SequenceNumber(raw: ByteLoads.u64(span, 24))
        guard max(start, after.start) <= SequenceNumber.latestStart else {
            throw .damaged("start \(max(start, after.start)) is later than any there can be")
        }
        return BufferPart(
            storeID: StoreID(bytes: [UInt8](copying: span.extracting(8..<24))),
            start: start,
            after: after,
            createdMs: Int64(bitPattern: ByteLoads.u64(span, 32))
        )
    }
}
