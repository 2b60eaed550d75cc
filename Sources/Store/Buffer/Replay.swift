// Puts the batches of the buffer that are in no segment back into the head.
import Codec
import Model
import Platform

/// Replays the parts of the buffer in sequence.
struct Replay: ~Copyable {
    var head: HeadState
    private(set) var report: RecoveryReport
    /// The newest number seen.
    private(set) var lastNumber = SequenceNumber.zero
    /// Counts of footers and replayed batches together.
    private(set) var ledger = Ledger()
    /// Counts of the replayed batches alone: the open epoch's.
    private(set) var replayedLedger = Ledger()

    /// Epochs that were closed on the way, because their batches fill a gap between valid segments:
    /// what a quarantined segment held and the buffer still has.
    private(set) var closing: [ClosingEpoch] = []

    // In order.
    private let sealed: [SequenceRange]
    private var gap: SequenceRange

    init(head: consuming HeadState, sealed: [SequenceRange], report: RecoveryReport) {
        self.head = head
        self.sealed = sealed.sorted { $0.after < $1.after }
        gap = SequenceRange(after: .zero, through: .zero)
        self.report = report
    }

    /// Gives the head away.
    consuming func takeHead() -> HeadState { head }

    /// Adds the counts that a segment's footer carries.
    mutating func addFooter(_ segment: SegmentReader, _ log: Logger) {
        do throws(CodecError) {
            ledger.add(try Ledger(segment.ledgerBytes))
        } catch {
            log.error(
                "a segment's ledger cannot be read",
                ("path", segment.path),
                ("cause", "\(error)")
            )
        }
    }

    /// Replays one part.
    ///
    /// - Throws: `.cannot` when it cannot be read.
    mutating func run(
        _ part: BufferPart,
        _ source: any BufferSource,
        _ quarantine: Quarantine,
        _ log: Logger
    ) throws(StoreError) -> KeptPart {
        var info = KeptPart(part: part, last: part.after, bytes: 0)
        var scanner = BufferScanner(source)
        var decoder = BufferDecoder(start: part.start)
        var lists = SeriesLists()
        let end: Int64
        do throws(Errno) {
            end = try source.end()
        } catch {
            throw .cannot(action: "read", path: source.path, cause: error)
        }
        info.bytes = end - source.start
        while true {
            let found: BufferFrameFound
            do throws(Errno) {
                found = try scanner.next(limit: end)
            } catch .inputOutput {
                // What came before is replayed; the file stays, the next start tries again.
                report.damagedStretches += 1
                info.hasHoles = true
                log.error(
                    "the disk does not give the rest of a part of the buffer",
                    ("path", source.path),
                    ("offset", "\(scanner.offset)"),
                    ("next", "check the disk with `dmesg`")
                )
                return info
            } catch {
                throw .cannot(action: "read", path: source.path, cause: error)
            }
            switch found {
            case .record(let head, let payload):
                do throws(CodecError) {
                    let span = scanner.window.span.extracting(payload)
                    switch try decoder.decode(head, span) {
                    case .definition: continue
                    case .lost(let number):
                        info.hasHoles = true
                        lastNumber = max(lastNumber, number)
                        info.last = max(info.last, number)
                        if !isSealed(number) { report.lostBatches += 1 }
                    case .batch(let batch):
                        info.last = max(info.last, batch.number)
                        apply(batch, decoder, &lists)
                    }
                } catch {
                    // Its checksum was right, so it was written like this: a bug, or forged bytes.
                    report.damagedStretches += 1
                    info.hasHoles = true
                    let bytes = Array(scanner.window[payload])
                    quarantine.keep(
                        bytes,
                        of: source.path,
                        at: scanner.offset - Int64(bytes.count),
                        reason: "\(error)"
                    )
                }
            case .damage(let range):
                report.damagedStretches += 1
                info.hasHoles = true
                keep(range, of: source, quarantine)
            case .end(let tail):
                if !tail.isEmpty {
                    info.hasHoles = true
                    report.tornBytes += tail.upperBound - tail.lowerBound
                    log.warn(
                        "the buffer's torn tail is left behind",
                        ("path", source.path),
                        ("offset", "\(tail.lowerBound)"),
                        ("bytes", "\(tail.upperBound - tail.lowerBound)")
                    )
                }
                return info
            }
        }
    }

    private func isSealed(_ number: SequenceNumber) -> Bool {
        guard let last = sealed.last, number <= last.through else { return false }
        return sealed.contains { $0.contains(number) }
    }

    // The gap between valid segments that `number` lies in; the last one is open.
    private func gap(of number: SequenceNumber) -> SequenceRange {
        let before = sealed.last { $0.through < number }?.through ?? .zero
        let after = sealed.first { number <= $0.after }?.after
        return SequenceRange(after: before, through: after ?? SequenceNumber(raw: .max))
    }

    private mutating func enterGap(of number: SequenceNumber) {
        if gap.contains(number) { return }
        if gap.after < gap.through, replayedLedger != Ledger() {
            closing.append(
                ClosingEpoch(epoch: head.openEpoch, range: gap, ledger: replayedLedger)
            )
            head.openEpoch += 1
            replayedLedger = Ledger()
        }
        gap = gap(of: number)
    }

    /// Ends the last gap before the open epoch, when all that was replayed lies before it.
    mutating func finish() {
        if gap.through != SequenceNumber(raw: .max) {
            enterGap(of: SequenceNumber(raw: .max))
        }
    }

    private mutating func apply(
        _ batch: BufferBatch,
        _ decoder: BufferDecoder,
        _ lists: inout SeriesLists
    ) {
        lastNumber = max(lastNumber, batch.number)
        guard !isSealed(batch.number) else {
            report.sealedBatches += 1
            return
        }
        enterGap(of: batch.number)
        resolve(batch, decoder, &lists)
        var lost = 0
        for index in batch.values.indices {
            let slot = lists.slots[index]
            let time = batch.timeMs(index)
            let isLate = !batch.isLate.isEmpty && batch.isLate[index]
            let bits = batch.values[index].bitPattern
            if slot < 0 || !head.replay(slot, isLate: isLate, time: time, value: bits) {
                lost += 1
            }
        }
        report.replayedBatches += 1
        report.replayedSamples += batch.values.count - lost
        report.lostSamples += lost
        let stored = batch.values.count - lost
        let generated = min(batch.generated, stored)
        ledger.count(batch.source, stored: stored, generated: generated, drops: batch.drops)
        replayedLedger.count(batch.source, stored: stored, generated: generated, drops: batch.drops)
    }

    // Finds the slot of each sample's series: at once for a stream whose list was resolved last.
    private mutating func resolve(
        _ batch: BufferBatch,
        _ decoder: BufferDecoder,
        _ lists: inout SeriesLists
    ) {
        if batch.isWhole, let known = lists.byLayout[batch.stream], known.layout == batch.layout {
            lists.slots = known.slots
            return
        }
        let slots = batch.series.map { series -> Int in
            if let slot = lists.bySeries[series] { return slot }
            guard let labels = decoder.labels(of: series),
                case .handle(let handle) = head.handle(
                    for: labels,
                    SeriesIdentity.id(of: labels)
                )
            else { return -1 }
            lists.bySeries[series] = handle.slot
            return handle.slot
        }
        lists.slots = slots
        // One that lacks labels is asked again: their parity may still come.
        if batch.isWhole, !slots.contains(-1) {
            lists.byLayout[batch.stream] = (batch.layout, slots)
        }
    }

    private func keep(
        _ range: Range<Int64>,
        of source: any BufferSource,
        _ quarantine: Quarantine
    ) {
        let limit: Int64 = 16 << 20
        do throws(Errno) {
            let bytes = try source.read(
                Int(min(range.upperBound - range.lowerBound, limit)),
                at: range.lowerBound
            )
            quarantine.keep(
                bytes,
                of: source.path,
                at: range.lowerBound,
                reason: "no record in these bytes"
            )
        } catch {
            quarantine.keep(
                [],
                of: source.path,
                at: range.lowerBound,
                reason: "damaged, and unreadable: \(error)"
            )
        }
    }
}

/// Where the series of a part are in the head.
private struct SeriesLists {
    /// By the part's number.
    var bySeries: [UInt32: Int] = [:]
    /// A stream's whole list.
    var byLayout: [UInt32: (layout: Int, slots: [Int])] = [:]
    /// Of the batch at hand: one a sample, -1 for a series whose labels are lost.
    var slots: [Int] = []
}
