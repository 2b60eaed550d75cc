// The segments that a start finds.
import Platform

/// A segment that cannot be read for now, and stays where it is: another owner's file, a mount that is
/// not there.
struct UnreadableSegment: Equatable {
    let storeID: StoreID
    /// As its name says: these batches are neither lost nor to be sealed a second time.
    let range: SequenceRange
}

/// Opens what a storage engine holds.
enum SegmentDirectory {
    /// What is there.
    struct Found {
        /// All valid segments in sequence.
        var segments: [SegmentReader] = []
        /// Those that cannot be read.
        var unreadable: [UnreadableSegment] = []
    }

    /// Opens all segments.
    ///
    /// Damaged ones are set aside, those that cannot be opened are said and left; those that a valid
    /// newer one names as replaced are removed.
    ///
    /// - Throws: `.cannot` when the names cannot be read or descriptors or memory run out,
    ///   `.newerVersion`.
    static func open(
        _ storage: any StorageEngine,
        _ engines: StoreEngines,
        _ cache: BlockCache,
        _ log: Logger
    ) throws(StoreError) -> Found {
        var found = Found()
        for name in try storage.names() {
            do throws(SegmentError) {
                let segment = try SegmentReader(
                    storage,
                    name: name,
                    cache: cache,
                    engines: engines
                )
                found.segments.append(segment)
            } catch {
                try found.note(error, name, storage, log)
            }
        }
        let segments = found.segments
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
        found.segments.removeAll { replaced.contains($0.name) }
        found.segments.sort { $0.range.after < $1.range.after }
        found.dropCopies(storage)
        return found
    }
}

extension SegmentDirectory.Found {
    // A copy under another name would be counted twice: the one that has its own name stays.
    fileprivate mutating func dropCopies(_ storage: any StorageEngine) {
        var kept: [SegmentReader] = []
        for segment in segments {
            guard let other = kept.last, other.storeID == segment.storeID,
                other.range == segment.range
            else {
                kept.append(segment)
                continue
            }
            let isOther = other.name.hasPrefix(StoreLayout.segmentStem(other.storeID, other.range))
            let copy = isOther ? segment : other
            if !isOther { kept[kept.count - 1] = segment }
            storage.setAside(
                copy.name,
                reason: "it is a copy of \((isOther ? other : segment).name)"
            )
        }
        segments = kept
    }

    // One segment's trouble is no reason to serve nothing.
    fileprivate mutating func note(
        _ error: SegmentError,
        _ name: String,
        _ storage: any StorageEngine,
        _ log: Logger
    ) throws(StoreError) {
        switch error {
        case .newerVersion(let path, let version):
            throw .newerVersion(path: path, version: version)
        case .cannot(let action, let path, let cause) where cause.isShortage:
            throw .cannot(action: action, path: path, cause: cause)
        case .cannot(_, _, let cause) where !cause.isOfTheFile:
            if let (storeID, range) = StoreLayout.segmentParts(name) {
                unreadable.append(UnreadableSegment(storeID: storeID, range: range))
            }
            log.error(
                "a segment cannot be opened, it is left and not used",
                ("path", storage.path(of: name)),
                ("cause", "\(cause)"),
                ("next", "let this user read it and start again: till then its samples are missing")
            )
        default: storage.setAside(name, reason: "\(error)")
        }
    }
}

extension Errno {
    /// Whether the process, not the file, lacks something.
    var isShortage: Bool {
        self == .outOfMemory || self == .tooManyOpenFiles || self == .tooManyOpenFilesInSystem
    }

    /// Whether what has the name is not what was written: no regular file, or one that the disk does
    /// not give.
    var isOfTheFile: Bool {
        self == .inputOutput || self == .isADirectory || self == .invalidArgument
    }
}
