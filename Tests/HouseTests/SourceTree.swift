// The repository as the house tests see it: paths, lines, and code without comments and texts.
import Foundation

/// One Swift file of the repository.
struct SourceFile: Sendable, CustomStringConvertible {
    /// From the top of the repository, such as `Sources/Model/Labels/Label.swift`.
    let path: String
    let text: String
    /// The text with comments and string literals blanked out, lines kept.
    let code: String

    /// `Model` in `Sources/Model/Labels/Label.swift`.
    var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    /// `Label` in `Sources/Model/Labels/Label.swift`.
    var name: String {
        let file = path.split(separator: "/").last.map(String.init) ?? ""
        return file.hasSuffix(".swift") ? String(file.dropLast(6)) : file
    }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The modules that the file imports, without `import struct X.Y` details.
    var imports: [String] {
        codeLines.compactMap { line in
            var words = line.split(separator: " ")[...]
            while let word = words.first, word.hasPrefix("@") || isAccess(word) {
                words = words.dropFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "func", "let", "var",
            ]
            let name =
                kinds.contains(words[words.startIndex + 1]) ? words.last : words.dropFirst().first
            return name?.split(separator: ".").first.map(String.init)
        }
    }

    var description: String { path }

    private func isAccess(_ word: Substring) -> Bool {
        ["public", "package", "internal", "private", "fileprivate"].contains(word)
    }
}

/// Reads the repository that this test was compiled from.
enum SourceTree {
    /// The top of the repository.
    static let top = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file under `Sources`, in order of path.
    static let sources = swiftFiles("Sources")
    /// Every Swift file under `Tests`, in order of path.
    static let tests = swiftFiles("Tests")

    /// The text of a file of the repository.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: top.appending(path: path), encoding: .utf8)
    }

    /// The names in a folder of the repository, in order, without what is hidden by `except`.
    static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: top.appending(path: path).path).sorted()
    }

    private static func swiftFiles(_ folder: String) -> [SourceFile] {
        guard let all = FileManager.default.enumerator(atPath: top.appending(path: folder).path)
        else { return [] }
        return all.compactMap { $0 as? String }
            .filter { $0.hasSuffix(".swift") }
            .sorted()
            .compactMap { relative in
                let path = "\(folder)/\(relative)"
                guard let text = try? Self.text(path) else { return nil }
                return SourceFile(path: path, text: text, code: CodeOnly.strip(text))
            }
    }
}

/// Blanks out comments and string literals, so that a word in them is not taken for code.
enum CodeOnly {
    private static let slash = UInt8(ascii: "/")
    private static let quote = UInt8(ascii: "\"")
    private static let pound = UInt8(ascii: "#")
    private static let backslash = UInt8(ascii: "\\")

    static func strip(_ text: String) -> String {
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            // Most bytes begin nothing.
            if byte != slash, byte != quote, byte != pound {
                out.append(byte)
                index += 1
            } else if byte == slash, starts(bytes, index, "//") {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            } else if let end = literalEnd(bytes, index) {
                out.append(UInt8(ascii: "\""))
                out += bytes[index..<end].filter { $0 == UInt8(ascii: "\n") }
                out.append(UInt8(ascii: "\""))
                index = end
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    // Where the string literal that starts at `start` ends; nil when none starts there. Code inside
    // an interpolation is blanked out with it: a check misses it rather than tripping over text.
    private static func literalEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] == UInt8(ascii: "#") { index += 1 }
        let pounds = String(repeating: "#", count: index - start)
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
        let quotes = starts(bytes, index, "\"\"\"") ? "\"\"\"" : "\""
        index += quotes.utf8.count
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            if depth == 0, byte != quote, byte != backslash {
                index += 1
                continue
            }
            if depth == 0, byte == quote, starts(bytes, index, quotes + pounds) {
                return index + quotes.utf8.count + pounds.utf8.count
            }
            if byte == backslash, starts(bytes, index, "\\" + pounds + "(") {
                depth += 1
                index += 2 + pounds.utf8.count
            } else if depth > 0 {
                switch bytes[index] {
                case UInt8(ascii: "("): depth += 1
                case UInt8(ascii: ")"): depth -= 1
                case UInt8(ascii: "\""):
                    index = literalEnd(bytes, index) ?? index + 1
                    continue
                default: break
                }
                index += 1
            } else if pounds.isEmpty, bytes[index] == UInt8(ascii: "\\") {
                index += 2
            } else {
                index += 1
            }
        }
        return index
    }

    private static func starts(_ bytes: [UInt8], _ index: Int, _ prefix: String) -> Bool {
        bytes[index...].starts(with: prefix.utf8)
    }
}
