// Damaged files are moved aside, never deleted and never trusted: architecture section 8, "Damage".
import Platform

/// Moves damaged files, and copies damaged parts of files, to `quarantine/`.
final class Quarantine: Sendable {
    private let directory: String
    private let fileSystem: any FileSystem
    private let log: Logger
    private let moved = Lock(0)

    init(basePath: String, fileSystem: any FileSystem, log: Logger) {
        directory = FilePath.join(basePath, StoreLayout.quarantineDirectory)
        self.fileSystem = fileSystem
        self.log = log
    }

    /// How many files and parts were set aside since the start.
    var count: Int { moved.withLock { $0 } }

    /// Moves a file aside.
    ///
    /// When even that fails it stays, and is not used.
    func take(_ path: String, reason: String) {
        moved.withLock { $0 += 1 }
        do throws(Errno) {
            try fileSystem.makeDirectory(directory)
            let target = try freeName(FilePath.name(path))
            try fileSystem.rename(path, to: target)
            try fileSystem.syncDirectory(directory)
            log.error(
                "damaged file moved aside",
                ("path", path),
                ("to", target),
                ("reason", reason)
            )
        } catch {
            log.error(
                "damaged file cannot be moved aside, it is left and not used",
                ("path", path),
                ("reason", reason),
                ("cause", "\(error)")
            )
        }
    }

    /// Keeps a copy of damaged bytes of a file that is otherwise used.
    func keep(_ bytes: [UInt8], of path: String, at offset: Int64, reason: String) {
        moved.withLock { $0 += 1 }
        do throws(Errno) {
            try fileSystem.makeDirectory(directory)
            let target = try freeName("\(FilePath.name(path)).at-\(offset)")
            try AtomicReplace.write(fileSystem, target, bytes)
            log.error(
                "damaged bytes set aside",
                ("path", path),
                ("offset", "\(offset)"),
                ("bytes", "\(bytes.count)"),
                ("to", target),
                ("reason", reason)
            )
        } catch {
            log.error(
                "damaged bytes cannot be copied aside",
                ("path", path),
                ("offset", "\(offset)"),
                ("reason", reason),
                ("cause", "\(error)")
            )
        }
    }

    private func freeName(_ name: String) throws(Errno) -> String {
        var target = FilePath.join(directory, name)
        var number = 1
        while try fileSystem.exists(target) {
            target = FilePath.join(directory, "\(name).\(number)")
            number += 1
        }
        return target
    }
}
