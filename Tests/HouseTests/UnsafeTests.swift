// Unsafe code lives in few files, each named here, each with its reason.
import Testing

@Suite("Unsafe code") struct UnsafeTests {
    // Adding a file to this list is a decision: say in the commit why a safe file could not do it.
    static let allowed: Set<String> = []

    private static func usesUnsafe(_ file: SourceFile) -> Bool {
        file.codeLines.contains { line in
            // How an actor pins itself to the loop: nothing to argue about in each of them.
            !line.contains("asUnownedSerialExecutor()")
                && (line.contains(/\bunsafe\b/) || line.contains(/@unchecked Sendable/))
        }
    }

    @Test("only the listed files are unsafe", arguments: SourceTree.sources)
    func listed(file: SourceFile) {
        if UnsafeTests.usesUnsafe(file) {
            #expect(
                UnsafeTests.allowed.contains(file.path),
                "\(file.path) is not on the list of UnsafeTests"
            )
        }
    }

    @Test("the list names no file that is gone or has become safe")
    func current() {
        let unsafe = Set(SourceTree.sources.filter(UnsafeTests.usesUnsafe).map(\.path))
        #expect(UnsafeTests.allowed.subtracting(unsafe).sorted() == [])
    }

    @Test("a file with unsafe code argues why it is safe", arguments: SourceTree.sources)
    func argued(file: SourceFile) {
        if UnsafeTests.usesUnsafe(file) {
            #expect(file.text.contains("// SAFETY:"), "\(file.path) has no `// SAFETY:` reason")
        }
    }
}
