// What can be wrong with one chunk. The segment adds the path and the offset.
public import Codec

/// Why a chunk cannot be read.
public enum ChunkError: Error, Equatable {
    /// Fewer bytes than a header, or than the header says.
    case truncated(wanted: Int, available: Int)
    /// The header does not begin with GORI.
    case magic(found: UInt32)
    /// A version that this program does not know.
    case newerVersion(UInt16)
    /// A compression or a flag that this program does not know.
    case unknownFeature(compression: UInt8, flags: UInt8)
    /// The header contradicts itself, or says more samples than a chunk may have.
    case impossible(start: Int64, end: Int64, points: UInt32)
    /// Header or payload are not what was written.
    case checksum(stored: UInt64, computed: UInt64)
    /// The payload is not what its compression says.
    case payload(CodecError)
    /// The samples do not lie between the header's first and last time, in ascending order.
    case times(first: Int64, last: Int64, start: Int64, end: Int64)
}

extension ChunkError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let wanted, let available):
            "chunk of \(wanted) bytes, \(available) are left"
        case .magic(let found):
            "no chunk: it begins with 0x\(String(found, radix: 16)), not with GORI"
        case .newerVersion(let version):
            "chunk version \(version) is newer than this program knows (\(ChunkHeader.version)); "
                + "use a newer tsdb-agent"
        case .unknownFeature(let compression, let flags):
            "chunk with compression \(compression) and flags \(flags), which this program does not "
                + "know; use a newer tsdb-agent"
        case .impossible(let start, let end, let points):
            "chunk header with \(points) points from \(start) to \(end)"
        case .checksum(let stored, let computed):
            "chunk checksum \(computed), header says \(stored)"
        case .payload(let cause):
            "chunk payload: \(cause)"
        case .times(let first, let last, let start, let end):
            "chunk holds times from \(first) to \(last), header says \(start) to \(end), ascending"
        }
    }
}
