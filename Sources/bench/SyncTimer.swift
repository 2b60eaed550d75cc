// A disk that knows how long it was asked to make things durable: the rest is what the store costs.
import Platform
import Synchronization

/// Passes everything on, and adds up the time that fsync and fdatasync take.
final class SyncTimer: PassingFileSystem {
    let base: any FileSystem = PosixFileSystem()
    private let spent = Atomic<Int64>(0)

    /// The seconds in fsync and fdatasync so far, of files and directories.
    var seconds: Double { Double(spent.load(ordering: .relaxed)) / 1e9 }

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        TimedFile(try base.open(path, mode), self)
    }
    func syncDirectory(_ path: String) throws(Errno) {
        try time { () throws(Errno) in try base.syncDirectory(path) }
    }

    fileprivate func time(_ body: () throws(Errno) -> Void) throws(Errno) {
        let clock = SystemClock()
        let start = clock.nowNs()
        try body()
        spent.add(Int64(clock.nowNs() - start), ordering: .relaxed)
    }
}

/// A file whose syncs are timed.
private final class TimedFile: PassingFile {
    let base: any OpenFile
    private let timer: SyncTimer

    init(_ base: any OpenFile, _ timer: SyncTimer) {
        self.base = base
        self.timer = timer
    }

    func sync() throws(Errno) { try timer.time { () throws(Errno) in try base.sync() } }
    func syncData() throws(Errno) { try timer.time { () throws(Errno) in try base.syncData() } }
}
