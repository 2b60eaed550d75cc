// The write buffer as files, one a part: Store.docc/write-ahead-log.md
internal import Codec
internal import Platform

/// Parts in files under `buffer/`.
public final class FileBuffer: WriteBuffer {
    private let directory: String
    private let context: BufferContext
    private let kept = Lock<[FilePart]>([])
    private let syncing = Lock(())

    /// A buffer in the directory of the context; nothing is read or made yet.
    public init(_ context: BufferContext) {
        self.context = context
        directory = FilePath.join(context.basePath, StoreLayout.bufferDirectory)
    }

    /// The parts whose files are in the directory, which is made where it is not there.
    ///
    /// - Throws: `.cannot`, `.newerVersion`.
    public func parts() throws(StoreError) -> [BufferPart] {
        do throws(Errno) {
            try context.fileSystem.makeDirectory(directory)
        } catch {
            throw .cannot(action: "make the directory", path: directory, cause: error)
        }
        let found = try BufferDirectory.parts(directory, context)
        kept.withLock { $0 = found }
        return found.map(\.part)
    }

    /// Begins a part in a new file, durable with its header.
    ///
    /// - Throws: `.cannot`.
    public func begin(_ part: BufferPart) throws(StoreError) {
        let path = FilePath.join(directory, part.name + StoreLayout.bufferSuffix)
        let file: any OpenFile
        do throws(Errno) {
            file = try context.fileSystem.open(path, .replace)
            try file.write(BufferHeader.bytes(of: part).span, at: 0)
            try file.sync()
            try context.fileSystem.syncDirectory(directory)
        } catch {
            throw .cannot(action: "make", path: path, cause: error)
        }
        kept.withLock { kept in
            kept.removeAll { $0.part.name == part.name }
            kept.append(FilePart(part, at: path, in: file))
        }
    }

    /// Writes records to the newest part's file; on return they survive the end of the process.
    ///
    /// - Throws: `BufferFailure`; what a failed write left behind is cut off where that can be done.
    public func append(_ records: [UInt8], _ number: SequenceNumber) throws(BufferFailure) {
        guard let newest = kept.withLock({ $0.last }) else {
            preconditionFailure("BUG: records before the first part")
        }
        try newest.append(records)
    }

    /// Makes all parts durable where that is wanted; callers who come together share one fdatasync(2).
    ///
    /// - Throws: `BufferLoss`: a file whose fsync failed is not synced again.
    public func sync(against threat: BufferThreat) throws(BufferLoss) {
        if threat == .kill { return }
        let wanted = kept.withLock { kept in kept.map { ($0, $0.end) } }
        for (file, end) in wanted where !file.isDurable(to: end) {
            // Who waited for another's finds its own bytes durable, mostly.
            syncing.withLock { _ in
                if !file.isDurable(to: end) { sync(file) }
            }
        }
        let lost = wanted.map(\.0).filter { $0.loss != nil }
        guard let first = lost.first, let cause = first.loss else { return }
        throw BufferLoss(parts: lost.map(\.part), path: first.path, cause: cause)
    }

    private func sync(_ file: FilePart) {
        do throws(Errno) {
            try file.sync(context.fileSystem)
        } catch {
            context.log.error("cannot sync the buffer", ("path", file.path), ("cause", "\(error)"))
        }
    }

    /// The records in a part's file.
    ///
    /// - Throws: `.cannot` when it does not open.
    public func read(_ part: BufferPart) throws(StoreError) -> any BufferSource {
        guard let found = kept.withLock({ kept in kept.first { $0.part == part } }) else {
            throw .cannot(action: "read", path: part.name, cause: .noSuchFile)
        }
        do throws(Errno) {
            return FileSource(try found.opened(context.fileSystem), of: found)
        } catch {
            throw .cannot(action: "read", path: found.path, cause: error)
        }
    }

    /// Removes the files of parts, or moves them to the quarantine.
    ///
    /// - Throws: `.cannot`.
    public func remove(
        _ parts: [BufferPart],
        settingAside reason: String?
    ) throws(StoreError) {
        let gone = kept.withLock { kept -> [FilePart] in
            defer { kept.removeAll { parts.contains($0.part) } }
            return kept.filter { parts.contains($0.part) }
        }
        var failure: StoreError?
        for file in gone {
            if let reason {
                context.quarantine.take(file.path, reason: reason)
                continue
            }
            do throws(Errno) {
                try context.fileSystem.removeIfPresent(file.path)
            } catch {
                failure = .cannot(action: "remove", path: file.path, cause: error)
            }
        }
        if let failure { throw failure }
    }
}
