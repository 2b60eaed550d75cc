// What can go wrong around a destination's own files, with coordinates and the next step.
public import Platform

/// An error of a destination's own files.
///
/// What a receiver says is no error but a `Verdict`.
public enum ForwardError: Error, Equatable {
    /// A system call on the cursor file or its directory failed.
    case cannot(action: String, path: String, cause: Errno)
    /// The damaged or foreign cursor file could not be moved aside.
    case cannotQuarantine(path: String, target: String, cause: Errno)
    /// A newer program wrote the cursor file: to start at now would skip what that one had yet to send.
    case newerVersion(path: String, version: UInt16)
}

extension ForwardError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannot(let action, let path, let cause):
            "cannot \(action) \(path): \(cause)"
        case .cannotQuarantine(let path, let target, let cause):
            "cannot move \(path) to \(target): \(cause); move it by hand or make room"
        case .newerVersion(let path, let version):
            "\(path): cursor version \(version) is newer than this program knows; use a newer "
                + "tsdb-agent, or move the file away to start at now"
        }
    }
}
