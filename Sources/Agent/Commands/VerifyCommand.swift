// `tsdb-agent verify`: every checksum of files of the store, single ones or a whole directory.
internal import Codec
internal import Forward
internal import Platform
internal import Store

/// Checks files of the store: segments, buffer files, cursors, STORE, chunks.
struct VerifyCommand {
    private let context: CommandContext
    private var progress: ProgressLine
    private var files = 0
    private var bytes: Int64 = 0
    private var samples = 0
    private var damages = 0
    // Directories are checked as stores: the files in one must belong together.
    private var stores: [String: [(path: String, report: FileReport)]] = [:]

    private init(_ context: CommandContext) {
        self.context = context
        progress = ProgressLine(context)
    }

    /// Checks everything at `paths`; answers 1 when anything is damaged or cannot be read.
    static func run(_ paths: [String], _ context: CommandContext) async -> Int32 {
        var command = VerifyCommand(context)
        for path in paths { command.check(path, isNamed: true) }
        command.progress.clear()
        for (directory, files) in command.stores.sorted(by: { $0.key < $1.key }) {
            command.checkTogether(directory, files)
        }
        let found = command.damages == 0 ? "no damage" : "\(command.damages) damaged places"
        context.out(
            "\(command.files) files, \(command.bytes) bytes, \(command.samples) samples: \(found)\n"
        )
        return command.damages == 0 ? 0 : 1
    }

    private mutating func tell(_ path: String, _ text: String, at offset: Int64? = nil) {
        damages += 1
        progress.clear()
        context.out("\(path): \(offset.map { "byte \($0): " } ?? "")\(text)\n")
    }

    private mutating func remark(_ path: String, _ text: String) {
        progress.clear()
        context.err("\(path): \(text)\n")
    }

    // `isNamed`: on the command line; only then is a strange file worth a word.
    private mutating func check(_ path: String, isNamed: Bool) {
        do throws(Errno) {
            if try context.files.stat(path).kind == .directory {
                try checkDirectory(path)
                return
            }
        } catch {
            tell(path, "cannot be read: \(error)")
            return
        }
        progress.update("\(files) files, \(bytes >> 20) MB: \(path)")
        do throws(StoreError) {
            var report = try StoreVerifier.verify(path: path, fileSystem: context.files)
            if report.kind == nil { report = try cursor(path, report) }
            guard report.kind != nil else {
                if isNamed { tell(path, "no file of the store") }
                return
            }
            files += 1
            bytes += report.byteCount
            samples += report.samples
            for damage in report.damages { tell(path, damage.text, at: damage.offset) }
            for note in report.notes { remark(path, note) }
            stores[VerifyCommand.base(of: path), default: []].append((path, report))
        } catch {
            tell(path, "\(error)")
        }
    }

    // What stands in quarantine is damaged by definition, and LOCK says nothing.
    private mutating func checkDirectory(_ path: String) throws(Errno) {
        for name in try context.files.list(path) {
            let inner = FilePath.join(path, name)
            if name == DirectoryLock.fileName { continue }
            if name == "quarantine" {
                let count = try context.files.list(inner).count
                if count > 0 { remark(inner, "\(count) damaged files set aside, not checked") }
                continue
            }
            if name.hasSuffix(".tmp") {
                remark(inner, "left behind by a crash, not checked; the next start removes it")
                continue
            }
            check(inner, isNamed: false)
        }
    }

    // The directory that STORE is in, or would be.
    private static func base(of path: String) -> String {
        let parent = FilePath.parent(path)
        return ["segments", "buffer", "forward"].contains(FilePath.name(parent))
            ? FilePath.parent(parent) : parent
    }

    private mutating func checkTogether(
        _ directory: String,
        _ files: [(path: String, report: FileReport)]
    ) {
        let store = files.first { $0.report.kind == "STORE" }?.report
        if let store, let identity = store.storeID {
            for (path, report) in files {
                if let id = report.storeID, id != identity, !store.formerStores.contains(id) {
                    tell(path, "belongs to the store \(id), this is \(identity)")
                }
            }
        }
        let replaced = Set(files.flatMap(\.report.replaced))
        let segments = files.filter {
            $0.report.range != nil && !replaced.contains(FilePath.name($0.path))
        }.sorted { $0.report.after < $1.report.after }
        for (one, next) in zip(segments, segments.dropFirst())
        where one.report.through > next.report.after && one.report.storeID == next.report.storeID {
            tell(next.path, "has batches that \(FilePath.name(one.path)) has too")
        }
    }

    // One slot may be torn by a crash; then the other one is the cursor.
    private func cursor(_ path: String, _ report: FileReport) throws(StoreError) -> FileReport {
        var report = report
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try context.files.open(path, .read).read(8192, at: 0)
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
        guard bytes.starts(with: "CURS".utf8) || path.hasSuffix(".cursor") else { return report }
        report.kind = "cursor"
        var problems: [(offset: Int, text: String)] = []
        for offset in [0, 4096] {
            let end = min(offset + CursorSlot.byteCount, bytes.count)
            do throws(CodecError) {
                _ = try CursorSlot(Array(bytes[min(offset, end)..<end]).span)
            } catch {
                problems.append((offset, "\(error)"))
            }
        }
        for problem in problems {
            if problems.count == 2 {
                report.damages.append(.init(at: Int64(problem.offset), problem.text))
            } else {
                report.notes.append("slot at byte \(problem.offset) cannot be read, the other can")
            }
        }
        return report
    }
}

extension FileReport {
    fileprivate var after: SequenceNumber { range?.after ?? .zero }
    fileprivate var through: SequenceNumber { range?.through ?? .zero }
}
