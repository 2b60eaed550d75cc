// The input that is being tried, in a file: a trap takes the process away before it could say anything.
import Platform

/// A file that holds the current case of a target.
///
/// One line `NAME seed S case N bytes L`, then the L bytes of the input; what may follow is the rest
/// of a longer case before.
final class FuzzNote {
    /// Where it is.
    let path: String
    private let fileSystem = PosixFileSystem()
    private let file: any OpenFile

    /// Makes the note of a target in `directory`, which is made too.
    /// - Throws: when the disk does not take it.
    init(directory: String, target: String) throws(Errno) {
        try fileSystem.makeDirectory(directory)
        path = FilePath.join(directory, "\(target).case")
        file = try fileSystem.open(path, .replace)
    }

    /// Notes a case before it runs.
    /// - Throws: when the disk does not take it.
    func write(
        _ target: String,
        seed: UInt64,
        case number: UInt64,
        _ input: [UInt8]
    ) throws(Errno) {
        var bytes = Array("\(target) seed \(seed) case \(number) bytes \(input.count)\n".utf8)
        bytes.append(contentsOf: input)
        try file.write(bytes.span, at: 0)
    }

    /// Removes the note: no case is running any more.
    /// - Throws: when the disk refuses.
    func remove() throws(Errno) {
        try fileSystem.removeIfPresent(path)
    }

    /// Reads a note back.
    /// - Throws: when the file cannot be read.
    /// - Returns: the target's name and the input; nil when the file is no note.
    static func read(_ path: String) throws(Errno) -> (target: String, input: [UInt8])? {
        let bytes = try PosixFileSystem().readAll(path, limit: 64 << 20)
        guard let end = bytes.firstIndex(of: 0x0a) else { return nil }
        let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 7, words[5] == "bytes", let count = Int(words[6]),
            0...(bytes.count - end - 1) ~= count
        else { return nil }
        return (String(words[0]), Array(bytes[(end + 1)...].prefix(count)))
    }
}
