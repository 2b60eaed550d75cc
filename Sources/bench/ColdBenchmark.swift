// Queries whose segment is not in the page cache: what they read from the disk, and for how long.
import Glibc
import Model
import Platform
import Store

enum ColdBenchmark {
    static func run(_ report: BenchReport) throws {
        report.heading("100,000 series × 240 points in a segment that is not in memory")
        var store = try BenchStore(targets: 100, seriesCount: 1000)
        _ = store.append(rounds: 240)
        store.database.rotate()
        store.database.sealPending()
        // A mapping of its own, of which only header and footer were touched.
        store = try store.reopened()
        let files = PosixFileSystem()
        let folder = store.path + "/segments"
        let bytes = try files.list(folder).reduce(0) { sum, name in
            sum + Int(try files.stat("\(folder)/\(name)").size)
        }
        report.figure("segment", Double(bytes) / 1e6, "MB")
        var random = BenchRandom(seed: 5)
        try measure(report, "one series", &store, 40) {
            [
                LabelMatcher(
                    "instance",
                    equals: "10.0.0.\(Int.random(in: 0..<100, using: &random)):9100"
                ),
                LabelMatcher("part", equals: "part-\(Int.random(in: 0..<1000, using: &random))"),
            ]
        }
        try measure(report, "a target's 1,000 series", &store, 10) {
            let target = Int.random(in: 0..<100, using: &random)
            return [LabelMatcher("instance", equals: "10.0.0.\(target):9100")]
        }
        try measure(report, "all series", &store, 5) { [] }
    }

    private static func measure(
        _ report: BenchReport,
        _ what: String,
        _ store: inout BenchStore,
        _ count: Int,
        _ matchers: () -> [LabelMatcher]
    ) throws {
        var took = Figures()
        var read = Figures()
        var columns = SampleColumns()
        for _ in 0..<count {
            store = try store.reopened()
            try forget(store.path + "/segments")
            let wanted = matchers()
            let before = try readBytes()
            took.add(
                try seconds {
                    let selection = try store.database.select(wanted, in: .all)
                    for index in 0..<selection.count {
                        columns.removeAll()
                        selection.read(at: index, in: .all, into: &columns)
                    }
                }
            )
            read.add(Double(try readBytes() - before))
        }
        report.figure("\(what), read from the disk", read, "KiB", scale: 1.0 / 1024)
        report.figure("\(what), took", took, "ms", scale: 1000)
    }

    // Pages that nobody has mapped leave the page cache.
    private static func forget(_ folder: String) throws(Errno) {
        for name in try PosixFileSystem().list(folder) {
            // SAFETY: the path lives as long as the call.
            let file = unsafe Glibc.open("\(folder)/\(name)", O_RDONLY)
            guard file >= 0 else { throw .current }
            defer { Glibc.close(file) }
            fsync(file)
            posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        }
    }

    // What the kernel fetched from the disk for this process: proc_pid_io(5).
    private static func readBytes() throws(Errno) -> Int {
        let text = String(
            decoding: try PosixFileSystem().open("/proc/self/io", .read).read(4096, at: 0),
            as: UTF8.self
        )
        let line = text.split(separator: "\n").first { $0.hasPrefix("read_bytes: ") }
        return line.flatMap { Int($0.dropFirst(12)) } ?? 0
    }
}
