// `s3://bucket/prefix` on a command line: which object store that is, and who asks it.
internal import Formats
internal import Forward
internal import HTTP
internal import Platform
internal import Store

/// Finds the settings of an archive that a command names.
enum ArchivePlace {
    /// Options beside those of the configuration.
    static let ownOptions = [
        CommandSpec.Option(name: "endpoint", value: "URL", help: "of the object store (Amazon's)"),
        CommandSpec.Option(name: "region", value: "NAME", help: "of the bucket (us-east-1)"),
    ]

    /// All options, for commands that have none of the configuration's.
    static let options =
        ownOptions + [
            CommandSpec.Option(
                name: "config",
                value: "FILE",
                help: "take endpoint, region and keys from its [[forward]] with this bucket"
            ),
            CommandSpec.Option(
                name: "set",
                value: "KEY=VALUE",
                help: "sets a key of the configuration",
                repeats: true
            ),
        ]
    static let note = "Keys come from --config or the"
    static let secondNote =
        "environment: AWS_ACCESS_KEY_ID and its kin; AWS_REGION and AWS_ENDPOINT_URL count too."

    private static let scheme = "s3://"

    /// Whether an operand names an archive rather than a file.
    static func isOne(_ operand: String) -> Bool { operand.hasPrefix(scheme) }

    /// The settings behind an operand.
    /// - Throws: what is wrong with it, or with the configuration.
    static func options(
        of operand: String,
        _ arguments: CommandArguments,
        _ context: CommandContext
    ) throws(DataFailure) -> S3Options {
        let parts = operand.dropFirst(scheme.count).split(
            separator: "/",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let bucket = parts.first.map(String.init) ?? ""
        let environment = context.environment
        var options = S3Options(name: operand, url: "", bucket: bucket)
        if arguments["config"] != nil {
            let config = try DataPlace.config(arguments, context)
            if let known = config.archiveOptions.first(where: { $0.bucket == bucket }) {
                options = known
            }
        }
        options.name = "archive"
        options.prefix = parts.count > 1 ? String(parts[1]) : ""
        let region =
            arguments["region"] ?? (options.url.isEmpty ? environment["AWS_REGION"] : nil)
            ?? (options.url.isEmpty ? environment["AWS_DEFAULT_REGION"] : nil)
        if let region, !region.isEmpty { options.region = region }
        if let url = arguments["endpoint"] {
            options.url = url
        } else if options.url.isEmpty {
            options.url =
                environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
                ?? "https://s3.\(options.region).amazonaws.com"
        }
        if let problem = options.problems().first {
            throw DataFailure("\(operand): \(problem)")
        }
        return options
    }
}

/// An archive that a command reads, with the loop and the threads that this takes.
final class ArchiveSession {
    private static let tries = 6
    private static let scratchName = "tsdb-agent-archive"

    /// Reads it.
    let reader: S3Reader
    private let loop: EventLoop
    private let thread: NamedThread
    private let pool: BlockingPool
    private let client: CurlMulti

    /// Opens the archive that an operand names.
    /// - Throws: what keeps it from that.
    init(
        _ operand: String,
        _ arguments: CommandArguments,
        _ context: CommandContext
    ) throws(DataFailure) {
        let options = try ArchivePlace.options(of: operand, arguments, context)
        let endpoint: S3Endpoint
        do throws(URLError) { endpoint = try options.endpoint() } catch {
            throw DataFailure("\(operand): \(error)")
        }
        do throws(Errno) {
            loop = try EventLoop()
            thread = try loop.start()
            pool = try BlockingPool(name: "archive", threads: 2, queueLimit: 64)
        } catch {
            throw DataFailure("cannot start a thread: \(error)")
        }
        do throws(HTTPClientError) { client = try CurlMulti(loop: loop) } catch {
            throw DataFailure(error)
        }
        let environment = context.environment
        let directory = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let number = String(UInt64.random(in: 0 ... .max), radix: 36)
        reader = S3Reader(
            S3Client(
                endpoint,
                as: S3CredentialSource(
                    options.credentials,
                    environment: { environment[$0] },
                    files: context.files
                ),
                settings: options.settings(userAgent: AgentVersion.userAgent),
                over: client,
                pool: pool,
                wall: context.clock
            ),
            S3Names(prefix: options.prefix),
            files: context.files,
            pool: pool,
            scratch: FilePath.join(directory, "\(ArchiveSession.scratchName)-\(number)"),
            patience: S3Patience(tries: ArchiveSession.tries) { ns in
                // A cancelled wait only makes the next try come sooner.
                try? await Task.sleep(for: .nanoseconds(ns))
            }
        )
    }

    /// All segments, by store and in sequence.
    /// - Throws: why the bucket cannot be read, or that nothing is there.
    func segments() async throws(DataFailure) -> [(name: S3SegmentName, byteCount: Int)] {
        let contents: S3Reader.Contents
        do throws(S3Error) { contents = try await reader.contents() } catch {
            throw DataFailure(error)
        }
        let segments = contents.stores.values.flatMap(\.segments)
        if segments.isEmpty { throw DataFailure("there is no archive; check bucket and prefix") }
        return segments.sorted { one, other in
            let (first, second) = ("\(one.name.store)", "\(other.name.store)")
            return first == second
                ? (one.name.range.after, one.name.hash) < (other.name.range.after, other.name.hash)
                : first < second
        }
    }

    /// Lets everything go.
    func end() async {
        await client.close()
        loop.stop()
        thread.join()
        pool.stop()
    }
}

extension S3Error {
    /// Whether one object is wrong, rather than the way to all of them.
    var isOfTheObject: Bool {
        switch self {
        case .segment, .strange: true
        case .refused(_, _, let refusal): refusal.status == 404
        default: false
        }
    }
}
