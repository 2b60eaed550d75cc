// What sysfs says about processors: online, isolated, throttled. The kernel's
// Documentation/admin-guide/cputopology.rst and ABI/testing/sysfs-devices-system-cpu.

internal import Model
internal import Platform

/// `node_cpu_online`, `node_cpu_isolated`, `node_cpu_core_throttles_total`,
/// `node_cpu_package_throttles_total`; each only where the kernel has it.
final class ProcessorTopology {
    private struct Processor {
        let number: [UInt8]
        let online: ProcFile
        // Where it sits; read once, empty when sysfs does not say.
        let package: [UInt8]
        let core: [UInt8]
        let coreThrottles: ProcFile?
        let packageThrottles: ProcFile?
    }

    private let folder: String
    private let isolated: ProcFile
    private let onlineFamily: Int
    private let isolatedFamily: Int
    private let coreFamily: Int
    private let packageFamily: Int
    private var processors: [Processor]?

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        folder = roots.sysfs + "/devices/system/cpu"
        isolated = ProcFile(folder + "/isolated")
        onlineFamily = writer.register(
            HostFamily("node_cpu_online", .gauge, "Whether a processor is online.", ["cpu"])
        )
        isolatedFamily = writer.register(
            HostFamily(
                "node_cpu_isolated",
                .gauge,
                "Whether a processor is kept from the scheduler.",
                ["cpu"]
            )
        )
        coreFamily = writer.register(
            HostFamily(
                "node_cpu_core_throttles_total",
                .counter,
                "Times a core was slowed down by heat.",
                ["core", "package"]
            )
        )
        packageFamily = writer.register(
            HostFamily(
                "node_cpu_package_throttles_total",
                .counter,
                "Times a package was slowed down by heat.",
                ["package"]
            )
        )
    }

    func write(_ writer: inout MetricWriter) throws(HostError) {
        // The directories are those of the machine; taking a processor offline leaves its own.
        let processors = self.processors ?? found()
        self.processors = processors
        if let first = processors.first, try first.online.loadIfPresent() {
            for processor in processors {
                let isOnline =
                    try processor.online.loadIfPresent() && processor.online.word.spells("1")
                writer.add(onlineFamily, processor.number, isOnline ? 1 : 0)
            }
        }
        if try isolated.loadIfPresent() {
            for number in ProcessorTopology.numbers(isolated.word) {
                writer.add(isolatedFamily, String(number).utf8, 1)
            }
        }
        for processor in processors {
            guard let file = processor.coreThrottles, let count = ProcessorTopology.count(file)
            else { continue }
            writer.begin(coreFamily)
            writer.label(processor.core)
            writer.label(processor.package)
            writer.end(count)
        }
        for processor in processors {
            guard let file = processor.packageThrottles, let count = ProcessorTopology.count(file)
            else { continue }
            writer.add(packageFamily, processor.package, count)
        }
    }

    private func found() -> [Processor] {
        let names = (try? PosixFileSystem().list(folder)) ?? []
        let numbers = names.filter { $0.hasPrefix("cpu") }
            .compactMap { ProcText.number($0.utf8.dropFirst(3)) }.sorted()
        var cores: Set<[[UInt8]]> = []
        var packages: Set<[UInt8]> = []
        return numbers.map { number in
            let own = "\(folder)/cpu\(number)"
            let package = ProcessorTopology.word("\(own)/topology/physical_package_id")
            let core = ProcessorTopology.word("\(own)/topology/core_id")
            let isPlaced = !package.isEmpty && !core.isEmpty
            // Threads of one core, and cores of one package, share the counter.
            let isFirstOfCore = isPlaced && cores.insert([package, core]).inserted
            let isFirstOfPackage = isPlaced && packages.insert(package).inserted
            let throttle = "\(own)/thermal_throttle/"
            return Processor(
                number: Array("\(number)".utf8),
                online: ProcFile("\(own)/online"),
                package: package,
                core: core,
                coreThrottles: isFirstOfCore ? ProcFile(throttle + "core_throttle_count") : nil,
                packageThrottles: isFirstOfPackage
                    ? ProcFile(throttle + "package_throttle_count") : nil
            )
        }
    }

    private static func word(_ path: String) -> [UInt8] {
        let file = ProcFile(path)
        guard (try? file.loadIfPresent()) ?? false, ProcText.number(file.word) != nil else {
            return []
        }
        return Array(file.word)
    }

    private static func count(_ file: ProcFile) -> Double? {
        guard (try? file.loadIfPresent()) ?? false else { return nil }
        return ProcText.number(file.word).map { Double($0) }
    }

    // A list such as `1,4-6`; what is not one is passed over.
    static func numbers(_ list: ArraySlice<UInt8>) -> [UInt64] {
        var numbers: [UInt64] = []
        for part in list.split(separator: UInt8(ascii: ",")) {
            let ends = part.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
                .map { ProcText.number($0) }
            guard ends.count <= 2, let low = ends[0], let high = ends[ends.count - 1],
                low <= high, high - low < 4096
            else { continue }
            numbers += low...high
        }
        return numbers
    }
}
