// Handles of MemoryFileSystem. They die in a power cut: each call then throws `.inputOutput`.
import Platform
import Synchronization

final class MemoryFile: OpenFile {
    let path: String
    private let system: MemoryFileSystem
    private let inode: Int
    private let epoch: Int
    private let appends: Bool
    private let writes: Bool
    private let state = Mutex(State())

    private struct State {
        var position: Int64 = 0
        var isClosed = false
    }

    init(
        system: MemoryFileSystem,
        path: String,
        inode: Int,
        epoch: Int,
        appends: Bool,
        writes: Bool
    ) {
        self.system = system
        self.path = path
        self.inode = inode
        self.epoch = epoch
        self.appends = appends
        self.writes = writes
    }

    private func check(writing: Bool = false) throws(Errno) {
        if state.withLock({ $0.isClosed }) || (writing && !writes) { throw .badDescriptor }
        if system.disk.withLock({ $0.epoch }) != epoch { throw .inputOutput }
    }

    private var content: [UInt8] { system.disk.withLock { $0.inodes[inode]?.bytes ?? [] } }

    func size() throws(Errno) -> Int64 {
        try check()
        return system.disk.withLock { Int64($0.inodes[inode]?.bytes.count ?? 0) }
    }

    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try check()
        let bytes = content
        guard offset < Int64(bytes.count) else { return 0 }
        let part = bytes[Int(offset)...].prefix(min(count, target.freeCapacity))
        for byte in part { target.append(byte) }
        return part.count
    }

    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        try check(writing: true)
        _ = try system.write(Array(copying: bytes), to: inode, at: offset)
    }

    func append(_ bytes: Span<UInt8>) throws(Errno) {
        try check(writing: true)
        let position = state.withLock { $0.position }
        let end = try system.write(
            Array(copying: bytes),
            to: inode,
            at: appends ? nil : position
        )
        state.withLock { $0.position = end }
    }

    func truncate(to size: Int64) throws(Errno) {
        try check(writing: true)
        system.disk.withLock { $0.truncate(inode, to: Int(size)) }
        state.withLock { $0.position = min($0.position, size) }
    }

    func allocate(offset: Int64, length: Int64) throws(Errno) {
        try check(writing: true)
        let limit = system.capacityBytes
        try system.disk.withLock { disk throws(Errno) in
            var file = disk.inodes[inode] ?? MemoryDisk.Inode()
            let taken = max(Int64(file.bytes.count), file.reservedEnd)
            let grown = max(taken, offset + length)
            guard disk.usedBytes - taken + grown <= limit else { throw .noSpace }
            file.reservedEnd = grown
            disk.inodes[inode] = file
        }
    }

    func sync() throws(Errno) {
        try check()
        system.disk.withLock { $0.sync(inode) }
    }

    func syncData() throws(Errno) {
        try sync()
    }

    func close() throws(Errno) {
        try check()
        state.withLock { $0.isClosed = true }
    }
}

/// A file's bytes at the moment it was "mapped".
final class MemoryBytes: MappedBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    func withBytes<R, E: Error>(
        in range: Range<Int>,
        failing: (Errno) -> E,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let part = Array(bytes[range])
        return try body(part.span)
    }

    func advise(_ advice: ReadAdvice, in range: Range<Int>) {}
}

extension Array where Element == UInt8 {
    /// The span's bytes in an array of their own.
    init(copying bytes: Span<UInt8>) {
        self.init(capacity: bytes.count) { target in
            for index in bytes.indices { target.append(bytes[index]) }
        }
    }
}
