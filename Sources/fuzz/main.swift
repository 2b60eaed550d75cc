// The fuzzers: everything that reads bytes from outside, fed with damaged input from a seed.
import Glibc

/// Every target; a new one is added here.
enum Registry {
    static let targets: [any FuzzTarget.Type] = [
        TOMLTarget.self, JSONTarget.self, XMLTarget.self, ExpositionTarget.self,
        SeriesLabelsTarget.self, RelabelTarget.self, RemoteWriteTarget.self,
        RemoteWriteV2Target.self, URLTarget.self, TextTarget.self, PromQLTarget.self,
        PatternTarget.self, HTTPTarget.self,
        GorillaTarget.self, ColumnarTarget.self, SnappyTarget.self, ChunkTarget.self,
        SegmentTarget.self, BufferTarget.self, RecoveryTarget.self, CursorTarget.self,
    ]
    /// Fail on purpose; only run when asked for.
    static let canaries: [any FuzzTarget.Type] = [CanaryTarget.self, CanaryTrapTarget.self]

    /// The targets that the command line asks for.
    /// - Throws: when one is not known.
    static func chosen(_ options: FuzzOptions) throws(FuzzFinding) -> [any FuzzTarget.Type] {
        if let canary = options.canary {
            return [canary == "trap" ? CanaryTrapTarget.self : CanaryTarget.self]
        }
        if options.names.isEmpty { return targets }
        var chosen: [any FuzzTarget.Type] = []
        for name in options.names {
            guard let target = targets.first(where: { $0.name == name }) else {
                let known = targets.map { $0.name }.joined(separator: " ")
                throw FuzzFinding("no target \(name); there are: \(known)")
            }
            chosen.append(target)
        }
        return chosen
    }
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--list"] {
    for target in Registry.targets { print(target.name) }
    exit(0)
}
do throws(FuzzFinding) {
    if let order = CrashOrder(arguments) { try CrashWriter.run(order) }
    let options = try FuzzOptions(arguments)
    let run = FuzzRun(options)
    if options.kills + options.powerCuts + options.shippings > 0 {
        if options.shippings > 0 { try ShipRuns.run(options.shippings, from: options.seed) }
        if options.powerCuts > 0 { try PowerCuts.run(options.powerCuts, from: options.seed) }
        if options.kills > 0 {
            try CrashRounds(directory: options.crashDirectory, seed: options.seed)
                .run(options.kills)
        }
    } else if let path = options.replay {
        try run.replay(path, Registry.targets + Registry.canaries)
    } else {
        for target in try Registry.chosen(options) { try run.run(target) }
    }
} catch {
    FuzzRun.say("\(error)")
    exit(1)
}
