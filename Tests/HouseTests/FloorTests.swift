// Arrows only point down: the imports of every file against the table of the architecture document.
import Foundation
import Testing

/// The table "Module | What it is for | May import" of the architecture document.
struct FloorTable {
    static let document = "Sources/Agent/Agent.docc/architecture.md"
    /// The table as it stands in the repository; without rows when it cannot be read.
    static let current = (try? FloorTable()) ?? FloorTable(rows: [:])
    let rows: [String: Set<String>]

    private init(rows: [String: Set<String>]) {
        self.rows = rows
    }

    private init() throws {
        var rows: [String: Set<String>] = [:]
        for line in try SourceTree.text(FloorTable.document).split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| `"), cells.count == 3 else { continue }
            let name = cells[0].trimmingCharacters(in: CharacterSet(charactersIn: "`"))
            rows[name] = cells[2] == "–" ? [] : Set(cells[2].components(separatedBy: ", "))
        }
        self.rows = rows
    }
}

@Suite("Floors") struct FloorTests {
    // Of the toolchain; everything else that a file imports is in its row of the table.
    static let anywhere: Set<String> = ["Synchronization"]
    // The C library belongs to Platform; elsewhere each file that needs it says here what for.
    static let mayImportGlibc: [String: String] = [
        "Sources/Agent/Commands/AgentProgram.swift": "exit",
        "Sources/Collect/Host/HostSystem.swift": "statvfs, localtime_r",
        "Sources/PromQL/Eval/BinaryOperator+Compute.swift": "pow, fmod",
        "Sources/PromQL/Functions/MathFunctions.swift": "mathematics",
        "Sources/Store/Head/HeadMemory.swift": "malloc, free",
        "Sources/Store/Maintenance.swift": "condition variables",
        "Sources/bench/ColdBenchmark.swift": "posix_fadvise",
        "Sources/bench/Figures.swift": "exp, log",
        "Sources/bench/main.swift": "exit",
        "Sources/fuzz/Crash/KillableProcess.swift": "posix_spawn, kill, waitpid, nanosleep",
        "Sources/fuzz/Engine/GuardedBytes.swift": "mmap, mprotect",
        "Sources/fuzz/main.swift": "exit",
    ]

    @Test("a file imports only what its module's row allows", arguments: SourceTree.sources)
    func imports(file: SourceFile) throws {
        let row = try #require(
            FloorTable.current.rows[file.module],
            "\(file.module) has no row in \(FloorTable.document)"
        )
        for name in file.imports where !FloorTests.anywhere.contains(name) {
            let mayHaveC =
                file.module == "Platform" || FloorTests.mayImportGlibc[file.path] != nil
            if name == "Glibc", mayHaveC { continue }
            #expect(
                row.contains(name),
                "\(file.path) imports \(name); \(FloorTable.document) allows \(row.sorted())"
            )
        }
    }

    @Test("the table names exactly the modules that there are")
    func modules() throws {
        let folders = try SourceTree.names(in: "Sources")
        #expect(FloorTable.current.rows.keys.sorted() == folders)
    }

    @Test("the manifest gives each module what the table allows")
    func manifest() throws {
        let manifest = try SourceTree.text("Package.swift")
        let pattern = /(?:module|roof)\(\s*"([A-Za-z-]+)",\s*\[([^\]]*)\]/
        var seen: [String: Set<String>] = [:]
        for match in manifest.matches(of: pattern) {
            let names = match.2.split { !$0.isLetter && !$0.isNumber }.map(String.init)
            seen[String(match.1)] = Set(names)
        }
        let rows = FloorTable.current.rows
        for (name, imports) in seen.sorted(by: { $0.key < $1.key }) {
            #expect(rows[name] == imports, "\(name) in Package.swift")
        }
        #expect(
            seen.count == rows.keys.filter { !["CLinux", "CCurl", "CSnappy"].contains($0) }.count
        )
    }

    @Test("every arrow of the table points down")
    func arrows() throws {
        let floors: [Set<String>] = [
            ["CLinux", "CCurl", "CSnappy"], ["Model", "Codec", "Platform"],
            ["PromQL", "Formats", "HTTP"], ["Store"], ["API", "Collect", "Forward"], ["Agent"],
            ["tsdb-agent", "bench", "fuzz"],
        ]
        func floor(_ name: String) -> Int { floors.firstIndex { $0.contains(name) } ?? -1 }
        for (name, imports) in FloorTable.current.rows {
            for other in imports {
                #expect(floor(other) < floor(name), "\(name) (floor \(floor(name))) → \(other)")
            }
        }
    }

    @Test("no Foundation under Sources", arguments: SourceTree.sources)
    func foundation(file: SourceFile) {
        let names = file.imports.filter { $0.hasPrefix("Foundation") || $0 == "Dispatch" }
        #expect(names.isEmpty, "\(file.path) imports \(names)")
    }

    @Test("test support gets by without Foundation too")
    func supportFoundation() {
        for file in SourceTree.tests where file.module == "TestSupport" {
            #expect(!file.imports.contains { $0.hasPrefix("Foundation") }, "\(file.path)")
        }
    }

    @Test("no type has its module's name")
    func clash() throws {
        let modules = Set(try SourceTree.names(in: "Sources"))
        for file in SourceTree.sources {
            for type in file.declaredTypes {
                #expect(!modules.contains(type), "\(file.path) declares \(type)")
            }
        }
    }
}
