// The buffer files that a start finds.
import Platform

/// Reads `buffer/`.
enum BufferDirectory {
    /// A buffer file whose header is good.
    struct File {
        let path: String
        let header: BufferHeader
        let file: any OpenFile
        let size: Int64
    }

    /// All good files in sequence; files with a damaged header are moved aside.
    ///
    /// - Throws: `.cannot` when the directory cannot be read, `.unreadableBuffer`, `.newerVersion`.
    static func open(
        _ base: String,
        _ fileSystem: any FileSystem,
        _ quarantine: Quarantine
    ) throws(StoreError) -> [File] {
        let directory = FilePath.join(base, StoreLayout.bufferDirectory)
        var files: [File] = []
        for name in try names(directory, fileSystem) where name.hasSuffix(StoreLayout.bufferSuffix)
        {
            let path = FilePath.join(directory, name)
            if let file = try open(path, fileSystem, quarantine) { files.append(file) }
        }
        files.sort { ($0.header.start, $0.header.after) < ($1.header.start, $1.header.after) }
        return withoutCopies(files, quarantine)
    }

    // A copy under another name would be replayed twice: the one that has its own name stays.
    private static func withoutCopies(_ files: [File], _ quarantine: Quarantine) -> [File] {
        var kept: [File] = []
        for file in files {
            guard let other = kept.last, other.header == file.header else {
                kept.append(file)
                continue
            }
            let own = StoreLayout.bufferName(after: file.header.after, file.header.start)
            let (copy, original) =
                FilePath.name(file.path) == own ? (other, file) : (file, other)
            kept[kept.count - 1] = original
            quarantine.take(copy.path, reason: "it is a copy of \(FilePath.name(original.path))")
        }
        return kept
    }

    private static func names(
        _ directory: String,
        _ fileSystem: any FileSystem
    ) throws(StoreError) -> [String] {
        do throws(Errno) {
            return try fileSystem.list(directory)
        } catch {
            throw .cannot(action: "list", path: directory, cause: error)
        }
    }

    private static func open(
        _ path: String,
        _ fileSystem: any FileSystem,
        _ quarantine: Quarantine
    ) throws(StoreError) -> File? {
        let file: any OpenFile
        let size: Int64
        let bytes: [UInt8]
        do throws(Errno) {
            file = try fileSystem.open(path, .read)
            size = try file.size()
            if size == 0 {
                // Made by a start that died before it could write the header: nothing is in it.
                removeEmpty(path, fileSystem)
                return nil
            }
            bytes = try file.read(BufferFormat.headerBytes, at: 0)
        } catch  where error.isOfTheFile {
            quarantine.take(path, reason: "it cannot be read: \(error)")
            return nil
        } catch  where error.isShortage {
            throw .cannot(action: "read", path: path, cause: error)
        } catch {
            // Its batches may be nowhere else, and the next epoch's range would hide them for ever.
            throw .unreadableBuffer(path: path, cause: error)
        }
        do throws(BufferHeader.Problem) {
            return File(path: path, header: try BufferHeader.parse(bytes), file: file, size: size)
        } catch {
            switch error {
            case .newerVersion(let version): throw .newerVersion(path: path, version: version)
            case .damaged(let reason):
                quarantine.take(path, reason: reason)
                return nil
            }
        }
    }

    // One that cannot be removed stays, and is as empty at the next start.
    private static func removeEmpty(_ path: String, _ fileSystem: any FileSystem) {
        do throws(Errno) { try fileSystem.remove(path) } catch { return }
    }
}
