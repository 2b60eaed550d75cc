// A copy of the store at one moment, made while it works. Store.docc/cold-rewrite.md, "Snapshots"
internal import Model
internal import Platform

extension Database {
    /// Makes a store of its own in `directory` with everything that was stored when it was called.
    ///
    /// Segments are linked where both directories are on one file system, so that the snapshot takes
    /// no room until they are deleted here; the buffer is copied. The snapshot is another store: it has
    /// a new id, so that numbers that are given out in it are not mistaken for ours, and owns the files
    /// with ours. Cursors of destinations are not in it. Appending goes on meanwhile, sealing waits.
    ///
    /// - Parameter directory: made when it is missing; must be empty. One without a STORE file is the
    ///   rest of a snapshot that was interrupted.
    /// - Throws: `.cannot`; what was written is left behind, without a STORE file.
    public func snapshot(to directory: String) throws(StoreError) {
        waitUntilReplayed()
        try syncBuffer()
        let segmentDirectory = FilePath.join(directory, StoreLayout.segmentDirectory)
        let bufferDirectory = FilePath.join(directory, StoreLayout.bufferDirectory)
        try attempt("make a snapshot in", directory) { () throws(Errno) in
            try fileSystem.makeDirectory(directory)
            guard try fileSystem.list(directory).isEmpty else { throw .directoryNotEmpty }
            try fileSystem.makeDirectory(segmentDirectory)
            try fileSystem.makeDirectory(bufferDirectory)
        }
        // Nothing is sealed, merged or deleted until all of it is there.
        try sealLock.withLock { _ throws(StoreError) in
            try housekeeping.withLock { _ throws(StoreError) in
                let (names, parts) = writer.withLock { writer in
                    (sealed.withLock { $0.map(\.name) }, writer.parts)
                }
                try storage.copy(names, to: segmentDirectory)
                for kept in parts { try copy(kept, to: bufferDirectory) }
            }
        }
        let path = FilePath.join(directory, StoreLayout.identityName)
        let bytes = identity.successor().bytes
        try attempt("write", path) { () throws(Errno) in
            try fileSystem.syncDirectory(bufferDirectory)
            try AtomicReplace.write(fileSystem, path, bytes)
        }
        log.info("snapshot made", ("directory", directory))
    }

    // A part as one buffer file, wherever its records lie.
    private func copy(_ kept: KeptPart, to directory: String) throws(StoreError) {
        let source = try buffer.read(kept.part)
        let path = FilePath.join(directory, kept.part.name + StoreLayout.bufferSuffix)
        try attempt("copy", source.path) { () throws(Errno) in
            let file = try fileSystem.open(path, .create)
            try file.write(BufferHeader.bytes(of: kept.part).span, at: 0)
            var copied: Int64 = 0
            while copied < kept.bytes {
                let piece = try source.read(
                    Int(min(kept.bytes - copied, 1 << 20)),
                    at: source.start + copied
                )
                guard !piece.isEmpty else { throw .inputOutput }
                try file.write(piece.span, at: Int64(BufferFormat.headerBytes) + copied)
                copied += Int64(piece.count)
            }
            try file.sync()
            try file.close()
        }
    }

    private func attempt(
        _ action: String,
        _ path: String,
        _ body: () throws(Errno) -> Void
    ) throws(StoreError) {
        do throws(Errno) {
            try body()
        } catch {
            throw .cannot(action: action, path: path, cause: error)
        }
    }
}
