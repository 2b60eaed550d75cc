// A disk in memory, so that a thousand damaged stores a second cost no disk.
import Platform
import Synchronization

/// Files by path.
///
/// Directories are what files and `makeDirectory` imply. It never fails.
final class HeldFileSystem: FileSystem {
    private struct Tree {
        var files: [String: HeldContent] = [:]
        var directories: Set<String> = ["/"]
    }

    private let tree = Mutex(Tree())

    /// Starts with these files.
    init(_ files: [(path: String, bytes: [UInt8])] = []) {
        for file in files {
            addDirectories(FilePath.parent(file.path))
            tree.withLock { $0.files[file.path] = HeldContent(file.bytes) }
        }
    }

    /// All files in order of their paths.
    var files: [(path: String, bytes: [UInt8])] {
        let files = tree.withLock { $0.files }
        return files.sorted { $0.key < $1.key }.map { ($0.key, $0.value.bytes) }
    }

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let (content, problem) = tree.withLock { tree -> (HeldContent?, Errno?) in
            let found = tree.files[path]
            switch mode {
            case .read, .readWrite: return (found, .noSuchFile)
            case .create where found != nil: return (nil, .fileExists)
            case .append where found != nil: return (found, nil)
            case .create, .replace, .append:
                let content = HeldContent([])
                tree.files[path] = content
                return (content, nil)
            }
        }
        guard let content else { throw problem ?? .noSuchFile }
        return HeldFile(path, content)
    }

    func map(_ path: String) throws(Errno) -> any MappedBytes {
        guard let content = tree.withLock({ $0.files[path] }) else { throw .noSuchFile }
        return HeldBytes(content.bytes)
    }

    func stat(_ path: String) throws(Errno) -> FileInfo {
        let (content, isDirectory) = tree.withLock {
            ($0.files[path], $0.directories.contains(path))
        }
        guard content != nil || isDirectory else { throw .noSuchFile }
        let size = Int64(content?.bytes.count ?? 0)
        return FileInfo(
            kind: isDirectory ? .directory : .file,
            size: size,
            allocatedBytes: size,
            modifiedMs: 0
        )
    }

    func list(_ path: String) throws(Errno) -> [String] {
        try tree.withLock { tree throws(Errno) in
            guard tree.directories.contains(path) else { throw .noSuchFile }
            let inside = Array(tree.files.keys) + Array(tree.directories)
            return inside.filter { FilePath.parent($0) == path && $0 != path }
                .map { FilePath.name($0) }.sorted()
        }
    }

    func makeDirectory(_ path: String) throws(Errno) { addDirectories(path) }

    private func addDirectories(_ path: String) {
        var path = path
        while path.utf8.count > 1 {
            let isNew = tree.withLock { $0.directories.insert(path).inserted }
            guard isNew else { return }
            path = FilePath.parent(path)
        }
    }

    func rename(_ source: String, to target: String) throws(Errno) {
        let isThere = tree.withLock { tree in
            guard let content = tree.files.removeValue(forKey: source) else { return false }
            tree.files[target] = content
            return true
        }
        if !isThere { throw .noSuchFile }
    }

    func link(_ source: String, to target: String) throws(Errno) {
        let problem = tree.withLock { tree -> Errno? in
            guard let content = tree.files[source] else { return .noSuchFile }
            if tree.files[target] != nil { return .fileExists }
            tree.files[target] = content
            return nil
        }
        if let problem { throw problem }
    }

    func remove(_ path: String) throws(Errno) {
        let isThere = tree.withLock { tree in
            let hadFile = tree.files.removeValue(forKey: path) != nil
            let hadDirectory = tree.directories.remove(path) != nil
            return hadFile || hadDirectory
        }
        if !isThere { throw .noSuchFile }
    }

    func syncDirectory(_ path: String) throws(Errno) {}

    func freeSpace(_ path: String) throws(Errno) -> DiskSpace {
        DiskSpace(total: 1 << 40, available: 1 << 40)
    }
}
