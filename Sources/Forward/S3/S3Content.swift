// What is uploaded, wherever it lies: read in pieces, hashed before it is sent.
internal import Codec
internal import HTTP
internal import Platform
public import Store

/// The bytes of an object on its way out.
public struct S3Content: Sendable {
    /// The length.
    public let byteCount: Int
    // Bytes of a part; may read a disk.
    private let read: @Sendable (Range<Int>) throws(S3Error) -> [UInt8]
    private static let pieceBytes = 1 << 20

    /// Bytes in memory.
    public init(_ bytes: [UInt8]) {
        byteCount = bytes.count
        read = { range throws(S3Error) in Array(bytes[range]) }
    }

    /// A segment's file as it stands.
    public init(_ segment: SegmentReader) {
        byteCount = segment.byteCount
        read = { range throws(S3Error) in
            do throws(SegmentError) { return try segment.copy(of: range) } catch {
                throw .segment(error)
            }
        }
    }

    /// SHA-256 of a part, lower-case hex; blocks for the disk.
    /// - Throws: `.segment`.
    public func hash(of range: Range<Int>) throws(S3Error) -> String {
        var hash = SHA256()
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, start + S3Content.pieceBytes)
            let piece = try read(start..<end)
            hash.update(piece.span)
            start = end
        }
        return SigV4.hex(hash.finish())
    }

    /// All of it; blocks for the disk.
    /// - Throws: `.segment`.
    func bytes(in range: Range<Int>) throws(S3Error) -> [UInt8] { try read(range) }

    /// A part as the HTTP client takes it, read on the pool.
    func source(of range: Range<Int>, on pool: BlockingPool) -> BodySource {
        BodySource(byteCount: range.count) { offset, limit in
            let start = range.lowerBound + offset
            return await pool.run {
                try? read(start..<min(range.upperBound, start + limit))
            }
        }
    }
}
