// The segments that a start finds.
import Platform

/// Opens what a storage engine holds.
enum SegmentDirectory {
    /// All valid segments in sequence.
    ///
    /// Damaged ones are set aside; those that a valid newer one names as replaced are removed.
    ///
    /// - Throws: `.cannot` when the medium cannot be read, `.newerVersion`.
    static func open(
        _ storage: any StorageEngine,
        _ engines: StoreEngines,
        _ cache: BlockCache,
        _ log: Logger
    ) throws(StoreError) -> [SegmentReader] {
        var segments: [SegmentReader] = []
        for name in try storage.names() {
            if let segment = try open(name, storage, engines, cache) { segments.append(segment) }
        }
        let replaced = Set(segments.flatMap(\.summary.replaced))
        let gone = segments.map(\.name).filter { replaced.contains($0) }
        if !gone.isEmpty {
            log.info("replaced segments removed", ("names", gone.joined(separator: ",")))
            do throws(StoreError) {
                try storage.remove(gone)
            } catch {
                log.warn("cannot remove replaced segments", ("cause", "\(error)"))
            }
        }
        segments.removeAll { replaced.contains($0.name) }
        return segments.sorted { $0.range.after < $1.range.after }
    }

    private static func open(
        _ name: String,
        _ storage: any StorageEngine,
        _ engines: StoreEngines,
        _ cache: BlockCache
    ) throws(StoreError) -> SegmentReader? {
        do throws(SegmentError) {
            return try SegmentReader(storage, name: name, cache: cache, engines: engines)
        } catch {
            switch error {
            case .newerVersion(let path, let version):
                throw .newerVersion(path: path, version: version)
            case .cannot(let action, let path, let cause) where cause != .inputOutput:
                throw .cannot(action: action, path: path, cause: cause)
            default:
                storage.setAside(name, reason: "\(error)")
                return nil
            }
        }
    }
}
