// File systems and files that change a call or two and pass the rest on.

/// A file system before another one; its conformers write down what they do differently.
public protocol PassingFileSystem: FileSystem {
    /// Where the calls go.
    var base: any FileSystem { get }
}

extension PassingFileSystem {
    public func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        try base.open(path, mode)
    }

    public func map(_ path: String) throws(Errno) -> any MappedBytes {
        try base.map(path)
    }

    public func stat(_ path: String) throws(Errno) -> FileInfo {
        try base.stat(path)
    }

    public func list(_ path: String) throws(Errno) -> [String] {
        try base.list(path)
    }

    public func makeDirectory(_ path: String) throws(Errno) {
        try base.makeDirectory(path)
    }

    public func rename(_ source: String, to target: String) throws(Errno) {
        try base.rename(source, to: target)
    }

    public func link(_ source: String, to target: String) throws(Errno) {
        try base.link(source, to: target)
    }

    public func remove(_ path: String) throws(Errno) {
        try base.remove(path)
    }

    public func syncDirectory(_ path: String) throws(Errno) {
        try base.syncDirectory(path)
    }

    public func freeSpace(_ path: String) throws(Errno) -> DiskSpace {
        try base.freeSpace(path)
    }
}

/// An open file before another one; its conformers write down what they do differently.
public protocol PassingFile: OpenFile {
    /// Where the calls go.
    var base: any OpenFile { get }
}

extension PassingFile {
    public var path: String { base.path }

    public func size() throws(Errno) -> Int64 {
        try base.size()
    }

    public func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try base.read(into: &target, count: count, at: offset)
    }

    public func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        try base.write(bytes, at: offset)
    }

    public func append(_ bytes: Span<UInt8>) throws(Errno) {
        try base.append(bytes)
    }

    public func truncate(to size: Int64) throws(Errno) {
        try base.truncate(to: size)
    }

    public func allocate(offset: Int64, length: Int64) throws(Errno) {
        try base.allocate(offset: offset, length: length)
    }

    public func sync() throws(Errno) {
        try base.sync()
    }

    public func syncData() throws(Errno) {
        try base.syncData()
    }

    public func close() throws(Errno) {
        try base.close()
    }
}
