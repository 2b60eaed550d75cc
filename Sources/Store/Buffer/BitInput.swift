// Bits of the value coding, the first in the lowest place of each byte: Store.docc/write-ahead-log.md
import Codec

/// Gathers bits and gives them out in words.
struct BitOutput {
    private var word: UInt64 = 0
    private var used = 0

    /// Appends the low `count` bits of `bits`, at most 64; higher ones must be zero.
    @inline(__always)
    mutating func put(_ bits: UInt64, _ count: Int, _ output: inout OutputSpan<UInt8>) {
        word |= bits &<< UInt64(truncatingIfNeeded: used)
        let total = used &+ count
        guard total >= 64 else {
            used = total
            return
        }
        append(word, 8, &output)
        used = total &- 64
        // What did not fit; a shift by 64 gives zero.
        word = used == 0 ? 0 : bits >> UInt64(truncatingIfNeeded: count &- used)
    }

    /// Gives out the rest, padded with zeros to a whole byte.
    mutating func finish(_ output: inout OutputSpan<UInt8>) {
        append(word, (used + 7) / 8, &output)
        word = 0
        used = 0
    }

    @inline(__always)
    private func append(_ word: UInt64, _ count: Int, _ output: inout OutputSpan<UInt8>) {
        var rest = word
        for _ in 0..<count {
            output.append(UInt8(truncatingIfNeeded: rest))
            rest &>>= 8
        }
    }
}

/// Reads bits from foreign bytes: behind their end come zeros, and `isInside` says so.
struct BitInput {
    private var place: Int  // in bits

    /// Begins at a byte.
    init(at offset: Int) {
        place = offset * 8
    }

    /// Whether all that was taken was there.
    @inline(__always)
    func isInside(_ bytes: Span<UInt8>) -> Bool { place <= bytes.count * 8 }

    /// The first whole byte that nothing was taken from.
    var byteOffset: Int { (place + 7) / 8 }

    /// The next `count` bits, at most 57, without taking them.
    @inline(__always)
    func peek(_ bytes: Span<UInt8>, _ count: Int) -> UInt64 {
        let byte = place >> 3
        let word = byte + 8 <= bytes.count ? ByteLoads.u64(bytes, byte) : tail(bytes, byte)
        return word >> UInt64(place & 7) & (1 &<< UInt64(count) &- 1)
    }

    @inline(never)
    private func tail(_ bytes: Span<UInt8>, _ byte: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<8 where byte + index < bytes.count {
            word |= UInt64(bytes[byte + index]) << UInt64(index * 8)
        }
        return word
    }

    /// Passes over `count` bits.
    @inline(__always)
    mutating func skip(_ count: Int) { place &+= count }

    /// Takes `count` bits, at most 63.
    @inline(__always)
    mutating func take(_ bytes: Span<UInt8>, _ count: Int) -> UInt64 {
        if count <= 57 {
            let bits = peek(bytes, count)
            skip(count)
            return bits
        }
        let low = peek(bytes, 32)
        skip(32)
        let high = peek(bytes, count - 32)
        skip(count - 32)
        return low | high << 32
    }

    /// Takes 64 bits.
    mutating func take64(_ bytes: Span<UInt8>) -> UInt64 {
        let low = take(bytes, 32)
        return low | take(bytes, 32) << 32
    }

    /// Takes a number that is at least 1: its length in 6 bits, then its bits below the highest; 0
    /// where the length is.
    @inline(__always)
    mutating func takeLengthAndBits(_ bytes: Span<UInt8>) -> UInt64 {
        let length = Int(take(bytes, 6))
        guard length > 0 else { return 0 }
        return take(bytes, length - 1) | 1 << UInt64(length - 1)
    }
}
