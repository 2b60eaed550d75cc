// Facts about this machine that a start needs once.
import Forward
import Platform

/// Reads them.
enum MachineFacts {
    /// This start of the machine: with another one, what a cursor file had not synced may be gone.
    static func bootTag(_ files: any FileSystem) -> CursorTag {
        do throws(Errno) {
            // A file of /proc has no size: it is read as a stream.
            let file = try files.open("/proc/sys/kernel/random/boot_id", .read)
            let text = try file.read(64, at: 0)
            var bytes: [UInt8] = []
            var high: UInt8?
            for byte in text {
                guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { continue }
                if let first = high {
                    bytes.append(first << 4 | UInt8(digit))
                    high = nil
                } else {
                    high = UInt8(digit)
                }
            }
            return bytes.count == 16 ? CursorTag(bytes) : .unknown
        } catch {
            return .unknown
        }
    }
}
