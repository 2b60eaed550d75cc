// The streams of batches that are open: whose they are, and which series they brought last.
import Model

/// Streams by handle.
struct StreamTable {
    private struct Stream {
        // A number of `sources`.
        let source: Int
        var layout: [SeriesHandle] = []
    }

    // Lists of at most so many series are copied.
    private static let copyLimit = 32

    private var streams: [Stream] = []
    private var places: [UInt32: Int] = [:]
    private var free: [Int] = []
    private var next: UInt32 = 1
    // Sources are few, and as many as the ledger has rows.
    private var numbers: [String: Int] = [:]
    private var sources: [SourceName] = []
    // Batches of one stream often follow each other.
    private var lastAsked: (raw: UInt32, place: Int) = (0, -1)

    /// Starts a stream.
    mutating func open(_ source: SourceName) -> StreamHandle {
        defer { next += 1 }
        let number = numbers[source.text] ?? sources.count
        if number == sources.count {
            numbers[source.text] = number
            sources.append(source)
        }
        if let place = free.popLast() {
            streams[place] = Stream(source: number)
            places[next] = place
        } else {
            places[next] = streams.count
            streams.append(Stream(source: number))
        }
        return StreamHandle(raw: next)
    }

    /// Ends a stream; gives back the series that it pinned.
    mutating func close(_ stream: StreamHandle) -> [SeriesHandle] {
        guard let place = places.removeValue(forKey: stream.raw) else { return [] }
        lastAsked = (0, -1)
        free.append(place)
        let layout = streams[place].layout
        streams[place].layout = []
        return layout
    }

    /// The number of the ledger's source, from 0; nil for a stream that is not open.
    mutating func source(of stream: StreamHandle) -> Int? {
        place(of: stream).map { streams[$0].source }
    }

    /// The source of this number.
    func name(ofSource number: Int) -> SourceName { sources[number] }

    /// The list of series that the stream at `place` brought last.
    subscript(layoutAt place: Int) -> [SeriesHandle] {
        @inline(__always) _read { yield streams[place].layout }
    }

    /// Notes the newest list of the stream at `place`.
    mutating func setLayout(at place: Int, _ layout: [SeriesHandle]) {
        if layout.count > StreamTable.copyLimit {
            streams[place].layout = layout
        } else {
            // The same memory again for each: to count references to another's takes longer.
            streams[place].layout.removeAll(keepingCapacity: true)
            for index in layout.indices { streams[place].layout.append(layout[index]) }
        }
    }

    /// Where an open stream lies; nil for one that is not open.
    @inline(__always)
    mutating func place(of stream: StreamHandle) -> Int? {
        if lastAsked.place >= 0, lastAsked.raw == stream.raw { return lastAsked.place }
        guard let place = places[stream.raw] else { return nil }
        lastAsked = (stream.raw, place)
        return place
    }
}
