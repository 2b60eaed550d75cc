// How files are named and what may not stand in them.
import Foundation
import Testing

extension SourceFile {
    /// The number of the first line that holds a word.
    static func line(of word: String, in lines: [Substring]) -> Int {
        (lines.firstIndex { $0.contains(word) } ?? -1) + 1
    }
    /// Types that the file declares or extends at any depth.
    var namedTypes: Set<String> {
        Set(
            code.matches(
                of: /\b(?:struct|class|enum|actor|protocol|extension|typealias)\s+([A-Za-z0-9_]+)/
            )
            .map { String($0.1) }
        )
    }
    /// Types that the file declares at its top level.
    var declaredTypes: [String] {
        codeLines.compactMap { line in
            guard let first = line.utf8.first, first > 0x3f else { return nil }
            return line.firstMatch(of: /\b(?:struct|class|enum|actor|protocol)\s+([A-Za-z0-9_]+)/)
                .map { String($0.1) }
        }
    }
}

@Suite("Style") struct StyleTests {
    // Files that are named after a topic: several small types, or functions that have none.
    static let topics: Set<String> = [
        "main", "ConfigOptions", "FileDiscovery", "HostSystem", "Meters", "PatternMatch",
        "PatternScalars", "RemoteWriteV1Writer", "RetryPolicy", "RuntimeMeters", "SpanIO", "Wiring",
    ]

    @Test("a file is named after a type in it", arguments: SourceTree.sources)
    func fileName(file: SourceFile) {
        let type = file.name.split(separator: "+").first.map(String.init) ?? file.name
        if StyleTests.topics.contains(type) { return }
        #expect(file.namedTypes.contains(type), "\(file.path) has \(file.namedTypes.sorted())")
    }

    @Test("no two files have the same name")
    func uniqueNames() {
        let files = SourceTree.sources.filter { $0.name != "main" }
        for (name, same) in Dictionary(grouping: files, by: \.name) {
            #expect(same.count == 1, "\(name): \(same.map(\.path))")
        }
    }

    @Test("no file or type has a name that says nothing")
    func emptyNames() {
        let words = ["Utils", "Util", "Helper", "Helpers", "Manager", "Common", "Misc", "Impl"]
        for file in SourceTree.sources {
            for name in file.declaredTypes + [file.name] {
                let bad = words.first { name.hasSuffix($0) }
                #expect(bad == nil, "\(file.path): \(name)")
            }
        }
    }

    @Test("lines end at column 120", arguments: SourceTree.sources + SourceTree.tests)
    func lineLength(file: SourceFile) {
        for (number, line) in file.lines.enumerated()
        where line.utf8.count > 120 && line.count > 120 {
            // The formatter holds code to 100; this is for comments. A text that cannot be broken may go on.
            if line.contains("http://") || line.contains("https://") || line.contains("\"") {
                continue
            }
            Issue.record("\(file.path):\(number + 1) has \(line.count) columns")
        }
    }

    @Test("nothing unfinished, nothing forced", arguments: SourceTree.sources)
    func unfinished(file: SourceFile) {
        // Whole files first: a line is looked for only when there is something to find.
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"]
        where file.text.contains(word) {
            Issue.record("\(file.path):\(SourceFile.line(of: word, in: file.lines)): \(word)")
        }
        for word in ["try!", "as!", "fatalError("] where file.code.contains(word) {
            Issue.record("\(file.path):\(SourceFile.line(of: word, in: file.codeLines)): \(word)")
        }
    }

    @Test("a file begins with the line that says why it is there", arguments: SourceTree.sources)
    func whyLine(file: SourceFile) {
        let first = file.lines.first { !$0.isEmpty } ?? ""
        #expect(first.hasPrefix("// "), "\(file.path) begins with \(first)")
    }

    // Witnesses of a protocol in which all of it is said.
    private static let witnesses: Set<String> = [
        "Sources/Platform/Files/PassingFileSystem.swift",
        "Sources/Platform/Files/PosixFileSystem.swift",
        "Sources/Platform/Files/ReadOnlyFileSystem.swift",
    ]

    @Test("public types, protocols and functions that throw have documentation")
    func documentation() {
        let type =
            #/^public (?:final |indirect |nonisolated )*(?:struct|class|enum|actor|protocol) /#
        let thrower = /^\s*public .*\bfunc .*\bthrows/
        for file in SourceTree.sources where !StyleTests.witnesses.contains(file.path) {
            for (number, line) in file.lines.enumerated()
            where line.contains("public ")
                && (line.firstMatch(of: type) != nil || line.firstMatch(of: thrower) != nil)
            {
                var above = number - 1
                while above >= 0, file.lines[above].trimmed.hasPrefix("@") { above -= 1 }
                let documented = above >= 0 && file.lines[above].trimmed.hasPrefix("///")
                if !documented { Issue.record("\(file.path):\(number + 1): \(line.trimmed)") }
            }
        }
    }

    @Test("the top level holds only what has its place there")
    func topLevel() throws {
        let allowed: Set<String> = [
            "Package.swift", "Sources", "Tests", "agent.toml.example", "packaging", "README.md",
            "LICENSE", ".gitignore", ".swift-format", "Makefile", ".ci",
            // Not part of the repository.
            ".git", ".build", "Package.resolved", "tsdb-data",
        ]
        let others = try SourceTree.names(in: ".").filter {
            !allowed.contains($0) && !$0.hasPrefix(".build-") && !$0.hasSuffix(".profraw")
        }
        #expect(others.isEmpty)
    }
}

extension Substring {
    var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
