// Segments in memory: the other storage engine of the conformance suite.
import Platform
import Store
import Synchronization

final class MemoryStorage: StorageEngine {
    private let segments = Mutex<[String: [UInt8]]>([:])
    private let aside = Mutex<[String]>([])

    /// What was set aside.
    var setAsideNames: [String] { aside.withLock { $0 } }

    func names() throws(StoreError) -> [String] {
        segments.withLock { $0.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    }

    func read(_ name: String) throws(SegmentError) -> any MappedBytes {
        guard let bytes = segments.withLock({ $0[name] }) else {
            throw .cannot(action: "read", path: path(of: name), cause: .noSuchFile)
        }
        return Bytes(bytes)
    }

    func create(
        _ name: String,
        reserving byteCount: Int64
    ) throws(SegmentError) -> any SegmentSink {
        Sink(path: path(of: name)) { bytes in self.segments.withLock { $0[name] = bytes } }
    }

    func facts(of name: String) throws(StoreError) -> StoredSegment {
        guard let bytes = segments.withLock({ $0[name] }) else {
            throw .cannot(action: "stat", path: path(of: name), cause: .noSuchFile)
        }
        let count = Int64(bytes.count)
        return StoredSegment(byteCount: count, allocatedBytes: count, storedMs: 0)
    }

    func remove(_ names: [String]) throws(StoreError) {
        segments.withLock { segments in for name in names { segments[name] = nil } }
    }

    func setAside(_ name: String, reason: String) {
        segments.withLock { $0[name] = nil }
        aside.withLock { $0.append(name) }
    }

    func copy(_ names: [String], to directory: String) throws(StoreError) {
        throw .cannot(action: "copy", path: directory, cause: .notSupported)
    }

    func path(of name: String) -> String { "memory/\(name)" }

    private final class Bytes: MappedBytes {
        private let bytes: [UInt8]
        var count: Int { bytes.count }

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

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

    private final class Sink: SegmentSink {
        let path: String
        private let bytes = Mutex<[UInt8]>([])
        private let done: @Sendable ([UInt8]) -> Void

        init(path: String, done: @escaping @Sendable ([UInt8]) -> Void) {
            self.path = path
            self.done = done
        }

        func append(_ more: Span<UInt8>) throws(SegmentError) {
            let added = more.indices.map { more[$0] }
            bytes.withLock { $0 += added }
        }

        func publish(header: Span<UInt8>) throws(SegmentError) {
            let first = header.indices.map { header[$0] }
            done(bytes.withLock { first + $0[first.count...] })
        }

        func discard() {
            bytes.withLock { $0 = [] }
        }
    }
}
