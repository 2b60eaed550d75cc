// file_sd: what is read, what is refused, and that a bad file changes nothing.
import Formats
import Model
import Platform
import TestSupport
import Testing

@testable import Collect

@Suite("file discovery") struct FileDiscoveryTests {
    @Test("reads groups")
    func groups() throws {
        let text = #"[{"targets":["a:1","b:2"],"labels":{"k":"v"}},{"targets":[]},{"labels":null}]"#
        let path = Label("__meta_filepath", "f")
        #expect(
            try FileTargetReader.parse(Array(text.utf8), path: "f") == [
                TargetGroup(targets: ["a:1", "b:2"], labels: [Label("k", "v"), path]),
                TargetGroup(targets: [], labels: [path]), TargetGroup(targets: [], labels: [path]),
            ]
        )
    }

    @Test(
        "refuses with the place",
        arguments: [
            ("{}", "f: the file must be an array of groups"),
            ("[1]", "f: group 1 must be an object"),
            (#"[{},{"targets":"a"}]"#, "f: group 2, targets must be an array of strings"),
            (#"[{"targets":[1]}]"#, "f: group 1, targets must be an array of strings"),
            (#"[{"labels":{"a":1}}]"#, "f: group 1, label a must be a string"),
            (
                #"[{"label":{}}]"#,
                "f: group 1, label must be left out: a group has targets and labels"
            ),
            ("[", "f is not JSON: byte 1: found the end, expected a value"),
        ]
    )
    func refused(text: String, message: String) {
        do throws(FileDiscoveryError) {
            _ = try FileTargetReader.parse(Array(text.utf8), path: "f")
            Issue.record("accepted")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test(
        "matches names",
        arguments: [
            ("*.json", "a.json", true), ("*.json", "a.yml", false), ("t-?.json", "t-1.json", true),
            ("*", "", true), ("a*b*c", "aXbYc", true), ("a*b*c", "aXcYb", false),
            ("a", "ab", false),
        ]
    )
    func names(pattern: String, name: String, isMatch: Bool) {
        #expect(
            FileTargetReader.matches(Array(name.utf8)[...], Array(pattern.utf8)[...]) == isMatch
        )
    }

    @Test("a bad file keeps its last good targets; a file that is gone does not")
    func lastGood() throws {
        let clock = ManualClock()
        let disk = MemoryFileSystem(clock: clock)
        try disk.makeDirectory("/d")
        func write(_ name: String, _ text: String) throws {
            clock.advance(by: .seconds(1))
            let file = try disk.open("/d/\(name)", .replace)
            try file.write(text.utf8.span, at: 0)
            try file.close()
        }
        var watch = FileWatch(FileDiscoveryOptions(files: ["/d/*.json", "/d/none"]))
        func look() -> (addresses: [String], reading: FileReading) {
            let (after, reading) = FileTargetReader.look(watch, disk)
            watch = after
            return (reading.groups.flatMap(\.targets), reading)
        }
        try write("b.json", #"[{"targets":["b:1"]}]"#)
        try write("a.json", #"[{"targets":["a:1"]}]"#)
        #expect(look().addresses == ["a:1", "b:1"])
        #expect(look().reading.hasChanged == false)
        try write("a.json", "[{")
        let bad = look()
        #expect(bad.addresses == ["a:1", "b:1"] && !bad.reading.hasChanged)
        #expect(
            bad.reading.problems.map(\.description) == [
                "/d/a.json is not JSON: byte 2: found the end, expected a name in quotes"
            ]
        )
        #expect(look().reading.problems.isEmpty)
        try write("a.json", #"[{"targets":["a:2"]}]"#)
        try disk.remove("/d/b.json")
        let good = look()
        #expect(good.addresses == ["a:2"] && good.reading.hasChanged)
    }
}
