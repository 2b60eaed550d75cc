// Reads batches from a part of the buffer, also while it grows.
internal import Codec
internal import Model
internal import Platform

/// A reader that walks through one part of the buffer.
struct BufferFeed: Sendable {
    let part: BufferPart
    let table: BufferFeedTable
    private let source: any BufferSource
    private var scanner: BufferScanner
    private var decoder: BufferDecoder
    private var pending: [FeedBatch] = []
    /// Everything up to this number was given out or passed.
    private(set) var passed: SequenceNumber
    /// Whether batches were passed over because they cannot be read.
    private(set) var hasHoles = false

    init(_ info: KeptPart, _ source: any BufferSource) {
        part = info.part
        self.source = source
        table = BufferFeedTable()
        scanner = BufferScanner(source)
        decoder = BufferDecoder(start: info.part.start)
        passed = info.after
    }

    /// The batches after `number`: as many as hold `samples` samples, fewer at the part's end.
    ///
    /// - Parameters:
    ///   - number: what was passed already.
    ///   - samples: how many are wanted.
    ///   - limit: how many bytes of records count.
    /// - Returns: all that are there up to that many, whole batches.
    /// - Throws: `.cannot` when it cannot be read. Damage is passed over and shows in `hasHoles`.
    mutating func batches(
        after number: SequenceNumber,
        samples: Int,
        limit: Int64
    ) throws(StoreError) -> ArraySlice<FeedBatch> {
        let passedCount = pending.prefix { $0.number <= number }.count
        pending.removeFirst(passedCount)
        passed = max(passed, number)
        var held = pending.reduce(0) { $0 + $1.count }
        while held < samples {
            switch try nextFrame(limit) {
            case .record(let head, let payload):
                do throws(CodecError) {
                    let bytes = Array(scanner.window[payload])
                    switch try decoder.decode(head, bytes.span) {
                    case .definition: table.replace(decoder.series)
                    case .lost: hasHoles = true
                    // Ascending whatever the file says: else a reader would go back and round again.
                    case .batch(let batch) where batch.number > (pending.last?.number ?? number):
                        let batch = BufferFeed.feedBatch(batch, decoder)
                        pending.append(batch)
                        held += batch.count
                    case .batch: continue
                    }
                } catch {
                    hasHoles = true
                }
            case .damage: hasHoles = true
            case .end: return pending[...]
            }
        }
        return pending[...]
    }

    private mutating func nextFrame(_ limit: Int64) throws(StoreError) -> BufferFrameFound {
        do throws(Errno) {
            return try scanner.next(limit: source.start + limit)
        } catch {
            throw .cannot(action: "read", path: source.path, cause: error)
        }
    }

    private static func feedBatch(_ batch: BufferBatch, _ decoder: BufferDecoder) -> FeedBatch {
        let known = batch.values.indices.filter { decoder.labels(of: batch.series[$0]) != nil }
        let inOrder = batch.isLate.isEmpty ? known : known.filter { !batch.isLate[$0] }
        let late = batch.isLate.isEmpty ? [] : known.filter { batch.isLate[$0] }
        let order = inOrder + late
        return FeedBatch(
            number: batch.number,
            stream: batch.stream,
            series: order.map { SeriesHandle(raw: UInt64(batch.series[$0])) }[...],
            times: batch.times.isEmpty ? [] : order.map { batch.times[$0] }[...],
            timeMs: batch.timeMs,
            values: order.map { batch.values[$0] }[...],
            lateFrom: inOrder.count
        )
    }
}

/// The series of a part, by its own numbers.
final class BufferFeedTable: FeedSeriesTable {
    private let known = Lock<[UInt32: Labels]>([:])

    func labels(of series: UInt64) -> Labels {
        known.withLock { $0[UInt32(truncatingIfNeeded: series)] ?? Labels() }
    }

    func replace(_ series: [UInt32: Labels]) {
        known.withLock { $0 = series }
    }
}

/// The series of several parts: the upper half of a number says which one.
final class JoinedFeedTable: FeedSeriesTable {
    private let tables: [BufferFeedTable]

    init(_ tables: [BufferFeedTable]) {
        self.tables = tables
    }

    func labels(of series: UInt64) -> Labels {
        tables[Int(series >> 32)].labels(of: series & 0xffff_ffff)
    }
}

extension FeedBatch {
    /// The same batch with its series as numbers of table `table` of a `JoinedFeedTable`.
    func renumbered(table: Int) -> FeedBatch {
        FeedBatch(
            number: number,
            stream: stream,
            series: series.map { SeriesHandle(raw: UInt64(table) << 32 | $0.raw) }[...],
            times: times,
            timeMs: timeMs,
            values: values,
            lateFrom: lateFrom
        )
    }
}
