// Makes the checksums of damaged files right again, as a forger would: else all damage ends at the
// first checksum. Layouts: Store.docc/segment-file.md, write-ahead-log.md
import Codec
import Store

/// Rewrites checksums in place.
enum ChecksumRepair {
    /// A record of a buffer file, without its checksum.
    struct Record {
        var type: UInt8
        var flags: UInt8
        var number: UInt32
        var payload: [UInt8]
    }

    /// The records of a buffer file that is whole.
    static func records(_ file: [UInt8]) -> [Record] {
        var records: [Record] = []
        var at = 128
        while file.count - at >= 20 {
            let length = Int(ByteLoads.u32(file.span, at))
            guard length <= file.count - at - 20 else { break }
            records.append(
                Record(
                    type: file[at + 10],
                    flags: file[at + 11],
                    number: ByteLoads.u32(file.span, at + 4),
                    payload: Array(file[(at + 12)..<(at + 12 + length)])
                )
            )
            at += length + 20
        }
        return records
    }

    /// A buffer file of these records.
    static func bufferFile(header: [UInt8], _ records: [Record]) -> [UInt8] {
        var sink = ByteSink(header)
        for record in records {
            let start = sink.count
            sink.u32(UInt32(record.payload.count))
            sink.u32(record.number)
            sink.u16(0x6f47)
            sink.u8(record.type)
            sink.u8(record.flags)
            sink.raw(record.payload)
            sink.u64(XXH64.hash(sink.bytes.span.extracting(start..<sink.count)))
        }
        return sink.bytes
    }

    /// Repairs the checksum at `offset` over the bytes before it, of `STORE` and of file headers.
    static func prefix(_ bytes: inout [UInt8], at offset: Int) {
        guard bytes.count >= offset + 8 else { return }
        put(XXH64.hash(bytes.span.extracting(0..<offset)), &bytes, at: offset)
    }

    /// Repairs a segment file from the inside out.
    static func segment(_ bytes: inout [UInt8]) {
        prefix(&bytes, at: 56)
        let trailer = bytes.count - 32
        guard trailer >= 168 else { return }
        let footer = Int(clamping: ByteLoads.u64(bytes.span, trailer))
        guard footer >= 64, footer <= trailer - 104 else { return }
        let index = Int(clamping: ByteLoads.u64(bytes.span, footer + 8))
        if index <= footer {
            let blocks = (0..<5).reduce(0) {
                $0 + Int(ByteLoads.u32(bytes.span, footer + 68 + $1 * 4))
            }
            for block in 0..<min(blocks, (footer - index) / 32) {
                let entry = index + block * 32
                let start = Int(clamping: ByteLoads.u64(bytes.span, entry))
                let length = Int(ByteLoads.u32(bytes.span, entry + 8))
                guard start <= index, length <= index - start else { continue }
                put(
                    XXH64.hash(bytes.span.extracting(start..<start + length)),
                    &bytes,
                    at: entry + 24
                )
            }
            put(XXH64.hash(bytes.span.extracting(index..<footer)), &bytes, at: footer + 40)
        }
        put(XXH64.hash(bytes.span.extracting(footer..<trailer + 16)), &bytes, at: trailer + 16)
        chunks(&bytes)
    }

    // Chunks are found as a reader finds them, where the series blocks still say something.
    private static func chunks(_ bytes: inout [UInt8]) {
        var checksums: [(offset: Int, value: UInt64)] = []
        do throws(SegmentError) {
            let reader = try SegmentReader(HeldBytes(bytes), path: "x.gor")
            for series in 0..<min(reader.seriesCount, 1000) {
                for chunk in try reader.chunks(of: series).prefix(1000) {
                    var alone = try reader.content(of: chunk)
                    put(0, &alone, at: 56)
                    checksums.append((chunk.offset + 56, XXH64.hash(alone.span)))
                }
            }
        } catch {
            // What was found before the damage is put right.
        }
        for checksum in checksums { put(checksum.value, &bytes, at: checksum.offset) }
    }

    private static func put(_ value: UInt64, _ bytes: inout [UInt8], at offset: Int) {
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
        }
    }
}
