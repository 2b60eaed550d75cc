// Series as a buffer states them: numbered, front-coded, in records with a parity behind them.
import Codec
import Model

/// Collects definitions of series and makes records of them.
struct DefinitionEncoder {
    /// A record of series that no parity covers yet.
    private struct Member {
        var first: UInt32
        var flags: UInt8
        var payload: [UInt8]
    }

    /// The next number.
    private(set) var count: UInt32 = 0
    // What the buffer holds for certain: numbers from here on may be given anew.
    private var written: UInt32 = 0
    private var pending: [Member] = []
    private var members: [Member] = []
    private var plain: [UInt8] = []
    private var firstDefined: UInt32 = 0
    private var last: [UInt8] = []
    private var labelBytes = 0

    /// Numbers a series.
    mutating func define(_ labels: Labels) -> UInt32 {
        if plain.count >= BufferFormat.definitionBytes || labelBytes >= BufferFormat.labelBytes {
            close()
        }
        if plain.isEmpty {
            firstDefined = count
            labelBytes = 0
            last = []
        }
        let bytes = Array(labels.bytes)
        var shared = 0
        while shared < min(last.count, bytes.count), last[shared] == bytes[shared] { shared += 1 }
        Varint.append(UInt64(shared), to: &plain)
        Varint.append(UInt64(bytes.count - shared), to: &plain)
        plain.append(contentsOf: bytes[shared...])
        last = bytes
        labelBytes += bytes.count
        defer { count += 1 }
        return count
    }

    /// Appends the records of what was defined since the last call, which go with batch `number`.
    mutating func finish(_ number: UInt32, _ bytes: inout [UInt8]) {
        close()
        guard !pending.isEmpty else { return }
        for member in pending {
            let frame = BufferFrame.begin(.series, flags: member.flags, number, &bytes)
            bytes.append(contentsOf: member.payload)
            BufferFrame.end(frame, &bytes)
            members.append(member)
            if members.count == BufferFormat.parityGroup { appendParity(number, &bytes) }
        }
        pending.removeAll()
        if members.reduce(0, { $0 + $1.payload.count }) >= BufferFormat.parityBytes {
            appendParity(number, &bytes)
        }
    }

    /// Everything that was finished is in the buffer.
    mutating func commit() { written = count }

    /// What was finished since `commit` is not in the buffer.
    mutating func startOver() {
        count = written
        pending.removeAll()
        members.removeAll()
        plain.removeAll()
    }

    private mutating func close() {
        guard !plain.isEmpty else { return }
        var flags: UInt8 = 0
        var payload: [UInt8] = []
        Varint.append(UInt64(firstDefined), to: &payload)
        Varint.append(UInt64(count - firstDefined), to: &payload)
        if plain.count >= BufferFormat.compressFromBytes {
            let smaller = SnappyBlock.compress(plain.span)
            if smaller.count < plain.count {
                plain = smaller
                flags = BufferFormat.Flags.compressed
            }
        }
        payload.append(contentsOf: plain)
        pending.append(Member(first: firstDefined, flags: flags, payload: payload))
        plain.removeAll(keepingCapacity: true)
    }

    // Two parities, over every other record each: damage at the border of two records hits one of each.
    private mutating func appendParity(_ number: UInt32, _ bytes: inout [UInt8]) {
        let halves =
            members.count < 2
            ? [members]
            : [0, 1].map { half in
                members.indices.filter { $0 & 1 == half }.map { members[$0] }
            }
        for (place, half) in halves.enumerated() {
            let isLast = place == halves.count - 1
            let frame = BufferFrame.begin(
                .parity,
                flags: isLast ? BufferFormat.Flags.lastParity : 0,
                number,
                &bytes
            )
            Varint.append(UInt64(half.count), to: &bytes)
            var sum = [UInt8](repeating: 0, count: half.map(\.payload.count).max() ?? 0)
            for member in half {
                Varint.append(UInt64(member.first), to: &bytes)
                bytes.append(member.flags)
                Varint.append(UInt64(member.payload.count), to: &bytes)
                for index in member.payload.indices { sum[index] ^= member.payload[index] }
            }
            bytes.append(contentsOf: sum)
            BufferFrame.end(frame, &bytes)
        }
        members.removeAll()
    }
}
