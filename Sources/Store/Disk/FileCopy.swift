// Copies a file where a link will not do.
import Platform

/// Copies files piece by piece.
enum FileCopy {
    private static let pieceBytes = 1 << 20

    /// Makes a durable copy; the name is not, before the directory is synced.
    ///
    /// - Parameters:
    ///   - fileSystem: where both are.
    ///   - source: the path of the file.
    ///   - target: a path where nothing is yet.
    /// - Throws: `Errno`; a part of the copy may be left.
    static func copy(
        _ fileSystem: any FileSystem,
        _ source: String,
        to target: String
    ) throws(Errno) {
        let from = try fileSystem.open(source, .read)
        let end = try from.size()
        let to = try fileSystem.open(target, .create)
        var offset: Int64 = 0
        while offset < end {
            let piece = try from.read(Int(min(Int64(pieceBytes), end - offset)), at: offset)
            guard !piece.isEmpty else { throw .inputOutput }
            try to.write(piece.span, at: offset)
            offset += Int64(piece.count)
        }
        try to.sync()
        try to.close()
        try from.close()
    }
}
