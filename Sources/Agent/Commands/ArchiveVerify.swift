// `tsdb-agent verify s3://bucket/prefix`: proves that an archive misses nothing.
internal import Forward

/// Checks one archive.
enum ArchiveVerify {
    /// Checks everything under an operand; answers 1 when anything is missing, wrong or cannot be read.
    static func run(
        _ operand: String,
        _ arguments: CommandArguments,
        _ context: CommandContext
    ) async -> Int32 {
        do throws(DataFailure) {
            let session = try ArchiveSession(operand, arguments, context)
            let result = await check(session.reader, context)
            await session.end()
            let tally = try result.get()
            let found = tally.faults == 0 ? "nothing is missing" : "\(tally.faults) faults"
            context.out(
                "\(operand): \(tally.stores) stores, \(tally.manifests) manifests, "
                    + "\(tally.segments) segments, \(tally.bytes) bytes, \(tally.samples) samples: "
                    + "\(found)\n"
            )
            return tally.faults == 0 ? 0 : 1
        } catch {
            context.err("tsdb-agent verify: \(error)\n")
            return 1
        }
    }

    private static func check(
        _ reader: S3Reader,
        _ context: CommandContext
    ) async -> Result<S3Check.Tally, DataFailure> {
        let progress = Shown(ProgressLine(context))
        var check = S3Check(reader) { note in
            switch note {
            case .fault(let place, let what):
                progress.line.clear()
                context.out("\(place): \(what)\n")
            case .remark(let place, let what):
                progress.line.clear()
                context.err("\(place): \(what)\n")
            case .progress(let tally):
                progress.line.update("\(tally.segments) segments, \(tally.bytes >> 20) MB")
            }
        }
        defer { progress.line.clear() }
        do throws(S3Error) { return .success(try await check.run()) } catch {
            return .failure(DataFailure(error))
        }
    }

    // The check and its end both write to the line, never at the same time.
    private final class Shown {
        var line: ProgressLine

        init(_ line: ProgressLine) {
            self.line = line
        }
    }
}
