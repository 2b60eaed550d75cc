// All lines of /proc/meminfo: proc(5).

internal import Model

/// `node_memory_…`, one family a line, in bytes where the kernel says kB.
final class MemoryCollector: HostCollector {
    /// The kernel has about 60 lines; a file with many more is not its.
    static let maxLines = 512

    let name = "meminfo"
    private let file: ProcFile
    // In the order of the file, which hardly ever changes: the next line is looked for first.
    private var known: [(key: [UInt8], isSize: Bool, family: Int)] = []

    init(_ roots: HostRoots) {
        file = ProcFile(roots.procfs + "/meminfo")
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try file.load()
        var text = ProcText(file)
        var place = 0
        while text.advance() {
            guard let key = text.upTo(UInt8(ascii: ":")) else {
                if text.field() == nil { continue }
                throw text.malformed("a line is expected to be \"Name: number\"")
            }
            guard let value = try text.number() else {
                throw text.malformed("the number is missing")
            }
            let isSize = text.field()?.spells("kB") ?? false
            if place >= known.count || known[place].isSize != isSize
                || !key.elementsEqual(known[place].key)
            {
                place = try find(key, isSize, text, &writer)
            }
            writer.add(known[place].family, Double(value) * (isSize ? 1024 : 1))
            place += 1
        }
    }

    private func find(
        _ key: ArraySlice<UInt8>,
        _ isSize: Bool,
        _ text: ProcText,
        _ writer: inout MetricWriter
    ) throws(HostError) -> Int {
        if let place = known.firstIndex(where: {
            $0.isSize == isSize && key.elementsEqual($0.key)
        }) {
            return place
        }
        guard known.count < MemoryCollector.maxLines else {
            throw text.malformed("more than \(MemoryCollector.maxLines) lines")
        }
        let plain = String(decoding: key, as: UTF8.self)
        let family = HostFamily(
            "node_memory_\(MemoryCollector.metricName(key))\(isSize ? "_bytes" : "")",
            .gauge,
            "\(plain) of /proc/meminfo."
        )
        if let twin = writer.families.firstIndex(where: { $0.name == family.name }) {
            known.append((Array(key), isSize, twin))
        } else {
            known.append((Array(key), isSize, writer.register(family)))
        }
        return known.count - 1
    }

    // `Active(anon)` is Active_anon; anything else that no metric name may hold is an underscore.
    private static func metricName(_ key: ArraySlice<UInt8>) -> String {
        var name: [UInt8] = []
        for byte in key where byte != UInt8(ascii: ")") {
            let lower = byte | 0x20
            let isFit =
                (byte >= 0x30 && byte <= 0x39) || byte == 0x5f || (lower >= 0x61 && lower <= 0x7a)
            name.append(isFit ? byte : UInt8(ascii: "_"))
        }
        return String(decoding: name, as: UTF8.self)
    }
}
