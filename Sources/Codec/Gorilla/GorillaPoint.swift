// Which code a point gets: what the growing stream and whole columns have in common.

/// Where codes go: `width` bits, 1 to 64, nothing set above them.
@usableFromInline
protocol GorillaBits {
    mutating func put(_ bits: UInt64, _ width: UInt64)
}

/// What the encoder knows between two points.
@usableFromInline
struct GorillaPoint: Sendable {
    @usableFromInline var last: Int64
    @usableFromInline var delta: Int64 = 0
    @usableFromInline var base: UInt64  // the last value that was not coded as a stale marker
    @usableFromInline var leading: UInt8 = 0
    @usableFromInline var length: UInt8 = 0  // 0: no window yet
    @usableFromInline var marked: Bool  // a stale marker is among the points
    @usableFromInline var ended: Bool = false  // the last point was coded as a stale marker

    @inlinable
    @inline(__always)
    init(time: Int64, value: UInt64) {
        last = time
        base = value
        marked = value == GorillaLayout.staleMarkerBits
    }

    /// Codes the next point.
    @inlinable
    @inline(__always)
    mutating func append(_ time: Int64, _ value: UInt64, to bits: inout some GorillaBits) {
        let interval = time &- last
        let change = interval &- delta
        let difference = value ^ base
        last = time
        delta = interval
        ended = false
        if change == 0 {
            if difference == 0 {
                bits.put(0, 1)
            } else if value == GorillaLayout.staleMarkerBits {
                bits.put(0b11111, 5)
                marked = true
                ended = true
            } else {
                putValue(difference, 0b10, 2, to: &bits)
            }
            return
        }
        var code: UInt64
        var width: UInt64
        let small = UInt64(bitPattern: change &+ GorillaLayout.smallBias)
        let medium = UInt64(bitPattern: change &+ GorillaLayout.mediumBias)
        if small < 1 &<< 7 {
            (code, width) = (0b110 &<< 7 | small, 10)
        } else if medium < 1 &<< 20 {
            (code, width) = (0b1110 &<< 20 | medium, 24)
        } else {
            bits.put(0b11110, 5)
            bits.put(UInt64(bitPattern: change), 64)
            (code, width) = (0, 0)
        }
        if difference == 0 {
            bits.put(code &<< 1, width &+ 1)
            return
        }
        code = code &<< 1 | 1
        width &+= 1
        if value == GorillaLayout.staleMarkerBits {
            let window = 1 &<< 11 | GorillaLayout.staleLeading &<< 6 | GorillaLayout.staleLength
            bits.put(code &<< 12 | window, width &+ 12)
            marked = true
            ended = true
        } else {
            putValue(difference, code, width, to: &bits)
        }
    }

    // Writes `code`, then the difference in the last window or in a new one.
    @inlinable
    @inline(__always)
    mutating func putValue(
        _ difference: UInt64,
        _ code: UInt64,
        _ width: UInt64,
        to bits: inout some GorillaBits
    ) {
        base ^= difference
        let zeros = UInt64(truncatingIfNeeded: difference.leadingZeroBitCount)
        let above = min(zeros, GorillaLayout.maximumLeading)
        let below = UInt64(truncatingIfNeeded: difference.trailingZeroBitCount)
        let needed = 64 &- above &- below
        let oldLeading = UInt64(leading)
        let oldLength = UInt64(length)
        let oldBelow = 64 &- oldLeading &- oldLength
        var code = code
        var width = width
        var payload: UInt64
        var payloadWidth: UInt64
        if oldLength != 0, above >= oldLeading, below >= oldBelow,
            oldLength < needed &+ GorillaLayout.windowSlack
        {
            code = code &<< 1
            width &+= 1
            (payload, payloadWidth) = (difference &>> oldBelow, oldLength)
        } else {
            code = code &<< 12 | 1 &<< 11 | above &<< 6 | needed & 63
            width &+= 12
            leading = UInt8(truncatingIfNeeded: above)
            length = UInt8(truncatingIfNeeded: needed)
            (payload, payloadWidth) = (difference &>> below, needed)
        }
        if width &+ payloadWidth <= 64 {
            payload |= code &<< payloadWidth
            payloadWidth &+= width
        } else {
            bits.put(code, width)
        }
        bits.put(payload, payloadWidth)
    }
}
