// The series that have one label pair, in the shortest of four forms. Layout: Store.docc/segment-file.md
import Codec

/// Reads and writes posting lists.
enum PostingList {
    /// How a list is coded: the low bits of its first varint.
    private enum Form: UInt64 {
        /// One series: its number is the rest of the varint.
        case single = 0
        /// The first number, then distances.
        case distances = 1
        /// Distances to and lengths of runs of neighbours.
        case runs = 2
        /// One bit a series.
        case bits = 3
    }

    /// Adds the series of the list at the cursor to `set`, steps past it, says how many they are.
    @discardableResult
    static func read(
        _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor,
        into set: inout SeriesSet
    ) throws(CodecError) -> Int {
        let first = try cursor.varint(bytes)
        let rest = first >> 2
        let form = Form(rawValue: first & 3) ?? .bits
        if form == .single {
            guard rest < UInt64(set.universe) else {
                throw .malformed(
                    atByte: cursor.offset,
                    what: "series \(rest) of \(set.universe)"
                )
            }
            set.insert(Int(rest))
            return 1
        }
        let list = bytes.extracting(try cursor.take(bytes, Int(clamping: rest)))
        switch form {
        case .bits: return try readBits(list, into: &set)
        case .runs: return try readRuns(list, into: &set)
        default: return try readDistances(list, into: &set)
        }
    }

    /// Steps past the list at the cursor.
    static func skip(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) {
        let first = try cursor.varint(bytes)
        if first & 3 != Form.single.rawValue {
            _ = try cursor.take(bytes, Int(clamping: first >> 2))
        }
    }

    private static func readDistances(
        _ list: Span<UInt8>,
        into set: inout SeriesSet
    ) throws(CodecError) -> Int {
        var cursor = ByteCursor()
        var next: UInt64 = 0
        var count = 0
        while cursor.offset < list.count {
            let step = try cursor.varint(list)
            let (sum, overflow) = next.addingReportingOverflow(step)
            guard !overflow, sum < UInt64(set.universe), count == 0 || step > 0 else {
                throw .malformed(
                    atByte: cursor.offset,
                    what: "series \(next) + \(step) of \(set.universe)"
                )
            }
            next = sum
            set.insert(Int(sum))
            count += 1
        }
        return count
    }

    private static func readRuns(
        _ list: Span<UInt8>,
        into set: inout SeriesSet
    ) throws(CodecError) -> Int {
        var cursor = ByteCursor()
        var end: UInt64 = 0
        var count = 0
        while cursor.offset < list.count {
            let (start, tooFar) = end.addingReportingOverflow(try cursor.varint(list))
            let (last, tooLong) = start.addingReportingOverflow(try cursor.varint(list))
            guard !tooFar, !tooLong, last < UInt64(set.universe) else {
                throw .malformed(
                    atByte: cursor.offset,
                    what: "series \(start) to \(last) of \(set.universe)"
                )
            }
            set.insert(Int(start)...Int(last))
            count += Int(last - start) + 1
            end = last + 1
        }
        return count
    }

    private static func readBits(
        _ list: Span<UInt8>,
        into set: inout SeriesSet
    ) throws(CodecError) -> Int {
        guard list.count <= (set.universe + 7) / 8 else {
            throw .malformed(atByte: 0, what: "\(list.count) bytes of bits for \(set.universe)")
        }
        if set.universe % 8 != 0, list.count == (set.universe + 7) / 8,
            list[list.count - 1] >> UInt8(set.universe % 8) != 0
        {
            throw .malformed(atByte: list.count, what: "a bit beyond series \(set.universe - 1)")
        }
        return set.insert(bits: list)
    }

    /// Appends the list of `series`, ascending and at least one, out of `universe`.
    static func write(_ series: ArraySlice<UInt32>, of universe: Int, to sink: inout ByteSink) {
        guard let first = series.first, let last = series.last, series.count > 1 else {
            sink.varint(UInt64(series.first ?? 0) << 2 | Form.single.rawValue)
            return
        }
        // Runs first: they say how many there are.
        var runBytes = 0
        var distanceBytes = Varint.length(of: UInt64(first))
        var end: UInt32 = 0
        var start = first
        var before = first
        for number in series.dropFirst() {
            let step = number - before
            distanceBytes += step < 128 ? 1 : Varint.length(of: UInt64(step))
            if step != 1 {
                runBytes += Varint.length(of: UInt64(start - end))
                runBytes += Varint.length(of: UInt64(before - start))
                end = before + 1
                start = number
            }
            before = number
        }
        runBytes += Varint.length(of: UInt64(start - end)) + Varint.length(of: UInt64(last - start))
        let bitBytes = Int(last) / 8 + 1
        let least = min(runBytes, distanceBytes, bitBytes)
        if least == distanceBytes {
            sink.varint(UInt64(least) << 2 | Form.distances.rawValue)
            var before: UInt32 = 0
            for number in series {
                sink.varint(UInt64(number - before))
                before = number
            }
        } else if least == runBytes {
            sink.varint(UInt64(least) << 2 | Form.runs.rawValue)
            writeRuns(series, to: &sink)
        } else {
            sink.varint(UInt64(least) << 2 | Form.bits.rawValue)
            var bits = [UInt8](repeating: 0, count: bitBytes)
            for number in series { bits[Int(number) / 8] |= 1 << UInt8(number % 8) }
            sink.raw(bits)
        }
    }

    private static func writeRuns(_ series: ArraySlice<UInt32>, to sink: inout ByteSink) {
        var end: UInt32 = 0
        var start = series.first ?? 0
        var before = start
        for number in series.dropFirst() {
            if number != before + 1 {
                sink.varint(UInt64(start - end))
                sink.varint(UInt64(before - start))
                end = before + 1
                start = number
            }
            before = number
        }
        sink.varint(UInt64(start - end))
        sink.varint(UInt64(before - start))
    }
}
