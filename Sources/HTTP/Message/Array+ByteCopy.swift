// Bytes in and out of arrays: the one place where the server and client copy through pointers.

extension Array where Element == UInt8 {
    /// Appends a copy of `bytes`.
    mutating func append(copying bytes: Span<UInt8>) {
        // SAFETY: the pointer lives for the call, and append copies what it points to.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
