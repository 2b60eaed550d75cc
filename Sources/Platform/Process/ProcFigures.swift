// Files of /proc have no size: they are read until they end.
internal import Glibc

enum ProcFigures {
    /// A whole pseudo file, nil when it is not there; at most 64 KiB, which nothing asked here exceeds.
    static func read(_ path: String) -> [UInt8]? {
        do throws(Errno) {
            let descriptor = try openDescriptor(path, O_RDONLY, mode: 0)
            let raw = descriptor.raw
            return try [UInt8](capacity: 65_536) { (bytes: inout OutputSpan<UInt8>) throws(Errno) in
                while bytes.freeCapacity > 0 {
                    if try Syscall.retry({ bytes.readOnce(from: raw) }) == 0 { break }
                }
            }
        } catch {
            return nil
        }
    }

    /// The first number in the line of `text` that begins with `key`.
    static func number(after key: String, in text: [UInt8]) -> Int64? {
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: key.utf8) {
            let digits = line.dropFirst(key.utf8.count).drop { !isDigit($0) }.prefix(while: isDigit)
            return Int64(String(decoding: digits, as: UTF8.self))
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
