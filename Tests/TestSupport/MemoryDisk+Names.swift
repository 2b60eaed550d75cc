// Lookups and changes of names, with the errors that the kernel would give.
import Platform

extension MemoryDisk {
    var usedBytes: Int64 {
        inodes.values.reduce(0) { $0 + max(Int64($1.bytes.count), $1.reservedEnd) }
    }

    func file(_ path: String) throws(Errno) -> Int {
        switch names[MemoryFileSystem.normal(path)] {
        case .file(let inode): return inode
        case .directory: throw .isADirectory
        case nil: throw .noSuchFile
        }
    }

    func requireDirectory(_ path: String) throws(Errno) {
        guard let entry = names[path] else { throw .noSuchFile }
        guard entry == .directory else { throw .notADirectory }
    }

    mutating func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Int {
        switch (mode, names[path]) {
        case (_, .directory): throw .isADirectory
        case (.create, .file): throw .fileExists
        case (.replace, .file(let inode)):
            truncate(inode, to: 0)
            return inode
        case (_, .file(let inode)): return inode
        case (.read, nil), (.readWrite, nil): throw .noSuchFile
        case (_, nil):
            try requireDirectory(FilePath.parent(path))
            let inode = makeInode()
            change(added: [path: .file(inode)])
            return inode
        }
    }

    func info(_ path: String) throws(Errno) -> FileInfo {
        switch names[path] {
        case nil: throw .noSuchFile
        case .directory:
            return FileInfo(kind: .directory, size: 4096, allocatedBytes: 4096, modifiedMs: 0)
        case .file(let number):
            let inode = inodes[number] ?? Inode()
            let taken = max(Int64(inode.bytes.count), inode.reservedEnd)
            return FileInfo(
                kind: .file,
                size: Int64(inode.bytes.count),
                allocatedBytes: (taken + 4095) / 4096 * 4096,
                modifiedMs: inode.modifiedMs
            )
        }
    }

    /// Durable on return, as the seam promises.
    mutating func makeDirectory(_ path: String) throws(Errno) {
        if let entry = names[path] {
            guard entry == .directory else { throw .fileExists }
            return
        }
        let parent = FilePath.parent(path)
        if names[parent] == nil { try makeDirectory(parent) }
        try requireDirectory(parent)
        change(added: [path: .directory])
        syncDirectory(parent)
    }

    mutating func rename(_ source: String, to target: String) throws(Errno) {
        guard let entry = names[source] else { throw .noSuchFile }
        try requireDirectory(FilePath.parent(target))
        switch (entry, names[target]) {
        case (.file, .directory): throw .isADirectory
        case (.directory, .file): throw .notADirectory
        default: break
        }
        if source == target { return }
        let inside = names.keys.filter { $0.hasPrefix(source + "/") }
        var added = [target: entry]
        for path in inside { added[target + path.dropFirst(source.count)] = names[path] }
        change(removed: [source] + inside, added: added)
    }
}
