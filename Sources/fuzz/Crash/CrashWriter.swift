// The process that is killed: opens the store, appends as fast as it is told, and notes each batch
// that was acknowledged in a file. What was handed to write(2) survives the process.
import Model
import Platform
import Store
import Synchronization
import TestSupport

/// What a writer process is told.
struct CrashOrder {
    static let lanes = 2

    /// The store's directory.
    var basePath: String
    /// Where acknowledged steps are noted, 8 bytes each.
    var notePath: String
    /// Decides everything that chance decides.
    var seed: UInt64
    /// The first step of each lane.
    var first: [Int]

    /// As arguments of a process.
    var arguments: [String] {
        ["--crash-writer", basePath, notePath, "\(seed)"] + first.map { "\($0)" }
    }

    init(basePath: String, notePath: String, seed: UInt64, first: [Int]) {
        self.basePath = basePath
        self.notePath = notePath
        self.seed = seed
        self.first = first
    }

    /// Reads the arguments; nil when they are none of this.
    init?(_ arguments: [String]) {
        guard arguments.count == 4 + CrashOrder.lanes, arguments[0] == "--crash-writer",
            let seed = UInt64(arguments[3])
        else { return nil }
        let first = arguments.dropFirst(4).compactMap { Int($0) }
        guard first.count == CrashOrder.lanes else { return nil }
        self.init(basePath: arguments[1], notePath: arguments[2], seed: seed, first: first)
    }

    /// The store's settings: limits so small that in milliseconds everything happens.
    var options: StoreOptions {
        var random = SeededRandom(seed: seed)
        var options = StoreOptions(basePath: basePath)
        options.retentionMs = 0
        options.rewrite.delayMs = 0
        options.rewrite.scanIntervalMs = 5
        options.chunkPointLimit = Int.random(in: 8...64, using: &random)
        options.bufferMaxSize = Int64.random(in: 1_000...30_000, using: &random)
        options.chunkTimeLimitMs = Int64.random(in: 5...1_000, using: &random)
        options.sync = [.never, .interval(ms: 3), .always][Int.random(in: 0..<3, using: &random)]
        return options
    }
}

/// A step that a writer process noted.
struct CrashNote: Equatable {
    var lane: Int
    var step: Int
    var repeating: Bool
    /// Whether it was acknowledged; else it was about to be tried.
    var isAcknowledged: Bool

    /// Eight bytes.
    var bytes: [UInt8] {
        let flags: UInt8 = (repeating ? 1 : 0) | (isAcknowledged ? 2 : 0)
        let number = (0..<4).map { UInt8(truncatingIfNeeded: step >> ($0 * 8)) }
        return [UInt8(lane), flags, 0x4e, 0x4f] + number
    }

    /// All notes of a file; a last one that is cut off was never made.
    static func all(_ bytes: [UInt8]) -> [CrashNote] {
        stride(from: 0, to: bytes.count / 8 * 8, by: 8).map { at in
            CrashNote(
                lane: Int(bytes[at]),
                step: (0..<4).reduce(0) { $0 | Int(bytes[at + 4 + $1]) << ($1 * 8) },
                repeating: bytes[at + 1] & 1 != 0,
                isAcknowledged: bytes[at + 1] & 2 != 0
            )
        }
    }
}

/// The writer.
struct CrashWriter {
    /// Writes until the process is killed.
    /// - Throws: when the store does not open, or does not take what it must take.
    static func run(_ order: CrashOrder) throws(FuzzFinding) {
        let database: Database
        let notes: any OpenFile
        do throws(StoreError) { database = try Database(order.options) } catch {
            throw FuzzFinding("the store does not open: \(error)")
        }
        do throws(Errno) {
            notes = try PosixFileSystem().open(order.notePath, .append)
            let threads = try (0..<CrashOrder.lanes).map { lane throws(Errno) in
                try NamedThread(name: "lane-\(lane)") {
                    write(lane, order, database, notes)
                }
            }
            var random = SeededRandom(seed: order.seed ^ 0xffff)
            while true {
                KillableProcess.pause(ns: Int64.random(in: 100_000...8_000_000, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: _ = database.rotate()
                case 1: database.maintain()
                case 2: database.rewrite()
                default:
                    _ = database.rotate()
                    database.sealPending()
                }
                if threads.isEmpty { break }
            }
        } catch {
            throw FuzzFinding("cannot note steps: \(error)")
        }
    }

    private static func write(
        _ lane: Int,
        _ order: CrashOrder,
        _ database: Database,
        _ notes: any OpenFile
    ) {
        var random = SeededRandom(seed: order.seed &+ UInt64(lane) &* 7919)
        let workload = StoreWorkload(lane: lane)
        var streams = workload.openStreams(database)
        var repeating = false
        var step = order.first[lane]
        while true {
            var note = CrashNote(
                lane: lane,
                step: step,
                repeating: repeating,
                isAcknowledged: false
            )
            put(note, notes)
            while true {
                guard
                    let batch = workload.batch(step, repeating: repeating, in: database, streams)
                else { fail("no handles for step \(step)") }
                switch database.append(batch) {
                case .stored(let count, _):
                    let offered = workload.samples(step, repeating: false).count
                    guard (offered...batch.count).contains(count) else {
                        fail("step \(step) of \(offered) samples stored \(count)")
                    }
                // The series were let go since their handles were asked for.
                case .unknownSeries: continue
                case .refused(let reason): fail("step \(step) was refused: \(reason)")
                }
                break
            }
            note.isAcknowledged = true
            put(note, notes)
            repeating = true
            step += 1
            if Int.random(in: 0..<50, using: &random) == 0 {
                workload.closeStreams(streams, database)
                streams = workload.openStreams(database)
            }
            KillableProcess.pause(ns: Int64.random(in: 1...400_000, using: &random))
        }
    }

    private static func put(_ note: CrashNote, _ notes: any OpenFile) {
        do throws(Errno) { try notes.append(note.bytes.span) } catch { fail("no notes: \(error)") }
    }

    private static func fail(_ text: String) -> Never {
        preconditionFailure("BUG: \(text)")
    }
}
