// Collect's way into the store.
import Collect
import Model
import Store

/// Takes what is scraped and collected.
final class StoreSink: SampleSink, Sendable {
    private let database: Database
    private let writer: StoreWriter
    private let metadata: MetadataBook

    init(_ database: Database, _ writer: StoreWriter, _ metadata: MetadataBook) {
        self.database = database
        self.writer = writer
        self.metadata = metadata
    }

    func openStream(_ source: SourceName) -> StreamHandle { database.openStream(source) }

    func closeStream(_ stream: StreamHandle) { database.closeStream(stream) }

    func admit(_ series: [Labels]) -> [SeriesAdmission] {
        database.handles(for: series).map { result in
            switch result {
            case .success(let handle): .admitted(handle)
            case .failure(let refusal): .refused(refusal.reason)
            }
        }
    }

    func append(_ batch: consuming SampleBatch) async -> AppendOutcome {
        await writer.append(batch)
    }

    func noteMetadata(job: String, family: String, _ note: MetadataNote) {
        metadata.note(family, note)
    }
}
