// Snappy blocks from remote write senders and from segment files.
import Codec

/// `SnappyBlock`.
struct SnappyTarget: FuzzTarget {
    static let name = "snappy"

    private let mutator: ByteMutator
    private let seeds: [[UInt8]]
    private static let limit = 1 << 16

    init() {
        var mutator = ByteMutator(tokens: ["\u{0}", "\u{1}\u{0}", "\u{7f}", "aaaa"])
        mutator.tokens += [[0xfe, 0x01, 0x00], [0xff, 0xff, 0xff, 0xff, 0x0f], [0xf0, 0x10]]
        self.mutator = mutator
        var random = FuzzRandom(seed: 11)
        let plain: [[UInt8]] = [
            [], [1], [UInt8](repeating: 7, count: 5000), random.bytes(300),
            Array("the quick brown fox jumps over the quick brown dog".utf8),
            Array(repeatElement(random.bytes(70), count: 9).joined()),
        ]
        seeds = plain.map { SnappyBlock.compress($0.span) }
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        // The bytes themselves as content: incompressible ones too.
        let packed = SnappyBlock.compress(input.span)
        try FuzzFinding.unless(
            (try? SnappyBlock.decompress(packed.span, limit: input.count)) == input,
            "\(input.count) bytes do not come back"
        )
        guard let plain = try? SnappyBlock.decompress(input.span, limit: SnappyTarget.limit) else {
            return false
        }
        try FuzzFinding.unless(
            plain.count <= SnappyTarget.limit,
            "\(plain.count) bytes over the limit"
        )
        return true
    }
}
