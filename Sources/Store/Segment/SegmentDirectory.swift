// The segments that a start finds.
import Platform

/// Reads `segments/`.
enum SegmentDirectory {
    /// All valid segments in sequence.
    ///
    /// Damaged ones are moved aside; half-written ones and those that a valid newer one names as
    /// replaced are removed.
    ///
    /// - Throws: `.cannot` when the directory cannot be read, `.newerVersion`.
    static func open(
        _ base: String,
        _ fileSystem: any FileSystem,
        _ quarantine: Quarantine,
        _ log: Logger
    ) throws(StoreError) -> [SegmentReader] {
        let directory = FilePath.join(base, StoreLayout.segmentDirectory)
        let names: [String]
        do throws(Errno) {
            names = try fileSystem.list(directory)
        } catch {
            throw .cannot(action: "list", path: directory, cause: error)
        }
        var segments: [SegmentReader] = []
        for name in names {
            let path = FilePath.join(directory, name)
            if name.hasSuffix(AtomicReplace.temporarySuffix) {
                remove(path, fileSystem, log)
            } else if name.hasSuffix(StoreLayout.segmentSuffix) {
                if let segment = try open(path, fileSystem, quarantine) {
                    segments.append(segment)
                }
            }
        }
        let replaced = Set(segments.flatMap(\.summary.replaced))
        for segment in segments where replaced.contains(FilePath.name(segment.path)) {
            log.info("replaced segment removed", ("path", segment.path))
            remove(segment.path, fileSystem, log)
        }
        segments.removeAll { replaced.contains(FilePath.name($0.path)) }
        return segments.sorted { $0.range.after < $1.range.after }
    }

    private static func open(
        _ path: String,
        _ fileSystem: any FileSystem,
        _ quarantine: Quarantine
    ) throws(StoreError) -> SegmentReader? {
        do throws(SegmentError) {
            return try SegmentReader(fileSystem, path: path)
        } catch {
            switch error {
            case .newerVersion(let path, let version):
                throw .newerVersion(path: path, version: version)
            case .cannot(let action, let path, let cause) where cause != .inputOutput:
                throw .cannot(action: action, path: path, cause: cause)
            default:
                quarantine.take(path, reason: "\(error)")
                return nil
            }
        }
    }

    private static func remove(_ path: String, _ fileSystem: any FileSystem, _ log: Logger) {
        do throws(Errno) {
            try fileSystem.removeIfPresent(path)
        } catch {
            log.warn("cannot remove a file", ("path", path), ("cause", "\(error)"))
        }
    }
}
