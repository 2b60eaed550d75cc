// The streams of batches that are open: whose they are, and which series they brought last.
import Model

/// Streams by handle.
struct StreamTable {
    private struct Stream {
        let source: SourceName
        var layout: [SeriesHandle] = []
    }

    private var streams: [UInt32: Stream] = [:]
    private var next: UInt32 = 1

    /// Starts a stream.
    mutating func open(_ source: SourceName) -> StreamHandle {
        defer { next += 1 }
        streams[next] = Stream(source: source)
        return StreamHandle(raw: next)
    }

    /// Ends a stream; gives back the series that it pinned.
    mutating func close(_ stream: StreamHandle) -> [SeriesHandle] {
        streams.removeValue(forKey: stream.raw)?.layout ?? []
    }

    /// The ledger's source; nil for a stream that is not open.
    func source(of stream: StreamHandle) -> SourceName? { streams[stream.raw]?.source }

    /// Notes a stream's newest list of series; gives back the old one, nil when it is the same.
    mutating func exchange(_ stream: StreamHandle, _ layout: [SeriesHandle]) -> [SeriesHandle]? {
        guard let old = streams[stream.raw]?.layout, old != layout else { return nil }
        streams[stream.raw]?.layout = layout
        return old
    }
}
