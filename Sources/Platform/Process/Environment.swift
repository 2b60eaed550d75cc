// What the process was given: variables, the machine's name, chance from the kernel.
internal import CLinux
internal import Glibc

/// The environment variables, read only: setenv(3) is not safe beside other threads.
public enum Environment {
    /// A variable's value, nil when it is not set.
    public static func value(_ name: String) -> String? {
        // SAFETY: nobody in this program changes the environment.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    /// All variables, sorted by name.
    public static func all() -> [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = []
        guard var next = unsafe clinux_environ() else { return [] }
        // SAFETY: environ is an array of C strings that ends with a null pointer.
        while let entry = unsafe next.pointee {
            let text = unsafe Array(String(cString: entry).utf8)
            if let equals = text.firstIndex(of: UInt8(ascii: "=")) {
                variables.append(
                    (
                        String(decoding: text[..<equals], as: UTF8.self),
                        String(decoding: text[(equals + 1)...], as: UTF8.self)
                    )
                )
            }
            unsafe next += 1
        }
        return variables.sorted { $0.name < $1.name }
    }
}

/// What uname(2) says.
public struct MachineName: Sendable, Equatable {
    public var system: String
    public var node: String
    public var release: String
    public var version: String
    public var machine: String

    /// Reads it; parts that cannot be read are empty.
    public static func current() -> MachineName {
        var buffer = [CChar](repeating: 0, count: 512)
        // SAFETY: the call writes at most 512 bytes and a zero within them.
        let length = unsafe clinux_uname(&buffer, 512)
        let bytes = buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        func line(_ index: Int) -> String { index < lines.count ? lines[index] : "" }
        return MachineName(
            system: line(0),
            node: line(1),
            release: line(2),
            version: line(3),
            machine: line(4)
        )
    }

    /// gethostname(2), "localhost" when that fails.
    public static func host() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // SAFETY: the call writes at most 256 bytes, the last of them zero.
        guard unsafe clinux_hostname(&buffer, 256) == 0 else { return "localhost" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
    }

    /// getpid(2).
    public static func processID() -> Int32 { getpid() }
}

/// Chance from the kernel: getrandom(2).
public enum KernelRandom {
    /// So many random bytes, fit for keys and store ids.
    ///
    /// - Throws: `.notImplemented` before Linux 3.17.
    public static func bytes(_ count: Int) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // SAFETY: fills exactly the array's bytes.
        try Syscall.retry {
            unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe clinux_getrandom(buffer.baseAddress, buffer.count)
            }
        }
        return bytes
    }
}

/// glibc's allocator: how it shares and gives back.
public enum Allocator {
    /// Bounds the arenas, each of which keeps free memory of its own.
    ///
    /// Call at start: 2 serves us.
    public static func limitArenas(_ count: Int32) {
        _ = clinux_malloc_arenas(count)
    }

    /// Gives free pages back to the system; worth it after sealing.
    public static func trim() {
        _ = clinux_malloc_trim()
    }
}
