// A directory of its own for one test, gone afterwards.
import Glibc
public import Platform

/// A fresh directory under /tmp, removed with all it holds when this goes.
public final class TemporaryDirectory: Sendable {
    public let path: String

    /// - Throws: what mkdir(2) says.
    public init(_ name: String = "test") throws(Errno) {
        var random = SystemRandomNumberGenerator()
        path = "/tmp/tsdb-\(name)-\(getpid())-\(String(random.next(), radix: 36))"
        try PosixFileSystem().makeDirectory(path)
    }

    /// The path of a file in it.
    public func file(_ name: String) -> String { FilePath.join(path, name) }

    deinit {
        TemporaryDirectory.removeTree(path)
    }

    // Best effort: what cannot be removed shows up in /tmp under the test's name.
    private static func removeTree(_ path: String) {
        let files = PosixFileSystem()
        let names = (try? files.list(path)) ?? []
        for name in names { removeTree(FilePath.join(path, name)) }
        try? files.remove(path)
    }
}
