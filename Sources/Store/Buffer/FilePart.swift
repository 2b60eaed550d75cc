// One part of the file buffer: its file, how much of it there is, how much of that is durable.
internal import Platform
internal import Synchronization

/// A part in a file.
final class FilePart: Sendable {
    let part: BufferPart
    let path: String
    // Nil for one of an earlier start: each reader opens it.
    private let file: (any OpenFile)?
    private let written: Atomic<Int64>
    private let synced: Atomic<Int64>
    private let failure = Lock<Errno?>(nil)

    /// A part of an earlier start, of which all has yet to be made durable: a killed process left it
    /// to the kernel.
    init(found part: BufferPart, at path: String, byteCount: Int64) {
        self.part = part
        self.path = path
        file = nil
        written = Atomic(byteCount)
        synced = Atomic(0)
    }

    /// A new part, whose header is durable.
    init(_ part: BufferPart, at path: String, in file: any OpenFile) {
        self.part = part
        self.path = path
        self.file = file
        written = Atomic(Int64(BufferFormat.headerBytes))
        synced = Atomic(Int64(BufferFormat.headerBytes))
    }

    /// Where the last finished record ends.
    var end: Int64 { written.load(ordering: .acquiring) }

    /// Why it is not to be trusted any more; nil while it is.
    var loss: Errno? { failure.withLock { $0 } }

    /// Whether all up to `end` is durable.
    func isDurable(to end: Int64) -> Bool { synced.load(ordering: .acquiring) >= end }

    /// Writes records at the end: one caller at a time.
    func append(_ records: [UInt8]) throws(BufferFailure) {
        guard let file else { throw BufferFailure(cause: .badDescriptor, mayBeStored: false) }
        let place = end
        do throws(Errno) {
            try file.write(records.span, at: place)
        } catch {
            throw BufferFailure(cause: error, mayBeStored: !FilePart.cut(file, to: place))
        }
        written.store(place + Int64(records.count), ordering: .releasing)
    }

    // Takes back what a failed write left behind: it must not be found one day.
    private static func cut(_ file: any OpenFile, to place: Int64) -> Bool {
        do throws(Errno) {
            try file.truncate(to: place)
            return true
        } catch {
            return false
        }
    }

    /// Makes all that is written durable, where that can still be done: one caller at a time.
    func sync(_ fileSystem: any FileSystem) throws(Errno) {
        guard loss == nil else { return }
        let reached = end
        do throws(Errno) {
            try opened(fileSystem).syncData()
        } catch {
            failure.withLock { $0 = error }
            throw error
        }
        synced.store(reached, ordering: .releasing)
    }

    /// The file, for reading at least.
    func opened(_ fileSystem: any FileSystem) throws(Errno) -> any OpenFile {
        if let file { return file }
        return try fileSystem.open(path, .read)
    }
}

/// The records of a part in a file; offsets are the file's.
struct FileSource: BufferSource {
    private let file: any OpenFile
    private let part: FilePart

    init(_ file: any OpenFile, of part: FilePart) {
        self.file = file
        self.part = part
    }

    var path: String { part.path }
    var start: Int64 { Int64(BufferFormat.headerBytes) }
    func end() -> Int64 { part.end }

    func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
        try file.read(Int(min(Int64(count), max(0, part.end - offset))), at: offset)
    }
}
