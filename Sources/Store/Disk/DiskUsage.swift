// What everything under the store's directory takes from the disk.
import Platform

/// Adds up allocated blocks.
struct DiskUsage {
    private let fileSystem: any FileSystem
    private let base: String
    // Directories within directories: the store itself has two levels, snapshots four.
    private static let depthLimit = 8

    init(_ fileSystem: any FileSystem, base: String) {
        self.fileSystem = fileSystem
        self.base = base
    }

    /// Allocated bytes of all files.
    ///
    /// Links of segments count once: those in a snapshot have the names of those in `segments/`, which
    /// are never used for anything else.
    /// - Throws: what the directory itself answers; what vanishes meanwhile takes nothing.
    func bytes() throws(Errno) -> Int64 {
        var total: Int64 = 0
        var segments: Set<String> = []
        try add(base, 0, &total, &segments)
        return total
    }

    private func add(
        _ directory: String,
        _ depth: Int,
        _ total: inout Int64,
        _ segments: inout Set<String>
    ) throws(Errno) {
        guard depth < DiskUsage.depthLimit else { return }
        for name in try fileSystem.list(directory) {
            let path = FilePath.join(directory, name)
            do throws(Errno) {
                let info = try fileSystem.stat(path)
                if info.kind == .directory {
                    try add(path, depth + 1, &total, &segments)
                } else if !StoreLayout.isSegment(name) || segments.insert(name).inserted {
                    total += info.allocatedBytes
                }
            } catch .noSuchFile {
                continue
            }
        }
    }
}
