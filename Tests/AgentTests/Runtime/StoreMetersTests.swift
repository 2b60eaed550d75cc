// The store's figures in /metrics, held against the files and against what was done.
import API
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@testable import Agent

@Suite("Store in /metrics") struct StoreMetersTests {
    private let directory: TemporaryDirectory
    private var options: StoreOptions
    private let meters = MeterRegistry()
    private let labels = (0..<50).map { index in
        Labels([Label("__name__", "m"), Label("i", "\(index)")])
    }

    init() throws {
        directory = try TemporaryDirectory("meters")
        options = StoreOptions(basePath: directory.path + "/store")
        options.runsMaintenance = false
        options.rewrite.delayMs = 0
        options.rewrite.minAgeMs = 0
    }

    /// The values of all samples, by name and labels, as `/metrics` shows them.
    private func page() -> [String: Double] {
        var values: [String: Double] = [:]
        let text = String(decoding: MeterText.text(of: meters), as: UTF8.self)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[String(parts[0])] = Double(parts[1])
        }
        return values
    }

    private func bytes(in folder: String) throws -> Double {
        let files = PosixFileSystem()
        let path = FilePath.join(options.basePath, folder)
        return try files.list(path).reduce(0) { sum, name in
            sum + Double(try files.stat(FilePath.join(path, name)).size)
        }
    }

    private func fill(_ database: Database, _ stream: StreamHandle, from start: Int64) throws {
        for step in 0..<40 as Range<Int64> {
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: start + step * 15_000))
            batch.series = try database.handles(for: labels).map { try $0.get() }
            batch.values = labels.indices.map { Double($0) + Double(step) }
            guard case .stored = database.append(batch) else {
                Issue.record("a batch was not stored")
                return
            }
        }
    }

    @Test("every figure says what it is, and counters end in _total")
    func kinds() throws {
        let database = try Database(options)
        StoreMeters.register(database, in: meters)
        let families = meters.snapshot()
        #expect(families.count > 40)
        for family in families {
            #expect(family.help.hasSuffix("."), "\(family.name): \(family.help)")
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
        }
        let text = String(decoding: MeterText.text(of: meters), as: UTF8.self)
        for family in families {
            #expect(text.contains("# HELP \(family.name) \(family.help)\n"))
            #expect(text.contains("# TYPE \(family.name) \(family.kind.rawValue)\n"))
        }
        try database.close()
    }

    private final class Reads: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test("all figures of the store come from one reading a page")
    func oneReading() throws {
        let database = try Database(options)
        let reads = Reads()
        StoreMeters.register(in: meters) {
            reads.count.add(1, ordering: .relaxed)
            return database.statistics()
        }
        ProcessMeters.register(in: meters)
        for number in 1...3 {
            #expect(page().count > 50)
            #expect(reads.count.load(ordering: .relaxed) == number)
        }
        try database.close()
    }

    @Test("bytes are those of the files, before and after a merge and a restart")
    func bytes() throws {
        let prefix = "tsdb_agent_store_"
        let database = try Database(options)
        StoreMeters.register(database, in: meters)
        let stream = database.openStream(.push)
        try fill(database, stream, from: 1_700_000_000_000)
        var now = page()
        #expect(now[prefix + "head_series"] == 50)
        for part in ["chunk", "label", "index", "series"] {
            #expect(now[prefix + "head_\(part)_bytes"] ?? 0 > 0, "\(part)")
        }
        // But for the file's header.
        for name in ["buffer_bytes", "buffer_written_bytes_total"] {
            let records = try #require(now[prefix + name])
            #expect((1...256).contains(try bytes(in: "buffer") - records), "\(name): \(records)")
        }
        #expect(now[prefix + "write_amplification"] == 0)
        #expect(database.rotate())
        database.maintain()
        let first = try bytes(in: "segments")
        try fill(database, stream, from: 1_700_001_000_000)
        #expect(database.rotate())
        database.maintain()
        let hot = try bytes(in: "segments")
        now = page()
        #expect(hot > first)
        #expect(now[prefix + "rotations_total"] == 2)
        #expect(now[prefix + "segments"] == 2)
        #expect(now[prefix + "segment_bytes"] == hot)
        #expect(now[prefix + "segment_written_bytes_total"] == hot)
        #expect(now[prefix + "cold_segments"] == 0)
        #expect(now[prefix + "chunks"] == 100)

        #expect(database.rewrite() == 1)
        let cold = try bytes(in: "segments")
        now = page()
        #expect(now[prefix + "segments"] == 1)
        #expect(now[prefix + "segment_bytes"] == cold)
        #expect(now[prefix + "cold_segments"] == 1)
        #expect(now[prefix + "cold_segment_bytes"] == cold)
        #expect(now[prefix + "rewrites_total"] == 1)
        #expect(now[prefix + "rewrite_inputs_total"] == 2)
        #expect(now[prefix + "rewrite_written_bytes_total"] == cold)
        #expect(now[prefix + "segment_written_bytes_total"] == hot)
        let amplification = try #require(now[prefix + "write_amplification"])
        #expect(abs(amplification - (hot + cold) / cold) < 1e-9, "\(amplification)")
        #expect(now[prefix + "samples_stored_total"] == 4_000)
        try database.close()

        let again = try Database(options)
        StoreMeters.register(again, in: meters)
        now = page()
        #expect(now[prefix + "samples_stored_total"] == 4_000)
        #expect(now[prefix + "segment_bytes"] == cold)
        #expect(now[prefix + "rotations_total"] == 0)
        try again.close()
    }

    @Test("what is dropped is counted by reason, also after a restart")
    func dropped() throws {
        let name = #"tsdb_agent_store_samples_dropped_total{reason="\#(DropReason.conflict.text)"}"#
        let database = try Database(options)
        StoreMeters.register(database, in: meters)
        let stream = database.openStream(.push)
        let handle = try database.handles(for: [labels[0]])[0].get()
        for value in [1, 2, 1] as [Double] {
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: 1_700_000_000_000))
            batch.series = [handle]
            batch.values = [value]
            _ = database.append(batch)
        }
        let other = #"tsdb_agent_store_samples_dropped_total{reason="duplicate"}"#
        #expect(page()[name] == 1)
        #expect(page()[other] == 1)
        #expect(page()["tsdb_agent_store_samples_stored_total"] == 1)
        try database.close()
        let again = try Database(options)
        StoreMeters.register(again, in: meters)
        #expect(page()[name] == 1)
        #expect(page()[other] == 1)
        try again.close()
    }

    @Test("the ratio of hits is that of the blocks asked for")
    func cache() throws {
        let database = try Database(options)
        StoreMeters.register(database, in: meters)
        try fill(database, database.openStream(.push), from: 1_700_000_000_000)
        #expect(database.rotate())
        database.maintain()
        for _ in 0..<4 {
            _ = try database.labelValues(of: "i")
            let selection = try database.select([LabelMatcher("i", equals: "7")], in: .all)
            #expect(selection.count == 1)
        }
        let now = page()
        let hits = try #require(now["tsdb_agent_store_cache_hits_total"])
        let misses = try #require(now["tsdb_agent_store_cache_misses_total"])
        #expect(hits > misses && misses > 0, "\(hits) hits, \(misses) misses")
        #expect(now["tsdb_agent_store_cache_hit_ratio"] == hits / (hits + misses))
        #expect(now["tsdb_agent_store_cache_bytes"] ?? 0 > 0)
        try database.close()
    }
}
