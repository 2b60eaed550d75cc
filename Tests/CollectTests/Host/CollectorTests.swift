// Single collectors where the golden text does not reach.

import Model
import Platform
import TestSupport
import Testing

@testable import Collect

@Suite("Single host collectors") struct CollectorTests {
    @Test("processor time never steps back, but starts anew after a hotplug")
    func processors() throws {
        let folder = try TemporaryDirectory("cpu")
        let path = folder.path + "/stat"
        var writer = MetricWriter()
        let collector = CPUCollector(
            HostRoots(procfs: folder.path, sysfs: folder.path),
            &writer
        )
        var shown: [[Double]] = []
        for line in [
            "cpu0 100 0 0 1000 0 0 0 0 0 0", "cpu0 90 5 0 999 0 0 0 0 0 0",
            "cpu0 120 5 0 1001 0 0 0 0 0 0", "cpu0 1 0 0 2 0 0 0 0 0 0",
        ] {
            try HostTree.write(line + "\n", to: path)
            writer.restart()
            try collector.collect(into: &writer)
            writer.finish()
            shown.append(Array(writer.values.prefix(4)))
        }
        #expect(
            shown == [
                [1, 0, 0, 10], [1, 0.05, 0, 10], [1.2, 0.05, 0, 10.01], [0.01, 0, 0, 0.02],
            ]
        )
    }

    @Test(
        "an empty or foreign file is an error, not silence",
        arguments: [
            ("", "no data: PATH names no processor"),
            ("cpu 1 2 3\n", "no data: PATH names no processor"),
            ("cpu0 1 x 3\n", "PATH:1: \"x\" is not a number"),
        ]
    )
    func foreign(text: String, message: String) throws {
        let folder = try TemporaryDirectory("cpu")
        let path = folder.path + "/stat"
        try HostTree.write(text, to: path)
        var writer = MetricWriter()
        let collector = CPUCollector(
            HostRoots(procfs: folder.path, sysfs: folder.path),
            &writer
        )
        let error = #expect(throws: HostError.self) { try collector.collect(into: &writer) }
        let expected = message.split(separator: "PATH", omittingEmptySubsequences: false)
            .joined(separator: path)
        #expect(error?.description == expected)
    }

    @Test("mounts are the host's: the first process's, else the agent's own")
    func mounts() throws {
        let folder = try TemporaryDirectory("mounts")
        let files = PosixFileSystem()
        try files.makeDirectory(folder.path + "/1")
        try files.makeDirectory(folder.path + "/self")
        try HostTree.write(
            "1 1 8:1 / /host rw - ext4 /dev/sda1 rw\n2 1 8:2 / /host/data\\040x ro master:1 - xfs /dev/sdb rw\n"
                + "3 1 8:3 / /hostile rw - xfs /dev/sdc rw\n",
            to: folder.path + "/1/mountinfo"
        )
        try HostTree.write(
            "1 1 8:9 / /own rw - ext4 /dev/z rw,ro\n",
            to: folder.path + "/self/mountinfo"
        )
        let table = MountTable(HostRoots(procfs: folder.path, rootfs: "/host/"))
        let mounts = try table.load()
        #expect(
            mounts.map { String(decoding: $0.point, as: UTF8.self) } == [
                "/", "/data x", "/hostile",
            ]
        )
        #expect(mounts.map(\.isReadOnly) == [false, true, false])
        try files.remove(folder.path + "/1/mountinfo")
        let fresh = MountTable(HostRoots(procfs: folder.path))
        let own = try fresh.load()
        #expect(own.map { String(decoding: $0.point, as: UTF8.self) } == ["/own"])
        #expect(own.map(\.isReadOnly) == [true])
    }

    @Test(
        "bad mount lines are refused with their place",
        arguments: [
            ("1 1 8:1 / /x rw\n", "the mount's type and source are missing"),
            ("1 1 8:1 /\n", "a mount has at least ten fields"),
            ("1 1 8-1 / /x rw - ext4 /dev/x rw\n", "major:minor is expected in the third field"),
        ]
    )
    func badMounts(text: String, what: String) throws {
        let folder = try TemporaryDirectory("mounts")
        try PosixFileSystem().makeDirectory(folder.path + "/1")
        let path = folder.path + "/1/mountinfo"
        try HostTree.write(text, to: path)
        let table = MountTable(HostRoots(procfs: folder.path))
        let error = #expect(throws: HostError.self) { try table.load() }
        #expect(error?.description == "\(path):1: \(what)")
    }

    @Test(
        "exclude patterns are searched for",
        arguments: [
            ("/dev", true), ("/dev/shm", true), ("/devices", false), ("/var/lib/docker/x", true),
            ("/var/lib/docker", false), ("/home", false), ("/a/dev", false),
        ]
    )
    func filters(name: String, excluded: Bool) throws {
        let filter = try HostFilter(excluding: HostOptions().mountExclude, option: "x")
        #expect(filter.excludes(name) == excluded)
    }

    @Test("a pseudo-file that goes and comes back is opened again")
    func reopening() throws {
        let folder = try TemporaryDirectory("file")
        let file = ProcFile(folder.path + "/value")
        #expect(try !file.loadIfPresent())
        try HostTree.write("one \n", to: file.path)
        try file.load()
        #expect(Array(file.word) == Array("one".utf8))
        // Longer than one piece, so that it is read in several.
        try HostTree.write([UInt8](repeating: 0x61, count: 70_000), to: file.path)
        try file.load()
        #expect(file.bytes.count == 70_000)
    }
}
