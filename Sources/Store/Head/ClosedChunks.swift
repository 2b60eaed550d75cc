// Chunks that were closed in memory and wait for their segment, in one pool for all series.

/// A chunk that was closed in memory and waits for its segment.
struct ClosedChunk: Sendable {
    /// Its bits, all of them final.
    var bits: ChunkBits
    /// Milliseconds of its first and last sample.
    var firstTime: Int64
    var lastTime: Int64
    /// The epoch that it belongs to.
    var epoch: UInt32
    /// Whether a stale marker is among its samples.
    var hasStaleMarkers: Bool
}

/// Closed chunks, linked from the oldest to the newest of a series.
struct ClosedChunks {
    /// The number of no chunk.
    static let none = UInt32.max

    private struct Entry {
        var chunk: ClosedChunk
        var next: UInt32
    }

    private var entries: [Entry] = []
    private var free = none
    /// Chunks in the pool.
    private(set) var count = 0

    /// Bytes of the pool.
    var byteCount: Int { entries.capacity * MemoryLayout<Entry>.stride }

    subscript(number: UInt32) -> ClosedChunk { entries[Int(number)].chunk }

    /// The next chunk of the same series.
    func next(_ number: UInt32) -> UInt32 { entries[Int(number)].next }

    /// Adds the newest chunk of a series.
    mutating func append(_ chunk: ClosedChunk, _ record: inout SeriesRecord) {
        count += 1
        let number: UInt32
        if free != ClosedChunks.none {
            number = free
            free = entries[Int(number)].next
            entries[Int(number)] = Entry(chunk: chunk, next: ClosedChunks.none)
        } else {
            number = UInt32(entries.count)
            if entries.count == entries.capacity {
                entries.reserveCapacity(entries.count + max(16, entries.count / 4))
            }
            entries.append(Entry(chunk: chunk, next: ClosedChunks.none))
        }
        if record.lastClosed == ClosedChunks.none {
            record.firstClosed = number
        } else {
            entries[Int(record.lastClosed)].next = number
        }
        record.lastClosed = number
    }

    /// Takes out the oldest chunk of a series, which must have one.
    mutating func removeFirst(_ record: inout SeriesRecord) -> ClosedChunk {
        let number = record.firstClosed
        let entry = entries[Int(number)]
        record.firstClosed = entry.next
        if entry.next == ClosedChunks.none { record.lastClosed = ClosedChunks.none }
        entries[Int(number)].next = free
        free = number
        count -= 1
        if count == 0 {
            entries = []
            free = ClosedChunks.none
        }
        return entry.chunk
    }

    /// Calls `body` with each chunk of a series, the oldest first.
    func forEach(_ record: SeriesRecord, _ body: (ClosedChunk) -> Void) {
        var number = record.firstClosed
        while number != ClosedChunks.none {
            body(entries[Int(number)].chunk)
            number = entries[Int(number)].next
        }
    }
}
