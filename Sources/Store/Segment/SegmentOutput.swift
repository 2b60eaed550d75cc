// The file under a segment writer: buffered, sequential, temporary until it is whole.
import Codec
import Platform

/// Appends to a temporary file and gives it its name in the end.
struct SegmentOutput {
    /// The name that the file gets.
    let path: String
    /// Where the next byte goes.
    private(set) var position = 0

    private let fileSystem: any FileSystem
    private let file: any OpenFile
    private var waiting: [UInt8] = []
    private static let bufferBytes = 256 << 10

    private var temporary: String { path + SegmentFormat.temporarySuffix }

    /// Creates the temporary file with room for `reserveBytes`.
    init(
        _ fileSystem: any FileSystem,
        path: String,
        reserveBytes: Int64
    ) throws(SegmentError) {
        self.path = path
        self.fileSystem = fileSystem
        let temporary = path + SegmentFormat.temporarySuffix
        do throws(Errno) {
            file = try fileSystem.open(temporary, .replace)
        } catch {
            throw .cannot(action: "create", path: temporary, cause: error)
        }
        guard reserveBytes > 0 else { return }
        do throws(Errno) {
            try file.allocate(offset: 0, length: reserveBytes)
        } catch .notSupported {
            return
        } catch {
            discard()
            throw .cannot(
                action: "reserve \(reserveBytes) bytes for",
                path: temporary,
                cause: error
            )
        }
    }

    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(SegmentError) {
        waiting.append(contentsOf: bytes)
        position += bytes.count
        if waiting.count >= SegmentOutput.bufferBytes { try flush() }
    }

    /// Appends zeros up to the next aligned offset.
    mutating func align() throws(SegmentError) {
        let rest = position % SegmentFormat.alignment
        if rest != 0 {
            try write([UInt8](repeating: 0, count: SegmentFormat.alignment - rest))
        }
    }

    /// Writes the header over the start, makes the file durable and gives it its name.
    mutating func publish(header: [UInt8]) throws(SegmentError) {
        try flush()
        try attempt("write") { () throws(Errno) in
            try file.write(header.span, at: 0)
            // Gives back what was reserved beyond the end.
            try file.truncate(to: Int64(position))
        }
        try attempt("fsync") { () throws(Errno) in
            try file.sync()
            try file.close()
        }
        try attempt("rename") { () throws(Errno) in try fileSystem.rename(temporary, to: path) }
        // rename(2) alone may vanish in a power cut.
        let directory = FilePath.parent(path)
        do throws(Errno) {
            try fileSystem.syncDirectory(directory)
        } catch {
            throw .cannot(action: "fsync the directory", path: directory, cause: error)
        }
    }

    /// Removes the temporary file.
    func discard() {
        // Closes itself with its last reference. What is left of it, should this fail, goes at the
        // next start, which removes temporary files.
        do throws(Errno) { try fileSystem.remove(temporary) } catch { return }
    }

    private mutating func flush() throws(SegmentError) {
        let bytes = waiting
        waiting.removeAll(keepingCapacity: true)
        try attempt("write") { () throws(Errno) in try file.append(bytes.span) }
    }

    private func attempt(
        _ action: String,
        _ body: () throws(Errno) -> Void
    ) throws(SegmentError) {
        do throws(Errno) { try body() } catch {
            throw .cannot(action: action, path: temporary, cause: error)
        }
    }
}
