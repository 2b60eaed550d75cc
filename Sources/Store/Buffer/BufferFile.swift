// The buffer file that is being written: one an epoch, appended to by one writer.
import Codec
import Platform

/// An open buffer file.
///
/// Used under the writer's lock, but for `sync`.
final class BufferFile: Sendable {
    /// Its header.
    let header: BufferHeader
    /// Where it is.
    let path: String
    /// The file itself, also for those who read it while it grows.
    let file: any OpenFile

    private init(header: BufferHeader, path: String, file: any OpenFile) {
        self.header = header
        self.path = path
        self.file = file
    }

    /// Makes a new file, named by its header's `after`, durable as an empty file.
    static func create(
        _ header: BufferHeader,
        in directory: String,
        _ fileSystem: any FileSystem
    ) throws(Errno) -> BufferFile {
        let path = FilePath.join(
            directory,
            StoreLayout.bufferName(after: header.after, header.start)
        )
        let file = try fileSystem.open(path, .replace)
        try file.write(header.bytes.span, at: 0)
        try file.sync()
        try fileSystem.syncDirectory(directory)
        return BufferFile(header: header, path: path, file: file)
    }

    /// Writes records at `offset`.
    ///
    /// After a failure some of them may be there: `cut` them off.
    func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
        try file.write(bytes.span, at: offset)
    }

    /// Takes back what a failed write left behind `offset`; false when the disk does not let us.
    func cut(to offset: Int64) -> Bool {
        do throws(Errno) {
            try file.truncate(to: offset)
            return true
        } catch {
            return false
        }
    }
}
