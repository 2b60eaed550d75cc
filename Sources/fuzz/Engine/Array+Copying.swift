// Bytes that outlive the span they were lent in.

extension Array<UInt8> {
    /// A copy of the bytes.
    init(copying bytes: Span<UInt8>) {
        self = [UInt8](capacity: bytes.count) { copy in
            for index in bytes.indices { copy.append(bytes[index]) }
        }
    }
}
