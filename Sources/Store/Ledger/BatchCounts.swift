// How many samples the batches of one epoch have, by number: what of it waits is counted with this.
// Store.docc/ledger.md
import Codec

/// The counts of following batches, two bytes for most.
struct BatchCounts {
    // A place to begin reading at.
    private struct Mark {
        /// The last number before it.
        let number: UInt64
        /// The samples before it.
        let total: Int
        /// Where the next batch's bytes begin.
        let offset: Int
    }

    private static let batchesOfMark = 128

    // A batch is varint(2 x count), or varint(2 x count + 1) and varint(step) where its number is not
    // the next one.
    private var bytes: [UInt8] = []
    private var marks: [Mark] = []
    private var sinceMark = BatchCounts.batchesOfMark
    private var last: UInt64 = 0
    /// The samples of all batches.
    private(set) var total = 0

    /// Adds the next batch; numbers ascend.
    mutating func append(_ number: SequenceNumber, _ count: Int) {
        guard count > 0, number.raw > last else { return }
        if sinceMark == BatchCounts.batchesOfMark {
            marks.append(Mark(number: last, total: total, offset: bytes.count))
            sinceMark = 0
        }
        sinceMark += 1
        let step = number.raw - last
        Varint.append(UInt64(count) << 1 | (step == 1 ? 0 : 1), to: &bytes)
        if step != 1 { Varint.append(step, to: &bytes) }
        last = number.raw
        total += count
    }

    /// The samples of all batches up to and including `number`.
    func count(through number: SequenceNumber) -> Int {
        if number.raw >= last { return total }
        var low = 0
        var high = marks.count
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].number < number.raw { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        let mark = marks[low - 1]
        var cursor = ByteCursor(at: mark.offset)
        var at = mark.number
        var count = mark.total
        let span = bytes.span
        do throws(CodecError) {
            while cursor.offset < bytes.count {
                let word = try cursor.varint(span)
                at += word & 1 == 0 ? 1 : try cursor.varint(span)
                if at > number.raw { break }
                count += Int(word >> 1)
            }
        } catch {
            preconditionFailure("BUG: counts in memory do not decode: \(error)")
        }
        return count
    }
}
