// collect and inspect over real files.
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@testable import Agent

private final class Output: Sendable {
    private let written = Mutex((out: "", err: ""))
    var out: String { written.withLock { $0.out } }
    var err: String { written.withLock { $0.err } }

    var context: CommandContext {
        CommandContext(
            environment: [:],
            out: { text in self.written.withLock { $0.out += text } },
            err: { text in self.written.withLock { $0.err += text } }
        )
    }
}

@Suite("collect and inspect") struct FileCommandTests {
    private func write(_ path: String, _ text: String) throws {
        let files = PosixFileSystem()
        try files.makeDirectory(FilePath.parent(path))
        let file = try files.open(path, .replace)
        try file.append(Array(text.utf8).span)
        try file.close()
    }

    @Test("collect writes the collectors that were asked for, from the roots that were given")
    func collect() async throws {
        let directory = try TemporaryDirectory()
        try write(directory.file("proc/loadavg"), "0.25 0.5 0.75 1/100 4242\n")
        let output = Output()
        var request = CollectRequest()
        request.procfs = directory.file("proc")
        request.collectors = ["loadavg"]
        #expect(await CollectCommand.run(request, output.context) == 0)
        #expect(output.out.contains("# TYPE node_load1 gauge\nnode_load1 0.25\n"))
        #expect(
            output.out.contains("node_scrape_collector_success{collector=\"loadavg\"} 1\n")
        )
        #expect(!output.out.contains("node_cpu"))
        #expect(output.err == "")
    }

    @Test("a collector that fails is named, and the rest is written")
    func failing() async throws {
        let directory = try TemporaryDirectory()
        try write(directory.file("proc/loadavg"), "0.25 0.5 0.75 1/100 4242\n")
        let output = Output()
        var request = CollectRequest()
        request.procfs = directory.file("proc")
        request.collectors = ["loadavg", "meminfo"]
        #expect(await CollectCommand.run(request, output.context) == 1)
        #expect(output.out.contains("node_load1 0.25\n"))
        #expect(
            output.out.contains("node_scrape_collector_success{collector=\"meminfo\"} 0\n")
        )
        #expect(output.err.hasPrefix("tsdb-agent collect: meminfo: "))
    }

    @Test("an unknown collector is wrong usage")
    func unknown() async {
        let output = Output()
        var request = CollectRequest()
        request.collectors = ["nonsense"]
        #expect(await CollectCommand.run(request, output.context) == 2)
        #expect(output.err.hasPrefix("tsdb-agent collect: "))
    }

    @Test("inspect shows a segment that a store sealed")
    func inspect() async throws {
        let directory = try TemporaryDirectory()
        var options = StoreOptions(basePath: directory.path)
        options.runsMaintenance = false
        let store = try Database(options)
        let stream = store.openStream(.push)
        let labels = Labels([Label("__name__", "kept"), Label("a", "b")])
        let handle = try #require(store.handles(for: [labels]).first).get()
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: 1_700_000_000_000))
        batch.series = [handle]
        batch.values = [42]
        _ = store.append(batch)
        try store.close()

        let files = PosixFileSystem()
        var segments: [String] = []
        var folders = [directory.path]
        while let folder = folders.popLast() {
            for name in try files.list(folder) {
                let path = FilePath.join(folder, name)
                if try files.stat(path).kind == .directory { folders.append(path) }
                if name.hasSuffix(".gor") { segments.append(path) }
            }
        }
        let output = Output()
        let path = try #require(segments.first)
        #expect(await InspectCommand.run(path, output.context) == 0)
        #expect(output.err == "")
        #expect(output.out.contains("samples  1, late 0\n"))
        #expect(output.out.contains("  kept{a=\"b\"}\n"))
        #expect(output.out.hasSuffix("every checksum is right\n"))
    }

    @Test("inspect refuses what is no file of the store")
    func noSegment() async throws {
        let directory = try TemporaryDirectory()
        try write(directory.file("x"), "hello")
        let output = Output()
        #expect(await InspectCommand.run(directory.file("x"), output.context) == 1)
        #expect(output.out == "" && output.err.hasPrefix("tsdb-agent inspect: "))
    }
}
