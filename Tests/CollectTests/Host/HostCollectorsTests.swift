// A whole host collection: its text, its series, and what happens when parts of the host are bad.

import Model
import Platform
import TestSupport
import Testing

@testable import Collect

@Suite("Host collectors") struct HostCollectorsTests {
    @Test("write the fixture host as node_exporter names it")
    func golden() throws {
        let snapshot = try HostTree.collectors().collect()
        let text = HostTree.text(snapshot)
        let path = HostTree.folder + "/expected.txt"
        if Environment.value("UPDATE_GOLDEN") != nil { try HostTree.write(text, to: path) }
        let golden = try PosixFileSystem().readAll(path, limit: 1 << 20)
        #expect(text == String(decoding: golden, as: UTF8.self))
        #expect(snapshot.failures.isEmpty)
    }

    @Test("keep the list of series while the host keeps its shape")
    func layout() throws {
        var options = HostTree.options()
        options.labels = [Label("instance", "box"), Label("job", "node")]
        let collectors = try HostTree.collectors(options)
        let first = collectors.collect()
        let second = collectors.collect()
        // The account names a collector only once it ran, which all did.
        #expect(first.parts.map(\.layout) == second.parts.map(\.layout))
        #expect(first.parts.map(\.series) == second.parts.map(\.series))
        #expect(first.parts.map(\.collector) == HostCollectors.known + ["scrape"])
        #expect(
            HostTree.value(second, #"node_load1{instance="box", job="node"}"#) == 0.21
        )
        // An empty label is no label of a series.
        #expect(
            HostTree.value(
                second,
                #"node_filesystem_size_bytes{device="/dev/nvme0n1p2", fstype="ext4", "#
                    + #"instance="box", job="node", mountpoint="/"}"#
            ) == 1e9
        )
        #expect(first.count == second.count)
    }

    @Test("state a new list when a device comes or goes")
    func devices() throws {
        let folder = try TemporaryDirectory("host")
        _ = try HostTree.copy(to: folder.path)
        let collectors = try HostTree.collectors(HostTree.options(folder.path))
        let before = collectors.collect(only: ["netdev"])
        let path = folder.path + "/proc/net/dev"
        try HostTree.write(" a: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", to: path)
        let after = collectors.collect(only: ["netdev"])
        #expect(after.parts[0].layout > before.parts[0].layout)
        #expect(after.parts[0].series.count == 16)
        #expect(
            HostTree.value(after, #"node_network_transmit_compressed_total{device="a"}"#) == 16
        )
        // The snapshot taken before keeps what it had.
        #expect(before.parts[0].series.count == 66)
    }

    @Test("let one collector fail alone")
    func oneFails() throws {
        let folder = try TemporaryDirectory("host")
        _ = try HostTree.copy(to: folder.path)
        try PosixFileSystem().remove(folder.path + "/proc/meminfo")
        try HostTree.write("0.1 x 0.3\n", to: folder.path + "/proc/loadavg")
        try PosixFileSystem().remove(folder.path + "/proc/pressure/memory")
        let collectors = try HostTree.collectors(HostTree.options(folder.path))
        let snapshot = collectors.collect()
        let proc = folder.path + "/proc"
        #expect(
            snapshot.failures.map { "\($0.collector): \($0.error)" } == [
                "loadavg: \(proc)/loadavg:1: three load averages are expected",
                "meminfo: cannot read \(proc)/meminfo: No such file or directory (errno 2)",
                "pressure: no data: \(proc)/pressure/memory: No such file or directory (errno 2); "
                    + "pressure needs Linux 4.20, CONFIG_PSI and perhaps psi=1",
            ]
        )
        for name in HostCollectors.known {
            let failed = ["loadavg", "meminfo", "pressure"].contains(name)
            #expect(
                HostTree.value(snapshot, #"node_scrape_collector_success{collector="\#(name)"}"#)
                    == (failed ? 0 : 1)
            )
        }
        #expect(HostTree.value(snapshot, "node_load1") == 0.1)
        #expect(HostTree.value(snapshot, "node_forks_total") == 26442)
        // Back again: the next collection has it.
        try HostTree.write("MemFree: 1 kB\n", to: folder.path + "/proc/meminfo")
        #expect(HostTree.value(collectors.collect(), "node_memory_MemFree_bytes") == 1024)
    }

    @Test("survive a host whose files are damaged", arguments: 0..<30 as Range<UInt64>)
    func damaged(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let folder = try TemporaryDirectory("host")
        let paths = try HostTree.copy(to: folder.path)
        for path in paths where random.next() % 2 == 0 {
            var bytes = try PosixFileSystem().readAll(path, limit: 1 << 20)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch random.next() % 4 {
                case 0: bytes.insert(contentsOf: random.bytes(5), at: place)
                case 1: bytes.removeSubrange(place...)
                case 2: bytes.insert(contentsOf: "\n99999999999999999999 :".utf8, at: place)
                default: if place < bytes.count { bytes[place] = UInt8(random.next() % 256) }
                }
            }
            try HostTree.write(bytes, to: path)
        }
        let collectors = try HostTree.collectors(HostTree.options(folder.path))
        let snapshot = collectors.collect()
        // Whatever came, every series is one that the store can take.
        for part in snapshot.parts {
            for labels in part.series {
                #expect(Labels(checking: labels.bytes) != nil, "seed \(seed)")
            }
        }
        #expect(!HostTree.text(snapshot).isEmpty)
        #expect(collectors.collect().parts.map(\.layout) == snapshot.parts.map(\.layout))
    }

    @Test(
        "run those that are asked for",
        arguments: [
            ([], HostCollectors.known), (["cpu", "uname"], ["cpu", "uname"]),
            (
                ["-cpu", "-filesystem"],
                HostCollectors.known.filter { $0 != "cpu" && $0 != "filesystem" }
            ),
            (["uname", "cpu", "-cpu"], ["uname"]),
        ] as [([String], [String])]
    )
    func choice(names: [String], chosen: [String]) throws {
        var options = HostTree.options()
        options.collectors = names
        #expect(try HostTree.collectors(options).names == chosen)
    }

    @Test("say what is wrong with their options")
    func wrongOptions() {
        var options = HostTree.options()
        options.collectors = ["cpux"]
        let unknown = #expect(throws: HostError.self) { try HostCollectors(options) }
        #expect(
            unknown?.description
                == "no collector \"cpux\"; there are cpu, diskstats, filesystem, loadavg, meminfo, "
                + "netdev, pressure, stat, time, uname"
        )
        options = HostTree.options()
        options.mountExclude = "^/(dev"
        let pattern = #expect(throws: HostError.self) { try HostCollectors(options) }
        #expect(
            pattern?.description
                == "host.filesystem.exclude: error parsing regexp: missing closing ): `^/(dev`"
        )
    }

    @Test("account for time by the steady clock")
    func durations() throws {
        let clock = ManualClock()
        var options = HostTree.options()
        options.collectors = ["filesystem"]
        let collectors = try HostCollectors(options, wall: clock, steady: clock) {
            _ throws(Errno) in
            clock.advance(by: .milliseconds(250))
            throw .inputOutput
        }
        let snapshot = collectors.collect()
        #expect(
            HostTree.value(
                snapshot,
                #"node_scrape_collector_duration_seconds{collector="filesystem"}"#
            )
                == 1.0
        )
        #expect(
            HostTree.value(
                snapshot,
                #"node_filesystem_device_error{device="server:/export", "#
                    + #"device_error="Input/output error (errno 5)", fstype="nfs4", "#
                    + #"mountpoint="/missing"}"#
            ) == 1
        )
    }
}
