// Texts of labels, one after the other in pages: no allocation and no `String` a text.
import Codec

/// Texts with their lengths in front, as `Labels` has them.
struct TextArena {
    // A text lies in one page, at a multiple of four bytes; one that is longer than a page has its own.
    private var pages: [[UInt8]] = []
    /// Bytes of texts.
    private(set) var byteCount = 0

    private static let pageBytes = 1 << 16
    private static let placeBits: UInt32 = 14
    private static let mostPages = 1 << 18

    /// Whether there is room for a text.
    var hasRoom: Bool { pages.count < TextArena.mostPages }
    /// Bytes of all pages.
    var heldBytes: Int { pages.reduce(0) { $0 + $1.capacity } }

    /// Adds a text; gives back its place.
    mutating func add(_ text: Span<UInt8>) -> UInt32 {
        let most = text.count + 13  // the length takes at most 10 bytes, the alignment 3
        if pages.last.map({ $0.count + most > TextArena.pageBytes }) ?? true {
            var page: [UInt8] = []
            page.reserveCapacity(max(most, TextArena.pageBytes))
            pages.append(page)
        }
        let last = pages.count - 1
        while pages[last].count % 4 != 0 { pages[last].append(0) }
        let start = pages[last].count
        var length = text.count
        while length >= 0x80 {
            pages[last].append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        pages[last].append(UInt8(length))
        for index in text.indices { pages[last].append(text[index]) }
        byteCount += text.count
        return UInt32(last) << TextArena.placeBits | UInt32(start / 4)
    }

    /// The bytes of the page of a text.
    func page(_ text: UInt32) -> [UInt8] { pages[Int(text >> TextArena.placeBits)] }

    /// Where the text lies in its page, without its length.
    func range(_ text: UInt32) -> Range<Int> {
        let page = Int(text >> TextArena.placeBits)
        var place = Int(text & (1 << TextArena.placeBits - 1)) * 4
        var length = 0
        var shift = 0
        while true {
            let byte = Int(pages[page][place])
            place += 1
            length |= (byte & 0x7f) << shift
            if byte < 0x80 { return place..<place + length }
            shift += 7
        }
    }

    /// Whether a text has these bytes.
    func equals(_ text: UInt32, _ bytes: Span<UInt8>) -> Bool {
        let range = range(text)
        guard range.count == bytes.count else { return false }
        let known = page(text)
        return ByteOrder.compare(known.span.extracting(range), bytes) == 0
    }

    /// Appends a text with its length in front.
    func append(_ text: UInt32, to bytes: inout [UInt8]) {
        let start = Int(text & (1 << TextArena.placeBits - 1)) * 4
        bytes.append(contentsOf: page(text)[start..<range(text).upperBound])
    }

    /// A text as a `String`.
    func string(_ text: UInt32) -> String {
        String(decoding: page(text)[range(text)], as: UTF8.self)
    }
}
