// Bytes on their way to the peer: whole arrays in order, so that a large body is never copied again.

struct OutputQueue: Sendable {
    private var pieces: [[UInt8]] = []
    private var first = 0  // index of the piece being sent
    private var offset = 0  // bytes of it already sent

    /// Bytes not yet sent.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Adds bytes at the end; small ones join the last piece, so that they leave in one write.
    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        count += bytes.count
        if let last = pieces.indices.last, last >= first,
            pieces[last].count + bytes.count <= 64 * 1024
        {
            pieces[last].append(contentsOf: bytes)
        } else {
            pieces.append(bytes)
        }
    }

    /// Calls `body` with what should be sent next; not called when there is nothing.
    func withNext(_ body: (Span<UInt8>) -> Void) {
        guard first < pieces.count else { return }
        let piece = pieces[first]
        body(piece.span.extracting(offset..<piece.count))
    }

    /// Forgets bytes that were sent.
    mutating func drop(_ sent: Int) {
        precondition(sent <= count, "BUG: \(sent) bytes sent of \(count)")
        var left = sent
        count -= sent
        while left > 0 {
            let rest = pieces[first].count - offset
            guard left >= rest else {
                offset += left
                return
            }
            left -= rest
            pieces[first] = []
            first += 1
            offset = 0
        }
        if first == pieces.count || first > 64 {
            pieces.removeFirst(first)
            first = 0
        }
    }

    /// Forgets everything.
    mutating func removeAll() {
        self = OutputQueue()
    }
}
