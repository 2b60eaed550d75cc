// What uname(2) says, read from /proc/sys/kernel so that the roots decide whose it is.

internal import Model
internal import Platform

/// `node_uname_info`.
final class UnameCollector: HostCollector {
    let name = "uname"
    private let domain: ProcFile
    private let machine: ProcFile
    private let others: [ProcFile]
    private let family: Int

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        let folder = roots.procfs + "/sys/kernel/"
        domain = ProcFile(folder + "domainname")
        machine = ProcFile(folder + "arch")
        // Nodename, release, sysname, version: the labels in order.
        others = ["hostname", "osrelease", "ostype", "version"].map { ProcFile(folder + $0) }
        family = writer.register(
            HostFamily(
                "node_uname_info",
                .gauge,
                "Kernel, machine and host name; always 1.",
                ["domainname", "machine", "nodename", "release", "sysname", "version"]
            )
        )
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try domain.load()
        // Linux has the file since 6.1; before, uname(2) is asked.
        let hasMachine = try machine.loadIfPresent()
        for file in others { try file.load() }
        writer.begin(family)
        writer.label(domain.word)
        if hasMachine {
            writer.label(machine.word)
        } else {
            writer.label(MachineName.current().machine.utf8)
        }
        for file in others { writer.label(file.word) }
        writer.end(1)
    }
}
