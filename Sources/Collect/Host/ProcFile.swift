// A file of /proc or /sys: kept open, read anew from its start each time, into one buffer.

internal import Platform

/// One pseudo-file.
///
/// Its size is unknown before it is read, and it may come and go.
final class ProcFile {
    /// Pseudo-files stay far below; more than this is not what the collectors expect.
    static let maxBytes = 8 << 20
    private static let pieceBytes = 16 << 10

    let path: String
    private let files = PosixFileSystem()
    private var file: (any OpenFile)?
    private(set) var bytes: [UInt8] = []

    init(_ path: String) {
        self.path = path
    }

    /// Reads the file into `bytes`.
    /// - Throws: `.cannotRead`; then `bytes` is empty and the next call opens the file again.
    func load() throws(HostError) {
        do throws(Errno) {
            if let file {
                do throws(Errno) {
                    return try fill(file)
                } catch {
                    // What was open may be gone (a device unplugged) and back under the same name.
                    self.file = nil
                }
            }
            let opened = try files.open(path, .read)
            try fill(opened)
            file = opened
        } catch {
            bytes.removeAll(keepingCapacity: true)
            throw .cannotRead(path: path, cause: error)
        }
    }

    /// Reads the file; false when it is not there.
    func loadIfPresent() throws(HostError) -> Bool {
        do throws(HostError) {
            try load()
            return true
        } catch .cannotRead(_, .noSuchFile) {
            return false
        }
    }

    private func fill(_ file: any OpenFile) throws(Errno) {
        bytes.removeAll(keepingCapacity: true)
        while true {
            let before = bytes.count
            try bytes.append(addingCapacity: ProcFile.pieceBytes) {
                (room: inout OutputSpan<UInt8>) throws(Errno) in
                _ = try file.read(into: &room, count: ProcFile.pieceBytes, at: Int64(before))
            }
            if bytes.count - before < ProcFile.pieceBytes { return }
            if bytes.count > ProcFile.maxBytes { throw .fileTooLarge }
        }
    }

    /// The content without the newline at its end, for files of one value.
    var word: ArraySlice<UInt8> {
        bytes[..<(bytes.lastIndex { $0 != 10 && $0 != 32 } ?? -1).advanced(by: 1)]
    }
}
