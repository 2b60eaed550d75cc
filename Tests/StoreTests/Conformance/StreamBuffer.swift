// A write buffer as a stream in memory: entries under ascending ids that are sent first and
// confirmed later, trimmed by id. It outlives its stores, as another machine would.
import Platform
import Store
import Synchronization

final class StreamBuffer: WriteBuffer {
    private struct Entry {
        var number: SequenceNumber
        var bytes: [UInt8]
    }

    private struct Kept {
        var part: BufferPart
        var entries: [Entry] = []
        /// How many of them were confirmed.
        var confirmed = 0
        var isLost = false
    }

    private struct State {
        var kept: [Kept] = []
        var failsAppend = false
        var failsSync = false
        var aside: [String] = []
    }

    private let state = Mutex(State())

    // MARK: What befalls it

    /// What was not confirmed never arrived.
    func disconnect() {
        state.withLock { state in
            for place in state.kept.indices {
                let count = state.kept[place].confirmed
                state.kept[place].entries.removeSubrange(count...)
                state.kept[place].isLost = false
            }
        }
    }

    func failNextAppend() { state.withLock { $0.failsAppend = true } }
    func failNextSync() { state.withLock { $0.failsSync = true } }
    var setAside: [String] { state.withLock { $0.aside } }

    // MARK: WriteBuffer

    func parts() throws(StoreError) -> [BufferPart] { state.withLock { $0.kept.map(\.part) } }

    func begin(_ part: BufferPart) throws(StoreError) {
        state.withLock { state in
            state.kept.removeAll { $0.part.name == part.name }
            state.kept.append(Kept(part: part))
        }
    }

    func append(_ records: [UInt8], _ number: SequenceNumber) throws(BufferFailure) {
        let isTaken = state.withLock { state -> Bool in
            defer { state.failsAppend = false }
            let newest = state.kept[state.kept.count - 1]
            // XADD refuses an id that is equal or smaller.
            let last = newest.entries.last?.number ?? newest.part.after
            guard !state.failsAppend, last < number else { return false }
            state.kept[state.kept.count - 1].entries.append(Entry(number: number, bytes: records))
            return true
        }
        if !isTaken { throw BufferFailure(cause: .inputOutput, mayBeStored: false) }
    }

    func sync(against threat: BufferThreat) throws(BufferLoss) {
        let lost = state.withLock { state -> [BufferPart] in
            for place in state.kept.indices {
                let isConfirmed = state.kept[place].confirmed == state.kept[place].entries.count
                if state.failsSync, !isConfirmed {
                    state.kept[place].isLost = true
                    state.failsSync = false
                }
                if state.kept[place].isLost { continue }
                state.kept[place].confirmed = state.kept[place].entries.count
            }
            return state.kept.filter(\.isLost).map(\.part)
        }
        guard let first = lost.first else { return }
        throw BufferLoss(parts: lost, path: first.name, cause: .timedOut)
    }

    func read(_ part: BufferPart) throws(StoreError) -> any BufferSource {
        let kept = state.withLock { $0.kept.first { $0.part == part } }
        guard let kept else {
            throw .cannot(action: "read", path: part.name, cause: .noSuchFile)
        }
        return Source(buffer: self, part: part, held: kept.entries.flatMap(\.bytes))
    }

    func remove(_ parts: [BufferPart], settingAside reason: String?) throws(StoreError) {
        state.withLock { state in
            if let reason { state.aside += parts.map { "\($0.name): \(reason)" } }
            state.kept.removeAll { parts.contains($0.part) }
        }
    }

    private func bytes(of part: BufferPart) -> [UInt8]? {
        state.withLock { state in
            state.kept.first { $0.part == part }.map { $0.entries.flatMap(\.bytes) }
        }
    }

    private struct Source: BufferSource {
        let buffer: StreamBuffer
        let part: BufferPart
        let held: [UInt8]

        // Offsets of its own: nothing begins at the same place as in a file.
        var start: Int64 { 1_000 }
        var path: String { "stream:\(part.name)" }
        private var bytes: [UInt8] { buffer.bytes(of: part) ?? held }
        func end() throws(Errno) -> Int64 { start + Int64(bytes.count) }
        func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
            Array(bytes.dropFirst(Int(offset - start)).prefix(count))
        }
    }
}
