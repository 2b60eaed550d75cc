// The counters of network devices: /proc/net/dev, and what only /sys/class/net has.

internal import Model

/// `node_network_…_total`.
final class NetworkCollector: HostCollector {
    // The columns of /proc/net/dev. The kernel sums the finer counters into them as
    // node_exporter's names expect (net/core/net-procfs.c).
    private static let columns = [
        ("receive_bytes", "Bytes received."), ("receive_packets", "Packets received."),
        ("receive_errs", "Packets received with errors."),
        ("receive_drop", "Received packets that were dropped."),
        ("receive_fifo", "Receive buffer overruns."),
        ("receive_frame", "Received packets with framing errors."),
        ("receive_compressed", "Compressed packets received."),
        ("receive_multicast", "Multicast packets received."),
        ("transmit_bytes", "Bytes sent."), ("transmit_packets", "Packets sent."),
        ("transmit_errs", "Packets that could not be sent."),
        ("transmit_drop", "Packets that were dropped instead of sent."),
        ("transmit_fifo", "Send buffer overruns."), ("transmit_colls", "Collisions."),
        ("transmit_carrier", "Packets lost to a missing carrier."),
        ("transmit_compressed", "Compressed packets sent."),
    ]

    let name = "netdev"
    private let file: ProcFile
    private let sysfs: String
    private let filter: HostFilter
    private let families: [Int]
    private let nohandlerFamily: Int
    private var devices: [[UInt8]: Device] = [:]
    private var round = 0

    private struct Device {
        let isExcluded: Bool
        let nohandler: ProcFile
        var round: Int
    }

    init(_ options: HostOptions, _ writer: inout MetricWriter) throws(HostError) {
        file = ProcFile(options.roots.procfs + "/net/dev")
        sysfs = options.roots.sysfs
        filter = try HostFilter(excluding: options.networkExclude, option: "host.netdev.exclude")
        func family(_ name: String, _ help: String) -> Int {
            writer.register(HostFamily("node_network_\(name)_total", .counter, help, ["device"]))
        }
        families = NetworkCollector.columns.map { family($0.0, $0.1) }
        nohandlerFamily = family("receive_nohandler", "Received packets that nobody wanted.")
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try file.load()
        round += 1
        var text = ProcText(file)
        while text.advance() {
            // The two title lines have no colon.
            guard let head = text.upToLast(UInt8(ascii: ":")) else { continue }
            let device = Array(head.drop(while: ProcText.isBlank))
            var state = devices[device] ?? open(device)
            state.round = round
            devices[device] = state
            if state.isExcluded { continue }
            for family in families {
                guard let value = try text.number() else {
                    throw text.malformed("16 counters are expected")
                }
                writer.add(family, device, Double(value))
            }
            if try state.nohandler.loadIfPresent(),
                let value = ProcText.number(state.nohandler.word)
            {
                writer.add(nohandlerFamily, device, Double(value))
            }
        }
        // Containers come and go: do not keep the files of devices that are gone.
        devices = devices.filter { $0.value.round == round }
    }

    private func open(_ device: [UInt8]) -> Device {
        let name = String(decoding: device, as: UTF8.self)
        return Device(
            isExcluded: filter.excludes(name),
            nohandler: ProcFile("\(sysfs)/class/net/\(name)/statistics/rx_nohandler"),
            round: round
        )
    }
}
