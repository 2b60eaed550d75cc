// The streams of batches that are open: whose they are, and which series they brought last.
import Model

/// A ledger's source with its number, from 0.
struct CountedSource {
    let name: SourceName
    let number: Int
}

/// Streams by handle.
struct StreamTable {
    private struct Stream {
        let source: CountedSource
        var layout: [SeriesHandle] = []
    }

    private var streams: [Stream] = []
    private var places: [UInt32: Int] = [:]
    private var free: [Int] = []
    private var next: UInt32 = 1
    // Sources are few, and as many as the ledger has rows.
    private var numbers: [String: Int] = [:]
    // Batches of one stream often follow each other.
    private var lastAsked: (raw: UInt32, place: Int) = (0, -1)

    /// Starts a stream.
    mutating func open(_ source: SourceName) -> StreamHandle {
        defer { next += 1 }
        let number = numbers[source.text] ?? numbers.count
        numbers[source.text] = number
        let source = CountedSource(name: source, number: number)
        if let place = free.popLast() {
            streams[place] = Stream(source: source)
            places[next] = place
        } else {
            places[next] = streams.count
            streams.append(Stream(source: source))
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

    /// The ledger's source; nil for a stream that is not open.
    mutating func source(of stream: StreamHandle) -> CountedSource? {
        place(of: stream).map { streams[$0].source }
    }

    /// Notes a stream's newest list of series; gives back the old one, nil when it is the same.
    mutating func exchange(_ stream: StreamHandle, _ layout: [SeriesHandle]) -> [SeriesHandle]? {
        guard let place = place(of: stream), streams[place].layout != layout else { return nil }
        var old = layout
        swap(&old, &streams[place].layout)
        return old
    }

    private mutating func place(of stream: StreamHandle) -> Int? {
        if lastAsked.place >= 0, lastAsked.raw == stream.raw { return lastAsked.place }
        guard let place = places[stream.raw] else { return nil }
        lastAsked = (stream.raw, place)
        return place
    }
}
