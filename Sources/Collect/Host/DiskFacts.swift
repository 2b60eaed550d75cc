// What udev knows about a block device: its database file, lines of "E:NAME=value".

internal import Model

/// The properties of one device, as they were when last read.
struct DiskFacts {
    private var properties: [String: [UInt8]] = [:]
    /// The collection that read them; 0 for none.
    private(set) var round = 0

    /// Nothing is known.
    init() {}

    /// Reads the device's file; a host without udev has none, and that is no error.
    init(
        _ roots: HostRoots,
        major: ArraySlice<UInt8>,
        minor: ArraySlice<UInt8>,
        round: Int
    ) throws(HostError) {
        self.round = round
        let number =
            String(decoding: major, as: UTF8.self) + ":" + String(decoding: minor, as: UTF8.self)
        let file = ProcFile("\(roots.udev)/b\(number)")
        guard (try? file.loadIfPresent()) ?? false else { return }
        var text = ProcText(file)
        while text.advance() {
            guard let kind = text.upTo(UInt8(ascii: ":")), kind.spells("E"),
                let name = text.upTo(UInt8(ascii: "="))
            else { continue }
            properties[String(decoding: name, as: UTF8.self)] = Array(text.rest)
        }
    }

    /// The value of the first property that is there and not empty; empty when none is.
    subscript(names: String...) -> [UInt8] {
        for name in names {
            if let value = properties[name], !value.isEmpty { return value }
        }
        return []
    }
}

/// The families that udev's properties go into.
struct DiskFactFamilies {
    private let info: Int
    private let fileSystem: Int
    private let mapper: Int
    private let ata: [(property: String, family: Int)]

    init(_ writer: inout MetricWriter) {
        func family(_ name: String, _ help: String, _ labels: [String]) -> Int {
            writer.register(HostFamily("node_disk_\(name)", .gauge, help, labels))
        }
        info = family(
            "info",
            "What the block device is; always 1.",
            [
                "device", "major", "minor", "model", "path", "revision", "rotational", "serial",
                "wwn",
            ]
        )
        fileSystem = family(
            "filesystem_info",
            "The file system on the device; always 1.",
            ["device", "type", "usage", "uuid", "version"]
        )
        mapper = family(
            "device_mapper_info",
            "The device mapper's name of the device; always 1.",
            ["device", "lv_layer", "lv_name", "name", "uuid", "vg_name"]
        )
        ata = [
            (
                "ID_ATA_WRITE_CACHE",
                family("ata_write_cache", "Whether the ATA disk has a write cache.", ["device"])
            ),
            (
                "ID_ATA_WRITE_CACHE_ENABLED",
                family("ata_write_cache_enabled", "Whether its write cache is on.", ["device"])
            ),
            (
                "ID_ATA_ROTATION_RATE_RPM",
                family(
                    "ata_rotation_rate_rpm",
                    "Turns a minute of the ATA disk, 0 for flash.",
                    ["device"]
                )
            ),
        ]
    }

    func write(
        _ device: [UInt8],
        _ major: ArraySlice<UInt8>,
        _ minor: ArraySlice<UInt8>,
        _ isRotational: Bool,
        _ facts: DiskFacts,
        _ writer: inout MetricWriter
    ) {
        writer.begin(info)
        writer.label(device)
        writer.label(major)
        writer.label(minor)
        writer.label(facts["ID_MODEL"])
        writer.label(facts["ID_PATH"])
        writer.label(facts["ID_REVISION"])
        writer.label(CollectionOfOne<UInt8>(isRotational ? 0x31 : 0x30))
        writer.label(facts["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"])
        writer.label(facts["ID_WWN"])
        writer.end(1)
        if !facts["ID_FS_TYPE"].isEmpty {
            row(
                fileSystem,
                device,
                facts,
                &writer,
                "ID_FS_TYPE",
                "ID_FS_USAGE",
                "ID_FS_UUID",
                "ID_FS_VERSION"
            )
        }
        if !facts["DM_NAME"].isEmpty {
            row(
                mapper,
                device,
                facts,
                &writer,
                "DM_LV_LAYER",
                "DM_LV_NAME",
                "DM_NAME",
                "DM_UUID",
                "DM_VG_NAME"
            )
        }
        guard !facts["ID_ATA"].isEmpty else { return }
        for (property, family) in ata {
            if let value = FloatText.parse(facts[property].span) {
                writer.add(family, device, value)
            }
        }
    }

    private func row(
        _ family: Int,
        _ device: [UInt8],
        _ facts: DiskFacts,
        _ writer: inout MetricWriter,
        _ properties: String...
    ) {
        writer.begin(family)
        writer.label(device)
        for property in properties { writer.label(facts[property]) }
        writer.end(1)
    }
}
