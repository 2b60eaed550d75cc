// A file system that nobody can change through: for looking at directories that belong to others.

/// Passes reading on and refuses everything else with `.readOnlyFileSystem`.
///
/// A directory that is asked for and missing is taken as empty, so that code which makes what it
/// needs can be run over a directory that has less.
public struct ReadOnlyFileSystem: FileSystem {
    private let base: any FileSystem

    /// Reads through `base`.
    public init(_ base: any FileSystem) {
        self.base = base
    }

    public func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        guard case .read = mode else { throw .readOnlyFileSystem }
        return try base.open(path, .read)
    }

    public func map(_ path: String) throws(Errno) -> any MappedBytes {
        try base.map(path)
    }

    public func stat(_ path: String) throws(Errno) -> FileInfo {
        try base.stat(path)
    }

    public func list(_ path: String) throws(Errno) -> [String] {
        do throws(Errno) { return try base.list(path) } catch .noSuchFile { return [] }
    }

    public func makeDirectory(_ path: String) throws(Errno) {
        guard try base.exists(path) else { return }
        if try base.stat(path).kind != .directory { throw .notADirectory }
    }

    public func rename(_ source: String, to target: String) throws(Errno) {
        throw .readOnlyFileSystem
    }

    public func link(_ source: String, to target: String) throws(Errno) {
        throw .readOnlyFileSystem
    }

    public func remove(_ path: String) throws(Errno) {
        throw .readOnlyFileSystem
    }

    public func syncDirectory(_ path: String) throws(Errno) {
        throw .readOnlyFileSystem
    }

    public func freeSpace(_ path: String) throws(Errno) -> DiskSpace {
        try base.freeSpace(path)
    }
}
