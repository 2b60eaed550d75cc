// The buffer file that is being written: one an epoch, appended to by one writer.
import Codec
import Platform

/// An open buffer file. Used under the writer's lock, but for `sync`.
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
        _ header: BufferHeader, in directory: String, _ fileSystem: any FileSystem
    ) throws(Errno) -> BufferFile {
        let path = FilePath.join(directory, StoreLayout.bufferName(after: header.after, header.start))
        let file = try fileSystem.open(path, .replace)
        try file.write(header.bytes.span, at: 0)
        try file.sync()
        try fileSystem.syncDirectory(directory)
        return BufferFile(header: header, path: path, file: file)
    }

    /// Writes records at `offset`, whole or not at all as far as a reader can tell.
    ///
    /// After a failure what was written of them is cut off again where the disk lets us; where it
    /// does not, the next write at the same offset covers it and its checksum tells.
    func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
        do throws(Errno) {
            try file.write(bytes.span, at: offset)
        } catch let cause {
            do throws(Errno) { try file.truncate(to: offset) } catch { throw cause }
            throw cause
        }
    }
}
