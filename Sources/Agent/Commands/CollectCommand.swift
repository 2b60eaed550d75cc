// `tsdb-agent collect`: one host collection as text, without an agent.
internal import Collect

/// Collects the host once.
enum CollectCommand {
    /// Writes the metrics; answers 1 when a collector failed, as the rest is still worth having.
    static func run(_ request: CollectRequest, _ context: CommandContext) async -> Int32 {
        var options = HostOptions()
        if let procfs = request.procfs { options.roots.procfs = procfs }
        if let sysfs = request.sysfs { options.roots.sysfs = sysfs }
        if let rootfs = request.rootfs { options.roots.rootfs = rootfs }
        options.collectors = request.collectors
        do throws(HostError) {
            let snapshot = try HostCollectors(options).collect()
            var text: [UInt8] = []
            snapshot.writeExposition(to: &text)
            context.out(String(decoding: text, as: UTF8.self))
            for failure in snapshot.failures {
                context.err("tsdb-agent collect: \(failure.collector): \(failure.error)\n")
            }
            return snapshot.failures.isEmpty ? 0 : 1
        } catch {
            context.err("tsdb-agent collect: \(error)\n")
            return 2
        }
    }
}
