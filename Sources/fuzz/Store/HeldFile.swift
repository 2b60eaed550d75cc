// The files of HeldFileSystem.
import Platform
import Synchronization

/// The bytes of a file, whatever names and handles it has.
final class HeldContent: Sendable {
    private let held: Mutex<[UInt8]>

    init(_ bytes: [UInt8]) {
        held = Mutex(bytes)
    }

    var bytes: [UInt8] { held.withLock { $0 } }

    func edit(_ body: (inout [UInt8]) -> Void) {
        held.withLock { body(&$0) }
    }
}

/// An open file in memory.
final class HeldFile: OpenFile {
    let path: String
    private let content: HeldContent

    init(_ path: String, _ content: HeldContent) {
        self.path = path
        self.content = content
    }

    func size() throws(Errno) -> Int64 { Int64(content.bytes.count) }

    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        let bytes = content.bytes
        guard offset >= 0, offset < Int64(bytes.count) else { return 0 }
        let end = min(Int(offset) + min(count, target.freeCapacity), bytes.count)
        for index in Int(offset)..<end { target.append(bytes[index]) }
        return end - Int(offset)
    }

    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        let more = [UInt8](copying: bytes)
        content.edit { held in
            let end = Int(offset) + more.count
            if held.count < end {
                held.append(contentsOf: repeatElement(0, count: end - held.count))
            }
            held.replaceSubrange(Int(offset)..<end, with: more)
        }
    }

    // Nobody but the writer appends, so the end is where its last append ended.
    func append(_ bytes: Span<UInt8>) throws(Errno) {
        let more = [UInt8](copying: bytes)
        content.edit { $0.append(contentsOf: more) }
    }

    func truncate(to size: Int64) throws(Errno) {
        content.edit { held in
            if held.count > Int(size) {
                held.removeLast(held.count - Int(size))
            } else {
                held.append(contentsOf: repeatElement(0, count: Int(size) - held.count))
            }
        }
    }

    func allocate(offset: Int64, length: Int64) throws(Errno) {}
    func sync() throws(Errno) {}
    func syncData() throws(Errno) {}
    func close() throws(Errno) {}
}

/// Bytes in memory where a mapping is asked for.
final class HeldBytes: MappedBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    func withBytes<Result, Failure: Error>(
        in range: Range<Int>,
        failing: (Errno) -> Failure,
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let part = Array(bytes[range])
        return try body(part.span)
    }

    func advise(_ advice: ReadAdvice, in range: Range<Int>) {}
}
