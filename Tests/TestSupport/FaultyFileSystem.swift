// Faults on order over a MemoryFileSystem: any call can fail, writes can be torn by an error, and the
// machine can die at call number n. A crash test runs its scenario once for each n.
public import Platform
import Synchronization

/// The calls of the seam, to say which one fails.
public enum FileOperation: Sendable, CaseIterable {
    case open, map, stat, list, makeDirectory, rename, link, remove, syncDirectory, freeSpace
    case size, read, write, truncate, allocate, sync, close
}

/// A file system that fails as told.
public final class FaultyFileSystem: FileSystem {
    public let base: MemoryFileSystem
    private let plan = Mutex(Plan())

    private struct Fault {
        var operation: FileOperation
        var pathPart: String
        var cause: Errno
        var skip: Int
        var times: Int
    }

    private struct Plan {
        var calls = 0
        var haltAt = Int.max
        var failing: [Int: Errno] = [:]
        var faults: [Fault] = []
    }

    public init(_ base: MemoryFileSystem = MemoryFileSystem()) {
        self.base = base
    }

    /// Calls so far.
    public var calls: Int { plan.withLock { $0.calls } }

    /// The call with this number (the first is 1) fails.
    public func failCall(_ number: Int, with cause: Errno) {
        plan.withLock { $0.failing[number] = cause }
    }

    /// Calls of one kind on paths that contain `pathPart` fail, after `skip` of them went well.
    public func fail(
        _ operation: FileOperation,
        path pathPart: String = "",
        with cause: Errno,
        skip: Int = 0,
        times: Int = .max
    ) {
        let fault = Fault(
            operation: operation,
            pathPart: pathPart,
            cause: cause,
            skip: skip,
            times: times
        )
        plan.withLock { $0.faults.append(fault) }
    }

    /// From call number `number` on nothing works: the process is as good as dead.
    public func halt(atCall number: Int) {
        plan.withLock { $0.haltAt = number }
    }

    /// Forgets all faults; the count of calls starts anew.
    public func heal() {
        plan.withLock { $0 = Plan() }
    }

    /// Cuts the power, heals, and leaves the disk as a start would find it.
    public func powerCut(
        _ cut: PowerCut,
        using random: inout some RandomNumberGenerator & Sendable
    ) {
        base.powerCut(cut, using: &random)
        heal()
    }

    func admit(_ operation: FileOperation, _ path: String) throws(Errno) {
        try plan.withLock { plan throws(Errno) in
            plan.calls += 1
            if plan.calls >= plan.haltAt { throw .inputOutput }
            if let cause = plan.failing[plan.calls] { throw cause }
            for index in plan.faults.indices {
                let fault = plan.faults[index]
                guard fault.operation == operation, fault.times > 0,
                    fault.pathPart.isEmpty || path.contains(fault.pathPart)
                else { continue }
                if fault.skip > 0 {
                    plan.faults[index].skip -= 1
                } else {
                    if fault.times != .max { plan.faults[index].times -= 1 }
                    throw fault.cause
                }
            }
        }
    }

    public func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        try admit(.open, path)
        return FaultyFile(system: self, base: try base.open(path, mode))
    }

    public func map(_ path: String) throws(Errno) -> any MappedBytes {
        try admit(.map, path)
        return try base.map(path)
    }

    public func stat(_ path: String) throws(Errno) -> FileInfo {
        try admit(.stat, path)
        return try base.stat(path)
    }

    public func list(_ path: String) throws(Errno) -> [String] {
        try admit(.list, path)
        return try base.list(path)
    }

    public func makeDirectory(_ path: String) throws(Errno) {
        try admit(.makeDirectory, path)
        try base.makeDirectory(path)
    }

    public func rename(_ source: String, to target: String) throws(Errno) {
        try admit(.rename, source)
        try base.rename(source, to: target)
    }

    public func link(_ source: String, to target: String) throws(Errno) {
        try admit(.link, source)
        try base.link(source, to: target)
    }

    public func remove(_ path: String) throws(Errno) {
        try admit(.remove, path)
        try base.remove(path)
    }

    public func syncDirectory(_ path: String) throws(Errno) {
        try admit(.syncDirectory, path)
        try base.syncDirectory(path)
    }

    public func freeSpace(_ path: String) throws(Errno) -> DiskSpace {
        try admit(.freeSpace, path)
        return try base.freeSpace(path)
    }
}

private final class FaultyFile: OpenFile {
    private let system: FaultyFileSystem
    private let base: any OpenFile

    init(system: FaultyFileSystem, base: any OpenFile) {
        self.system = system
        self.base = base
    }

    var path: String { base.path }

    func size() throws(Errno) -> Int64 {
        try system.admit(.size, path)
        return try base.size()
    }

    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try system.admit(.read, path)
        return try base.read(into: &target, count: count, at: offset)
    }

    // A write that fails has written its first half: the short write before the error.
    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        do throws(Errno) {
            try system.admit(.write, path)
        } catch let cause {
            try base.write(bytes.extracting(first: bytes.count / 2), at: offset)
            throw cause
        }
        try base.write(bytes, at: offset)
    }

    func append(_ bytes: Span<UInt8>) throws(Errno) {
        do throws(Errno) {
            try system.admit(.write, path)
        } catch let cause {
            try base.append(bytes.extracting(first: bytes.count / 2))
            throw cause
        }
        try base.append(bytes)
    }

    func truncate(to size: Int64) throws(Errno) {
        try system.admit(.truncate, path)
        try base.truncate(to: size)
    }

    func allocate(offset: Int64, length: Int64) throws(Errno) {
        try system.admit(.allocate, path)
        try base.allocate(offset: offset, length: length)
    }

    func sync() throws(Errno) {
        try system.admit(.sync, path)
        try base.sync()
    }

    func syncData() throws(Errno) {
        try system.admit(.sync, path)
        try base.syncData()
    }

    func close() throws(Errno) {
        try system.admit(.close, path)
        try base.close()
    }
}
