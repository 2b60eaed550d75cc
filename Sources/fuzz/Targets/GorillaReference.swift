// The Gorilla bit stream read as its description says, one bit at a time: what the fast decoder is
// held against. Layout: Codec.docc/gorilla-bitstream.md
import Codec

/// A decoder that is too simple to be wrong in the same way.
struct GorillaReference {
    private let bytes: [UInt8]
    private var position = 0
    private var leading = 0
    private var length = 0

    /// The points of `payload`; nil where it is no stream of `count` points.
    static func decode(_ payload: [UInt8], count: Int) -> (times: [Int64], values: [UInt64])? {
        var reader = GorillaReference(payload)
        return reader.points(count)
    }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func points(_ count: Int) -> (times: [Int64], values: [UInt64])? {
        if count == 0, bytes.isEmpty { return ([], []) }
        // A point takes a bit at least.
        guard count > 0, count <= bytes.count * 8, let start = bits(64), var base = bits(64) else {
            return nil
        }
        var time = Int64(bitPattern: start)
        var delta: Int64 = 0
        var times = [time]
        var values = [base]
        while times.count < count {
            guard let code = ones(upTo: 5) else { return nil }
            var isMarker = code == 5
            var difference: UInt64 = 0
            switch code {
            case 0, 5: break
            case 1:
                guard let found = value() else { return nil }
                (isMarker, difference) = found
            default:
                guard let change = change(code), let isChanged = bits(1) else { return nil }
                delta &+= change
                if isChanged == 1 {
                    guard let found = value() else { return nil }
                    (isMarker, difference) = found
                }
            }
            time &+= delta
            base ^= difference
            times.append(time)
            values.append(isMarker ? GorillaLayout.staleMarkerBits : base)
        }
        guard bytes.count * 8 - position < 8, bits(bytes.count * 8 - position) == 0 else {
            return nil
        }
        return (times, values)
    }

    private mutating func change(_ code: Int) -> Int64? {
        switch code {
        case 2: bits(7).map { Int64($0) - 64 }
        case 3: bits(20).map { Int64($0) - 524_288 }
        default: bits(64).map { Int64(bitPattern: $0) }
        }
    }

    private mutating func value() -> (isMarker: Bool, difference: UInt64)? {
        guard let isNew = bits(1) else { return nil }
        if isNew == 1 {
            guard let above = bits(5), let stated = bits(6) else { return nil }
            if above == 31, stated == 63 { return (true, 0) }
            let width = stated == 0 ? 64 : Int(stated)
            guard Int(above) + width <= 64 else { return nil }
            (leading, length) = (Int(above), width)
        }
        guard length > 0, let difference = bits(length) else { return nil }
        return (false, difference << UInt64(64 - leading - length))
    }

    // How many ones come before a zero, which is read too; no zero comes after `limit` of them.
    private mutating func ones(upTo limit: Int) -> Int? {
        for count in 0..<limit {
            guard let bit = bits(1) else { return nil }
            if bit == 0 { return count }
        }
        return limit
    }

    private mutating func bits(_ count: Int) -> UInt64? {
        guard position + count <= bytes.count * 8 else { return nil }
        var word: UInt64 = 0
        for _ in 0..<count {
            word = word << 1 | UInt64(bytes[position / 8] >> UInt8(7 - position % 8) & 1)
            position += 1
        }
        return word
    }
}
