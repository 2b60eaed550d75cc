// Puts the batches of buffer files that are in no segment back into the head.
import Codec
import Model
import Platform

/// Replays buffer files in sequence.
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

    /// Replays one file.
    ///
    /// - Throws: `.cannot` when the disk does not give the file's bytes.
    mutating func run(
        _ file: BufferDirectory.File,
        _ quarantine: Quarantine,
        _ log: Logger
    ) throws(StoreError) -> BufferFileInfo {
        var info = BufferFileInfo(
            path: file.path,
            after: file.header.after,
            last: file.header.after,
            start: file.header.start,
            bytes: file.size
        )
        var scanner = BufferScanner(file.file)
        var decoder = BufferDecoder(start: file.header.start)
        var slots: [UInt32: Int] = [:]
        while true {
            let found: BufferFrameFound
            do throws(Errno) {
                found = try scanner.next(limit: file.size)
            } catch .inputOutput {
                // What came before is replayed; the file stays, the next start tries again.
                report.damagedStretches += 1
                info.hasHoles = true
                log.error(
                    "the disk does not give the rest of a buffer file",
                    ("path", file.path),
                    ("offset", "\(scanner.offset)"),
                    ("next", "check the disk with `dmesg`")
                )
                return info
            } catch {
                throw .cannot(action: "read", path: file.path, cause: error)
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
                        apply(batch, decoder, &slots)
                    }
                } catch {
                    // Its checksum was right, so it was written like this: a bug, or a forged file.
                    report.damagedStretches += 1
                    info.hasHoles = true
                    let bytes = Array(scanner.window[payload])
                    quarantine.keep(
                        bytes,
                        of: file.path,
                        at: scanner.offset - Int64(bytes.count),
                        reason: "\(error)"
                    )
                }
            case .damage(let range):
                report.damagedStretches += 1
                info.hasHoles = true
                keep(range, of: file, quarantine)
            case .end(let tail):
                if !tail.isEmpty {
                    info.hasHoles = true
                    report.tornBytes += tail.upperBound - tail.lowerBound
                    log.warn(
                        "the buffer's torn tail is left behind",
                        ("path", file.path),
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
        _ slots: inout [UInt32: Int]
    ) {
        lastNumber = max(lastNumber, batch.number)
        guard !isSealed(batch.number) else {
            report.sealedBatches += 1
            return
        }
        enterGap(of: batch.number)
        var lost = 0
        for index in batch.values.indices {
            guard let slot = slot(of: batch.series[index], decoder, &slots) else {
                lost += 1
                continue
            }
            let time = batch.timeMs(index)
            let value = batch.values[index]
            let isLate = !batch.isLate.isEmpty && batch.isLate[index]
            if !head.replay(slot, isLate: isLate, time: time, value: value.bitPattern) { lost += 1 }
        }
        report.replayedBatches += 1
        report.replayedSamples += batch.values.count - lost
        report.lostSamples += lost
        let stored = batch.values.count - lost
        let generated = min(batch.generated, stored)
        ledger.count(batch.source, stored: stored, generated: generated, drops: batch.drops)
        replayedLedger.count(batch.source, stored: stored, generated: generated, drops: batch.drops)
    }

    private mutating func slot(
        of series: UInt32,
        _ decoder: BufferDecoder,
        _ slots: inout [UInt32: Int]
    ) -> Int? {
        if let slot = slots[series] { return slot }
        guard let labels = decoder.labels(of: series) else { return nil }
        guard case .handle(let handle) = head.handle(for: labels, SeriesIdentity.id(of: labels))
        else {
            return nil
        }
        slots[series] = handle.slot
        return handle.slot
    }

    private func keep(
        _ range: Range<Int64>,
        of file: BufferDirectory.File,
        _ quarantine: Quarantine
    ) {
        let limit: Int64 = 16 << 20
        do throws(Errno) {
            let bytes = try file.file.read(
                Int(min(range.upperBound - range.lowerBound, limit)),
                at: range.lowerBound
            )
            quarantine.keep(
                bytes,
                of: file.path,
                at: range.lowerBound,
                reason: "no record in these bytes"
            )
        } catch {
            quarantine.keep(
                [],
                of: file.path,
                at: range.lowerBound,
                reason: "damaged, and unreadable: \(error)"
            )
        }
    }
}
