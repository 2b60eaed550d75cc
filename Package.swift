// swift-tools-version:6.2
// The house of tsdb-agent. The floors and who may import whom: Sources/Agent/Agent.docc/architecture.md
import PackageDescription

// One set of settings for every Swift target. `strictMemorySafety` is an error so that each unsafe
// expression carries its mark; other warnings become errors in CI only, because a newer compiler
// must not break a packager's build.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatWarning("StrictMemorySafety", as: .error),
]

func module(_ name: String, _ imports: [String]) -> Target {
    .target(
        name: name,
        dependencies: imports.map { .byName(name: $0) },
        exclude: catalogues.contains(name) ? ["\(name).docc"] : [],
        swiftSettings: settings
    )
}

func roof(_ name: String, _ imports: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: imports.map { .byName(name: $0) },
        swiftSettings: settings
    )
}

func tests(_ name: String, _ imports: [String], resources: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: imports.map { .byName(name: $0) },
        exclude: resources,
        swiftSettings: settings
    )
}

// Modules whose documents live in a DocC catalogue beside the code.
let catalogues: Set<String> = ["Agent", "Codec", "Forward", "Store"]

let targets: [Target] = [
    // Cellar: C.
    .target(name: "CLinux", publicHeadersPath: "include"),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),
    // Floor 1: ground.
    module("Model", []),
    module("Codec", ["CSnappy"]),
    module("Platform", ["CLinux"]),
    // Floor 2: languages and protocols.
    module("Formats", ["Model", "Codec"]),
    module("PromQL", ["Model"]),
    module("HTTP", ["Platform", "CCurl"]),
    // Floor 3: the database.
    module("Store", ["Model", "Codec", "Platform"]),
    // Floor 4: features.
    module("Collect", ["Model", "Codec", "Formats", "Platform", "HTTP"]),
    module("Forward", ["Model", "Codec", "Formats", "Platform", "Store", "HTTP"]),
    module("API", ["Model", "Formats", "PromQL", "Platform", "HTTP"]),
    // Floor 5: the only place that knows everybody.
    module(
        "Agent",
        [
            "Model", "Codec", "Platform", "Formats", "PromQL", "HTTP", "Store", "Collect",
            "Forward", "API",
        ]
    ),
    // Roof.
    roof("tsdb-agent", ["Agent"]),
    roof("bench", ["Model", "Codec", "Platform", "Formats", "Store"]),
    roof(
        "fuzz",
        [
            "Model", "Codec", "Platform", "Formats", "PromQL", "HTTP", "Store", "Forward",
            "TestSupport",
        ]
    ),
    // Tests mirror Sources.
    .target(
        name: "TestSupport",
        dependencies: ["Model", "Codec", "Platform", "Store", "Forward"],
        path: "Tests/TestSupport",
        swiftSettings: settings
    ),
    tests("Model", ["Model", "TestSupport"]),
    tests("Codec", ["Codec", "TestSupport"]),
    tests("Platform", ["Platform", "TestSupport"]),
    tests("Formats", ["Formats", "Model", "Codec", "TestSupport"]),
    tests("PromQL", ["PromQL", "Model", "TestSupport"]),
    tests("HTTP", ["HTTP", "Platform", "TestSupport"]),
    tests("Store", ["Store", "Model", "Codec", "Platform", "TestSupport"]),
    tests(
        "Collect",
        ["Collect", "Model", "Formats", "Platform", "HTTP", "TestSupport"],
        resources: ["Host/Fixtures"]
    ),
    tests(
        "Forward",
        ["Forward", "Model", "Codec", "Formats", "Platform", "Store", "HTTP", "TestSupport"]
    ),
    tests("API", ["API", "Model", "Formats", "PromQL", "Platform", "HTTP", "TestSupport"]),
    tests(
        "Agent",
        [
            "Agent", "Model", "Formats", "Platform", "PromQL", "Store", "Collect", "Forward",
            "API", "TestSupport",
        ]
    ),
    tests("House", []),
    tests(
        "EndToEnd",
        [
            "tsdb-agent", "Model", "Codec", "Platform", "Formats", "HTTP", "Store", "Forward",
            "TestSupport",
        ]
    ),
]

let package = Package(
    name: "tsdb-agent",
    // What Store's own interface speaks of comes along.
    products: [.library(name: "Store", targets: ["Store", "Model", "Codec", "Platform"])],
    targets: targets,
    swiftLanguageModes: [.v6]
)
