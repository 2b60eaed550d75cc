// A small file that is, after any crash, either the old one or the new one: write a temporary file,
// fsync it, rename it, fsync the directory. Without the first fsync ext4 may keep the new name with
// old or no bytes; without the second the rename itself may vanish.

/// Replaces whole files.
public enum AtomicReplace {
    /// What a crash may leave beside `path`; safe to delete at start.
    public static let temporarySuffix = ".tmp"

    /// Replaces the content of `path`, durable on return.
    ///
    /// One writer a path.
    ///
    /// - Throws: the first call's `Errno`; the old file is still there, unless only the last
    ///   fsync, of the directory, failed.
    public static func write(
        _ fileSystem: some FileSystem,
        _ path: String,
        _ bytes: Span<UInt8>
    ) throws(Errno) {
        let temporary = path + temporarySuffix
        do throws(Errno) {
            let file = try fileSystem.open(temporary, .replace)
            try file.append(bytes)
            try file.sync()
            try file.close()
            try fileSystem.rename(temporary, to: path)
        } catch let cause {
            // The first error is the one to tell; what is left over goes at the next start.
            do throws(Errno) { try fileSystem.remove(temporary) } catch { throw cause }
            throw cause
        }
        try fileSystem.syncDirectory(FilePath.parent(path))
    }

    /// Replaces the content of `path`, as above.
    ///
    /// - Throws: as above.
    public static func write(
        _ fileSystem: some FileSystem,
        _ path: String,
        _ bytes: [UInt8]
    ) throws(Errno) {
        try write(fileSystem, path, bytes.span)
    }
}
