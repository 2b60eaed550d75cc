// One part of the buffer on its way back into the head.
import Codec
import Model
import Platform

/// Reads a part record by record.
final class PartReplay {
    /// What reading on brought.
    enum Found {
        case batch(BufferBatch)
        /// A batch that is there and was not decoded.
        case passed(SequenceNumber)
        /// A batch that cannot be read because what it builds on was damaged.
        case lost(SequenceNumber)
        /// A record that is no batch, or no record.
        case other
        case end
    }

    /// What is known of the part.
    var kept: KeptPart
    /// The newest number seen, whatever became of its batch.
    var newest: SequenceNumber
    /// Where its series are in the head, by their numbers in the part.
    ///
    /// They are pinned there: what the decoder knows of them is let go.
    private(set) var slots: [UInt32: Int] = [:]

    private let source: any BufferSource
    private let end: Int64
    private let decodes: Bool
    private var scanner: BufferScanner
    private var decoder: BufferDecoder
    // Of each stream's newest list.
    private var lists: [UInt32: (layout: Int, slots: [Int])] = [:]

    /// Begins to read; without `decodes`, batches are only told by their numbers.
    init(_ part: BufferPart, _ source: any BufferSource, decodes: Bool) throws(Errno) {
        self.source = source
        self.decodes = decodes
        end = try source.end()
        kept = KeptPart(part: part, last: part.after, bytes: end - source.start)
        newest = part.after
        scanner = BufferScanner(source)
        decoder = BufferDecoder(start: part.start)
    }

    /// Bytes that were read.
    var readBytes: Int64 { scanner.offset - source.start }

    /// Where reading stands, for messages.
    var place: (path: String, offset: Int64) { (source.path, scanner.offset) }

    /// Reads on; what is damaged is copied aside and counted.
    ///
    /// - Throws: `Errno` of read(2).
    func next(
        _ report: inout RecoveryReport,
        _ quarantine: Quarantine,
        _ log: Logger
    ) throws(Errno) -> Found {
        switch try scanner.next(limit: end) {
        case .record(let head, let payload):
            if !decodes {
                guard head.type == .batch else { return .other }
                return .passed(SequenceNumber(start: kept.part.start, count: head.number))
            }
            do throws(CodecError) {
                switch try decoder.decode(head, scanner.window.span.extracting(payload)) {
                case .definition: return .other
                case .lost(let number):
                    kept.hasHoles = true
                    return .lost(number)
                case .batch(let batch): return .batch(batch)
                }
            } catch {
                // Its checksum was right, so it was written like this: a bug, or a forged file.
                report.damagedStretches += 1
                kept.hasHoles = true
                let bytes = Array(scanner.window[payload])
                quarantine.keep(
                    bytes,
                    of: source.path,
                    at: scanner.offset - Int64(bytes.count),
                    reason: "\(error)"
                )
                return .other
            }
        case .damage(let range):
            report.damagedStretches += 1
            kept.hasHoles = true
            keep(range, quarantine)
            return .other
        case .end(let tail):
            if !tail.isEmpty {
                kept.hasHoles = true
                report.tornBytes += tail.upperBound - tail.lowerBound
                log.warn(
                    "the buffer's torn tail is left behind",
                    ("path", source.path),
                    ("offset", "\(tail.lowerBound)"),
                    ("bytes", "\(tail.upperBound - tail.lowerBound)")
                )
            }
            return .end
        }
    }

    /// The slot of each sample's series, -1 for one whose labels are lost: at once for a stream whose
    /// list is the one of its last batch.
    ///
    /// The part pins the series: they keep their slots until it is let go by `unpin`.
    func slots(of batch: BufferBatch, _ head: inout HeadState) -> [Int] {
        if batch.isWhole, let known = lists[batch.stream], known.layout == batch.layout {
            return known.slots
        }
        let found = batch.series.map { series -> Int in
            if let slot = slots[series] { return slot }
            guard let labels = decoder.takeLabels(of: series),
                let slot = head.pinnedSlot(for: labels, SeriesIdentity.id(of: labels))
            else { return -1 }
            slots[series] = slot
            return slot
        }
        // One that lacks labels is asked again: their parity may still come.
        if batch.isWhole, !found.contains(-1) { lists[batch.stream] = (batch.layout, found) }
        return found
    }

    /// Lets go of the series.
    func unpin(_ head: inout HeadState) {
        for slot in slots.values { head.unpin(slot) }
        slots = [:]
    }

    private func keep(_ range: Range<Int64>, _ quarantine: Quarantine) {
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

extension HeadState {
    /// The slot of a series that is there or made, however many there are, with one more pin.
    ///
    /// Nil when its id belongs to another series.
    mutating func pinnedSlot(for labels: Labels, _ id: SeriesID) -> Int? {
        let maxSeries = limits.maxSeries
        setMaxSeries(.max)
        defer { setMaxSeries(maxSeries) }
        guard case .handle(let handle) = handle(for: labels, id) else { return nil }
        series[record: handle.slot].pins += 1
        return handle.slot
    }

    /// Takes one pin away.
    mutating func unpin(_ slot: Int) {
        series[record: slot].pins -= 1
    }
}
