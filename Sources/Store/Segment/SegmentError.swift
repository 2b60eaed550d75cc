// What can be wrong with a segment file, with its path and the place.
public import Codec
public import Platform

/// The parts of a segment file that have checksums of their own.
public enum SegmentPart: String, Sendable {
    case header, footer, directory
    case names = "names block"
    case values = "values block"
    case rows = "rows block"
    case postings = "postings block"
    case series = "series block"
    case chunk
}

/// Why a segment cannot be written, opened or read.
///
/// Everything but `.cannot` and `.newerVersion` means damage: the caller moves the file aside.
public enum SegmentError: Error, Equatable {
    /// A system call failed.
    case cannot(action: String, path: String, cause: Errno)
    /// A newer program wrote this.
    case newerVersion(path: String, version: UInt16)
    /// The file is shorter than any segment.
    case tooShort(path: String, byteCount: Int)
    /// Not a segment, or one whose end is missing.
    case magic(path: String, part: SegmentPart, offset: Int, found: UInt64)
    /// Bytes are not what was written.
    case checksum(path: String, part: SegmentPart, offset: Int, stored: UInt64, computed: UInt64)
    /// Lengths that do not fit into the file or each other.
    case bounds(path: String, part: SegmentPart, offset: Int, length: Int, limit: Int)
    /// Bytes that cannot be decoded.
    case undecodable(path: String, part: SegmentPart, offset: Int, cause: CodecError)
    /// A chunk that cannot be read.
    case chunk(path: String, offset: Int, cause: ChunkError)
    /// Two places of the file that contradict each other.
    case contradiction(path: String, part: SegmentPart, offset: Int, what: String)
}

extension SegmentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannot(let action, let path, let cause):
            "cannot \(action) \(path): \(cause)"
        case .newerVersion(let path, let version):
            "\(path): segment version \(version) is newer than this program knows "
                + "(\(SegmentFormat.version)); use a newer tsdb-agent"
        case .tooShort(let path, let byteCount):
            "\(path): \(byteCount) bytes are no segment, the smallest has "
                + "\(SegmentFormat.minimumBytes)"
        case .magic(let path, let part, let offset, let found):
            "\(path): no segment \(part.rawValue) at byte \(offset): found "
                + "0x\(String(found, radix: 16))"
        case .checksum(let path, let part, let offset, let stored, let computed):
            "\(path): checksum of the \(part.rawValue) at byte \(offset) is \(computed), "
                + "written was \(stored)"
        case .bounds(let path, let part, let offset, let length, let limit):
            "\(path): \(part.rawValue) at byte \(offset) has \(length) bytes, \(limit) fit"
        case .undecodable(let path, let part, let offset, let cause):
            "\(path): \(part.rawValue) at byte \(offset): \(cause)"
        case .chunk(let path, let offset, let cause):
            "\(path): at byte \(offset): \(cause)"
        case .contradiction(let path, let part, let offset, let what):
            "\(path): \(part.rawValue) at byte \(offset): \(what)"
        }
    }
}

extension SegmentError {
    /// Whether the file itself is damaged, rather than the disk or this program too old.
    public var isDamage: Bool {
        switch self {
        case .cannot, .newerVersion: false
        case .chunk(_, _, .newerVersion), .chunk(_, _, .unknownFeature): false
        default: true
        }
    }
}
