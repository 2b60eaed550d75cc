// The buffer files that a start finds.
import Platform

/// Reads `buffer/`.
enum BufferDirectory {
    /// All good files in sequence; files with a damaged header are moved aside.
    ///
    /// - Throws: `.cannot` when the directory cannot be read, `.unreadableBuffer`, `.newerVersion`.
    static func parts(
        _ directory: String,
        _ context: BufferContext
    ) throws(StoreError) -> [FilePart] {
        var parts: [FilePart] = []
        for name in try names(directory, context) where name.hasSuffix(StoreLayout.bufferSuffix) {
            let path = FilePath.join(directory, name)
            if let part = try part(path, context) { parts.append(part) }
        }
        parts.sort { ($0.part.start, $0.part.after) < ($1.part.start, $1.part.after) }
        return withoutCopies(parts, context.quarantine)
    }

    // A copy under another name would be replayed twice: the one that has its own name stays.
    private static func withoutCopies(_ parts: [FilePart], _ quarantine: Quarantine) -> [FilePart] {
        var kept: [FilePart] = []
        for part in parts {
            guard let other = kept.last, other.part == part.part else {
                kept.append(part)
                continue
            }
            let own = part.part.name + StoreLayout.bufferSuffix
            let (copy, original) =
                FilePath.name(part.path) == own ? (other, part) : (part, other)
            kept[kept.count - 1] = original
            quarantine.take(copy.path, reason: "it is a copy of \(FilePath.name(original.path))")
        }
        return kept
    }

    private static func names(
        _ directory: String,
        _ context: BufferContext
    ) throws(StoreError) -> [String] {
        do throws(Errno) {
            return try context.fileSystem.list(directory)
        } catch {
            throw .cannot(action: "list", path: directory, cause: error)
        }
    }

    private static func part(
        _ path: String,
        _ context: BufferContext
    ) throws(StoreError) -> FilePart? {
        let size: Int64
        let bytes: [UInt8]
        do throws(Errno) {
            let file = try context.fileSystem.open(path, .read)
            size = try file.size()
            if size == 0 {
                // Made by a start that died before it could write the header: nothing is in it.
                removeEmpty(path, context)
                return nil
            }
            bytes = try file.read(BufferFormat.headerBytes, at: 0)
        } catch  where error.isOfTheFile {
            context.quarantine.take(path, reason: "it cannot be read: \(error)")
            return nil
        } catch  where error.isShortage {
            throw .cannot(action: "read", path: path, cause: error)
        } catch {
            // Its batches may be nowhere else, and the next epoch's range would hide them for ever.
            throw .unreadableBuffer(path: path, cause: error)
        }
        do throws(BufferHeader.Problem) {
            return FilePart(found: try BufferHeader.parse(bytes), at: path, byteCount: size)
        } catch {
            switch error {
            case .newerVersion(let version): throw .newerVersion(path: path, version: version)
            case .damaged(let reason):
                context.quarantine.take(path, reason: reason)
                return nil
            }
        }
    }

    // One that cannot be removed stays, and is as empty at the next start.
    private static func removeEmpty(_ path: String, _ context: BufferContext) {
        do throws(Errno) { try context.fileSystem.remove(path) } catch { return }
    }
}
