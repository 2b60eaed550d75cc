// The file as it stands, for those who carry it elsewhere.

extension SegmentReader {
    /// A copy of a part of the file, unchecked.
    ///
    /// - Parameter range: inside 0 to `byteCount`.
    /// - Returns: as many bytes.
    /// - Throws: `.cannot`.
    public func copy(of range: Range<Int>) throws(SegmentError) -> [UInt8] {
        try withBytes(in: range) { (stored: Span<UInt8>) in [UInt8](copying: stored) }
    }
}
