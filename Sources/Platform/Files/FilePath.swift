// Paths are plain strings; these are the three things done to them.

/// Joins and splits paths by bytes.
public enum FilePath {
    /// `directory/name` with exactly one slash between.
    public static func join(_ directory: String, _ name: String) -> String {
        if directory.isEmpty { return name }
        return directory.utf8.last == UInt8(ascii: "/") ? directory + name : directory + "/" + name
    }

    /// The directory that holds `path`: `.` for a bare name, `/` for what lies in the root.
    public static func parent(_ path: String) -> String {
        let bytes = trimmed(path)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        if slash == 0 { return "/" }
        return String(
            decoding: trimmed(String(decoding: bytes[..<slash], as: UTF8.self)),
            as: UTF8.self
        )
    }

    /// The last part of `path`.
    public static func name(_ path: String) -> String {
        let bytes = trimmed(path)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), bytes.count > 1 else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: bytes[(slash + 1)...], as: UTF8.self)
    }

    private static func trimmed(_ path: String) -> ArraySlice<UInt8> {
        var bytes = Array(path.utf8)[...]
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return bytes
    }
}
