// Runs targets: a case after the other until the time is up or a promise is broken.
import Codec
import Platform

/// The loop.
struct FuzzRun {
    let options: FuzzOptions
    private let clock = SystemClock()

    // A case takes microseconds; what takes this long is quadratic or worse in a few kilobytes.
    private static let slowCaseMs: Int64 = 5_000

    init(_ options: FuzzOptions) {
        self.options = options
    }

    /// Runs one target for its time.
    /// - Throws: the finding, with seed, case and input.
    func run(_ type: any FuzzTarget.Type) throws(FuzzFinding) {
        let target = try type.init()
        let note = try disk { () throws(Errno) in
            try FuzzNote(directory: options.crashDirectory, target: type.name)
        }
        FuzzRun.say("\(type.name): seed \(options.seed), case by case in \(note.path)")
        let start = clock.nowNs()
        let end = start + Int64(options.seconds) * 1_000_000_000
        var number: UInt64 = 0
        var accepted = 0
        while clock.nowNs() < end {
            var random = FuzzRandom(seed: options.seed, case: number)
            let input = target.input(&random)
            try disk { () throws(Errno) in
                try note.write(type.name, seed: options.seed, case: number, input)
            }
            do throws(FuzzFinding) {
                if try check(target, input) { accepted += 1 }
            } catch {
                throw FuzzFinding(
                    """
                    \(type.name): \(error)
                    seed \(options.seed), case \(number), again with --replay \(note.path)
                    input: \(FuzzRun.hex(input))
                    """
                )
            }
            number += 1
        }
        try disk { () throws(Errno) in try note.remove() }
        let seconds = (clock.nowNs() - start) / 1_000_000_000
        let share = number == 0 ? 0 : accepted * 100 / Int(number)
        FuzzRun.say("\(type.name): \(number) cases in \(seconds) s, \(share) % valid, no finding")
    }

    /// Runs the case of a note.
    /// - Throws: the finding.
    func replay(_ path: String, _ targets: [any FuzzTarget.Type]) throws(FuzzFinding) {
        let note = try disk { () throws(Errno) in try FuzzNote.read(path) }
        guard let note, let type = targets.first(where: { $0.name == note.target }) else {
            throw FuzzFinding("\(path) is no note of a target")
        }
        FuzzRun.say("\(type.name): input \(FuzzRun.hex(note.input))")
        let isValid = try check(try type.init(), note.input)
        FuzzRun.say("\(type.name): \(isValid ? "valid" : "refused"), no finding")
    }

    private func check(
        _ target: any FuzzTarget,
        _ input: [UInt8]
    ) throws(FuzzFinding) -> Bool {
        let begin = clock.nowNs()
        var random = FuzzRandom(seed: XXH64.hash(input.span))
        let isValid = try target.check(input, &random)
        let ms = (clock.nowNs() - begin) / 1_000_000
        try FuzzFinding.unless(ms < FuzzRun.slowCaseMs, "the case took \(ms) ms")
        return isValid
    }

    private func disk<Result>(
        _ body: () throws(Errno) -> Result
    ) throws(FuzzFinding) -> Result {
        do throws(Errno) { return try body() } catch {
            throw FuzzFinding("cannot use \(options.crashDirectory): \(error)")
        }
    }

    /// Says something at once: what is buffered dies with a trap.
    static func say(_ text: String) {
        StandardErrorSink().write(line: Array("\(text)\n".utf8))
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
