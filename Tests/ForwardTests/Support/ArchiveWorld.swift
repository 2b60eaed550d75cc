// A real store, an archive of it, and a bucket that fails as it is told.
import HTTP
import Model
import Platform
import Store
import Synchronization
import TestSupport

@testable import Forward

final class ArchiveWorld: Sendable {
    let directory: TemporaryDirectory
    let bucket: FakeBucket
    let clock: ManualClock
    let loop: EventLoop
    let pool: BlockingPool
    let files = PosixFileSystem()
    private let thread: NamedThread
    private let options: S3Options

    init(
        _ change: (inout S3Options) -> Void = { _ in },
        fault: @escaping @Sendable (Int, ClientRequest) -> FakeBucket.Fault? = { _, _ in nil }
    ) throws {
        directory = try TemporaryDirectory("archive")
        clock = ManualClock()
        bucket = FakeBucket(clock: clock, fault: fault)
        loop = try EventLoop()
        pool = try BlockingPool(name: "test", threads: 2, queueLimit: 16)
        thread = try loop.start(name: "test-loop")
        var options = S3Options(name: "archive", url: "http://s3.test:9000", bucket: "bucket")
        options.prefix = "tsdb/x"
        options.credentials.accessKeyID = "AKID"
        options.credentials.secretAccessKey = "secret"
        options.start = .oldest
        options.minBackoff = .milliseconds(1)
        options.maxBackoff = .milliseconds(2)
        change(&options)
        self.options = options
    }

    deinit {
        loop.stop()
        thread.join()
        pool.stop()
    }

    func open() throws -> Database {
        var options = StoreOptions(basePath: directory.file("store"))
        options.runsMaintenance = false
        options.sync = .never
        // Epochs end when the test says so, whatever it does to the clock.
        options.chunkTimeLimitMs = 1_000_000_000
        options.rewrite.delayMs = 0
        options.rewrite.minAgeMs = 0
        options.locksDirectory = false
        return try Database(options, wallClock: clock)
    }

    /// Stores `count` samples of each of two series, and seals them.
    func fill(_ database: Database, _ count: Int = 5) throws {
        let stream = database.openStream(.push)
        let series = ["a", "b"].map {
            Labels([Label("__name__", "m"), Label("instance", $0)])
        }
        for _ in 0..<count {
            clock.advance(by: .seconds(15))
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: clock.nowMs()))
            batch.series = try database.handles(for: series).map { try $0.get() }
            batch.values = [Double(clock.nowMs() % 1000), 1]
            guard case .stored(2, _) = database.append(batch) else {
                preconditionFailure("BUG: the store refused")
            }
        }
        database.rotate()
        database.sealPending()
    }

    func client(multipartBytes: Int = 64 << 20) throws -> S3Client {
        var settings = options.settings(userAgent: "test")
        settings.multipartBytes = multipartBytes
        return S3Client(
            try options.endpoint(),
            as: S3CredentialSource(
                options.credentials,
                environment: { _ in nil },
                files: files
            ),
            settings: settings,
            over: bucket,
            pool: pool,
            wall: clock
        )
    }

    func place(_ database: Database) -> CursorPlace {
        CursorPlace(
            files: files,
            directory: directory.file("store/forward"),
            quarantine: directory.file("store/quarantine"),
            store: CursorTag(database.storeID.bytes),
            boot: CursorTag([UInt8](repeating: 2, count: 16))
        )
    }

    func destination(
        _ database: Database,
        externalLabels: Labels? = nil
    ) throws -> S3Destination {
        var options = options
        if let externalLabels { options.externalLabels = externalLabels }
        return S3Destination(
            options,
            feed: database,
            place: place(database),
            client: try client(),
            loop: loop,
            pool: pool,
            meters: MeterRegistry(),
            log: .silent,
            wall: clock,
            random: SeededRandom(seed: 3)
        )
    }

    /// Ships until `condition` holds; killed, the archive does not hear of its end.
    func ship(
        _ database: Database,
        isKilled: Bool = false,
        externalLabels: Labels? = nil,
        until condition: @escaping @Sendable (S3Destination) async -> Bool
    ) async throws {
        let destination = try destination(database, externalLabels: externalLabels)
        let task = Task(executorPreference: loop) { await destination.run() }
        do {
            try await waitUntil { await condition(destination) }
        } catch {
            task.cancel()
            await destination.stop(within: .seconds(1))
            throw error
        }
        if !isKilled { await destination.stop(within: .seconds(5)) }
        task.cancel()
        await destination.stop(within: .zero)
        await task.value
    }

    /// Ships everything that is sealed.
    func shipAll(_ database: Database, externalLabels: Labels? = nil) async throws {
        let end = database.closedEnd
        try await ship(database, externalLabels: externalLabels) {
            await $0.status().acked?.number == end
        }
    }

    var names: S3Names { S3Names(prefix: options.prefix) }

    func reader() throws -> S3Reader {
        S3Reader(
            try client(),
            names,
            files: files,
            pool: pool,
            scratch: directory.file("scratch"),
            patience: S3Patience(tries: 3) { _ in }
        )
    }

    /// What `verify` finds.
    func check() async throws -> (tally: S3Check.Tally, faults: [String], remarks: [String]) {
        var faults: [String] = []
        var remarks: [String] = []
        var check = S3Check(try reader()) { note in
            switch note {
            case .fault(let place, let what): faults.append("\(place): \(what)")
            case .remark(let place, let what): remarks.append("\(place): \(what)")
            case .progress: break
            }
        }
        let tally = try await check.run()
        return (tally, faults, remarks)
    }

    func keys(_ kind: String) -> [String] { bucket.keys.filter { $0.contains("/\(kind)/") } }
}
