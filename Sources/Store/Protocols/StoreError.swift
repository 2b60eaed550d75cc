// What can go wrong in the store, with coordinates and the next step.
public import Platform

/// An error of the store.
///
/// Damage is not one of them: damaged files are moved to `quarantine/`.
public enum StoreError: Error, Equatable {
    /// A system call on `path` failed.
    case cannot(action: String, path: String, cause: Errno)
    /// A buffer file that may be whole cannot be read: a start without it would lose its batches.
    case unreadableBuffer(path: String, cause: Errno)
    /// The directory is in use by another process.
    case locked(path: String, holder: String)
    /// A file of a newer version than this program knows.
    case newerVersion(path: String, version: UInt16)
    /// A part of a segment cannot be read.
    case damaged(path: String, what: String)
    /// What is asked for may be in the write buffer of the last start, which is still being replayed: ask
    /// again when that is over.
    case replaying
    /// There is no store to be read.
    case noStore(path: String)
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannot(let action, let path, let cause):
            "cannot \(action) \(path): \(cause)"
        case .unreadableBuffer(let path, let cause):
            "cannot read \(path): \(cause); its batches may be nowhere else: let this user read it, "
                + "or move it away to start without them"
        case .locked(let path, let holder):
            "\(path) is in use by \(holder); stop that process or set another storage.base_path"
        case .newerVersion(let path, let version):
            "\(path): format version \(version) is newer than this program knows; use a newer tsdb-agent"
        case .damaged(let path, let what):
            "\(path): \(what)"
        case .replaying:
            "the write buffer of the last start is still being replayed; try again later"
        case .noStore(let path):
            "there is no store in \(path); is storage.base_path right?"
        }
    }
}
