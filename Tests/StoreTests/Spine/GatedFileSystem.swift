// A disk whose reads of buffer files wait, or fail behind a place, as told: a start seen in its midst.
import Platform
import Synchronization
import TestSupport

final class GatedFileSystem: PassingFileSystem {
    private struct Plan {
        var heldPath: String?
        var badPath: String?
        var badFrom: Int64 = 0
        var holds = 0
    }

    let base: any FileSystem
    private let plan = Mutex(Plan())
    private let bell = Bell()

    init(_ base: any FileSystem) {
        self.base = base
    }

    /// Reads of records in files whose path contains `part` wait from now on.
    func hold(_ part: String) {
        plan.withLock { $0.heldPath = part }
    }

    /// Lets those that wait go on.
    func release() {
        plan.withLock { $0.heldPath = nil }
        bell.ring()
    }

    /// Reads that touch a byte from `offset` on fail, in files whose path contains `part`.
    func fail(_ part: String, from offset: Int64) {
        plan.withLock { plan in
            plan.badPath = part
            plan.badFrom = offset
        }
    }

    /// Nothing fails any more.
    func heal() {
        plan.withLock { $0.badPath = nil }
    }

    /// How many reads came to wait.
    var holds: Int { plan.withLock { $0.holds } }

    fileprivate func admit(_ path: String, _ range: Range<Int64>) throws(Errno) {
        let isBad = plan.withLock { plan in
            plan.badPath.map { path.contains($0) && range.upperBound > plan.badFrom } ?? false
        }
        if isBad { throw .inputOutput }
        // The header is read while the store opens.
        guard range.lowerBound > 0, isHeld(path) else { return }
        plan.withLock { $0.holds += 1 }
        while isHeld(path) { bell.wait(ms: 1000) }
        bell.ring()
    }

    private func isHeld(_ path: String) -> Bool {
        plan.withLock { plan in plan.heldPath.map { path.contains($0) } ?? false }
    }

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let file = try base.open(path, mode)
        return path.hasSuffix(".gorb") ? GatedFile(self, file) : file
    }
}

private final class GatedFile: PassingFile {
    let base: any OpenFile
    private let system: GatedFileSystem

    init(_ system: GatedFileSystem, _ base: any OpenFile) {
        self.system = system
        self.base = base
    }

    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try system.admit(path, offset..<offset + Int64(count))
        return try base.read(into: &target, count: count, at: offset)
    }
}
