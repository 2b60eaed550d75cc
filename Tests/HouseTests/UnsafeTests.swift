// Unsafe code lives in few files, each named here, each with its reason.
import Testing

@Suite("Unsafe code") struct UnsafeTests {
    // Adding a file to this list is a decision: say in the commit why a safe file could not do it.
    static let allowed: Set<String> = [
        "Sources/Codec/Bits/BitWriter.swift",
        "Sources/Codec/Bytes/ByteLoads.swift",
        "Sources/Codec/Bytes/ByteSink.swift",
        "Sources/Codec/Checks/XXH64.swift",
        "Sources/Codec/Columnar/BitPacking.swift",
        "Sources/Codec/Columnar/BlockScratch.swift",
        "Sources/Codec/Columnar/ColumnCursor.swift",
        "Sources/Codec/Columnar/ColumnWriter.swift",
        "Sources/Codec/Columnar/ColumnarPayload.swift",
        "Sources/Codec/Columnar/ColumnarTimes.swift",
        "Sources/Codec/Columnar/ColumnarValues+Read.swift",
        "Sources/Codec/Columnar/ColumnarValues.swift",
        "Sources/Codec/Columnar/Decimal.swift",
        "Sources/Codec/Columnar/IntegerColumn.swift",
        "Sources/Codec/Columnar/MiniBlock.swift",
        "Sources/Codec/Columnar/XorStream.swift",
        "Sources/Codec/Gorilla/GorillaDecoder.swift",
        "Sources/Codec/Gorilla/GorillaEncoder.swift",
        "Sources/Codec/Gorilla/GorillaPayload.swift",
        "Sources/Codec/Gorilla/GorillaStage.swift",
        "Sources/Codec/SnappyBlock.swift",
        "Sources/Collect/Host/HostSystem.swift",
        "Sources/HTTP/Client/CurlHandle.swift",
        "Sources/HTTP/Client/CurlMulti.swift",
        "Sources/HTTP/Client/CurlTransfer.swift",
        "Sources/HTTP/Client/CurlURL.swift",
        "Sources/HTTP/Client/MultiHandle.swift",
        "Sources/HTTP/Message/Array+ByteCopy.swift",
        "Sources/Platform/Errors/Errno.swift",
        "Sources/Platform/Files/MappedFile.swift",
        "Sources/Platform/Files/PosixFileSystem.swift",
        "Sources/Platform/Files/SpanIO.swift",
        "Sources/Platform/Loop/EventLoop+Sleep.swift",
        "Sources/Platform/Loop/EventLoop.swift",
        "Sources/Platform/Loop/Lock.swift",
        "Sources/Platform/Loop/Monitor.swift",
        "Sources/Platform/Loop/NamedThread.swift",
        "Sources/Platform/Net/Socket.swift",
        "Sources/Platform/Net/SocketAddress+System.swift",
        "Sources/Platform/Net/SocketAddress.swift",
        "Sources/Platform/Process/Environment.swift",
        "Sources/Platform/Process/ResourceUsage.swift",
        "Sources/Platform/Process/ServiceNotify.swift",
        "Sources/Platform/Process/Signals.swift",
        "Sources/Platform/Process/ThisProcess.swift",
        "Sources/Platform/Time/WallClock.swift",
        "Sources/Store/Head/HeadMemory.swift",
        "Sources/Store/Head/SeriesPages.swift",
        "Sources/bench/ColdBenchmark.swift",
        "Sources/fuzz/Crash/KillableProcess.swift",
        "Sources/fuzz/Engine/GuardedBytes.swift",
        "Sources/fuzz/Targets/GorillaTarget.swift",
    ]

    private static func usesUnsafe(_ file: SourceFile) -> Bool {
        guard file.code.contains("unsafe") || file.code.contains("@unchecked") else { return false }
        return file.codeLines.contains { line in
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
            let isArgued =
                file.text.contains("// SAFETY:") || file.text.contains("`@unchecked Sendable`:")
            #expect(isArgued, "\(file.path) has no `// SAFETY:` reason")
        }
    }
}
