// Every checksum of a file of the store, and whether its records can be read: nothing is changed.
internal import Codec
internal import Model
public import Platform

/// What a check of one file found.
public struct FileReport: Sendable, Equatable {
    /// A place that is not as it was written.
    public struct Damage: Sendable, Equatable {
        /// In bytes from the begin of the file; nil where the text says it, or where it is about the
        /// file as a whole.
        public var offset: Int64?
        /// What is wrong there.
        public var text: String

        /// Makes a damage.
        public init(at offset: Int64? = nil, _ text: String) {
            self.offset = offset
            self.text = text
        }
    }

    /// `segment`, `buffer file`, `STORE`, `chunk`; nil for what is no file of the store.
    public var kind: String?
    /// The length of the file.
    public var byteCount: Int64 = 0
    /// Samples that can be read.
    public var samples = 0
    /// What is damaged, in order.
    public var damages: [Damage] = []
    /// What is no damage but worth knowing: a torn tail is what a crash leaves.
    public var notes: [String] = []
    /// The store that the file belongs to, where it says so.
    public var storeID: StoreID?
    /// Of STORE: the stores whose files a snapshot has taken over.
    public var formerStores: [StoreID] = []
    /// The batches that a segment stands for.
    public var range: SequenceRange?
    /// Segments that a segment replaces.
    public var replaced: [String] = []

    // A hopeless file need not be told byte by byte.
    private static let damageLimit = 100

    init() {}

    fileprivate mutating func add(_ text: String, at offset: Int64? = nil) {
        if damages.count == FileReport.damageLimit {
            damages.append(Damage("and more"))
        } else if damages.count < FileReport.damageLimit {
            damages.append(Damage(at: offset, text))
        }
    }
}

/// Checks files of the store.
public enum StoreVerifier {
    /// Reads all of the file at `path`.
    ///
    /// - Throws: `.cannot` when it cannot be read, `.newerVersion` when this program does not know it.
    public static func verify(
        path: String,
        fileSystem: any FileSystem
    ) throws(StoreError) -> FileReport {
        var report = FileReport()
        let file: any OpenFile
        let head: [UInt8]
        do throws(Errno) {
            file = try fileSystem.open(path, .read)
            report.byteCount = try file.size()
            head = try file.read(BufferFormat.headerBytes, at: 0)
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
        switch head.count >= 4 ? ByteLoads.u32(head.span, 0) : 0 {
        case SegmentFormat.magic: try segment(path, fileSystem, &report)
        case BufferFormat.magic: try buffer(path, file, head, &report)
        case StoreIdentity.magic: try identity(path, file, &report)
        case ChunkHeader.magic: try chunk(path, file, &report)
        case LedgerBook.magic: try ledger(path, file, &report)
        default: break
        }
        return report
    }

    private static func read(
        _ path: String,
        _ file: any OpenFile,
        limit: Int
    ) throws(StoreError) -> [UInt8] {
        do throws(Errno) {
            return try file.read(Int(min(try file.size(), Int64(limit))), at: 0)
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
    }

    private static func identity(
        _ path: String,
        _ file: any OpenFile,
        _ report: inout FileReport
    ) throws(StoreError) {
        report.kind = StoreLayout.identityName
        switch StoreIdentity.parse(try read(path, file, limit: 4096)) {
        case .identity(let identity):
            report.storeID = identity.id
            report.formerStores = identity.former
        case .newerVersion(let version): throw .newerVersion(path: path, version: version)
        case .damaged: report.add("its checksum or length is wrong")
        }
    }

    private static func ledger(
        _ path: String,
        _ file: any OpenFile,
        _ report: inout FileReport
    ) throws(StoreError) {
        report.kind = StoreLayout.ledgerName
        switch LedgerBook.parse(try read(path, file, limit: LedgerBook.byteLimit)) {
        case .book(_, let store): report.storeID = store
        case .newerVersion(let version): throw .newerVersion(path: path, version: version)
        case .damaged: report.add("its checksum or length is wrong")
        }
    }

    private static func chunk(
        _ path: String,
        _ file: any OpenFile,
        _ report: inout FileReport
    ) throws(StoreError) {
        report.kind = "chunk"
        let bytes = try read(path, file, limit: 1 << 30)
        do throws(ChunkError) {
            let header = try ChunkHeader(bytes.span)
            let payload = try header.verify(bytes.span)
            var samples = SampleColumns()
            try ChunkCoders(StoreEngines()).decode(
                bytes.span.extracting(payload),
                header,
                into: &samples
            )
            report.samples = samples.count
        } catch {
            report.add("\(error)", at: 0)
        }
    }

    // MARK: Segments

    private static func segment(
        _ path: String,
        _ fileSystem: any FileSystem,
        _ report: inout FileReport
    ) throws(StoreError) {
        report.kind = "segment"
        do throws(SegmentError) {
            let segment = try SegmentReader(fileSystem, path: path)
            report.storeID = segment.storeID
            report.range = segment.range
            report.replaced = segment.replaced
            let name = StoreLayout.segmentName(segment.storeID, segment.range)
            if !segment.name.hasPrefix(name) {
                report.notes.append("its own name is \(name)")
            }
            try chunks(of: segment, &report)
            try segment.verify()
        } catch {
            switch error {
            case .cannot(let action, let path, let cause):
                throw .cannot(action: action, path: path, cause: cause)
            case .newerVersion(let path, let version):
                throw .newerVersion(path: path, version: version)
            default:
                let damage = error.place
                if !report.damages.contains(where: { $0.offset == damage.offset }) {
                    report.add(damage.text, at: damage.offset)
                }
            }
        }
    }

    // One bad chunk does not end the check: the others are told too.
    private static func chunks(
        of segment: SegmentReader,
        _ report: inout FileReport
    ) throws(SegmentError) {
        var samples = SampleColumns()
        for series in 0..<segment.seriesCount {
            for chunk in try segment.chunks(of: series) {
                samples.removeAll()
                do throws(SegmentError) {
                    try segment.decode(chunk, into: &samples)
                    report.samples += samples.count
                } catch {
                    report.add(error.place.text, at: error.place.offset)
                }
            }
        }
    }

    // MARK: Buffer files

    private static func buffer(
        _ path: String,
        _ file: any OpenFile,
        _ head: [UInt8],
        _ report: inout FileReport
    ) throws(StoreError) {
        report.kind = "buffer file"
        let part: BufferPart
        do throws(BufferHeader.Problem) {
            part = try BufferHeader.parse(head)
        } catch {
            switch error {
            case .damaged(let reason): return report.add(reason, at: 0)
            case .newerVersion(let version): throw .newerVersion(path: path, version: version)
            }
        }
        report.storeID = part.storeID
        // One good copy is enough to read the file, but the other one is damaged all the same.
        let half = BufferFormat.headerBytes / 2
        if head[..<half] != head[half...] {
            report.add("the two copies of the header differ", at: 0)
        }
        do throws(Errno) {
            let kept = FilePart(found: part, at: path, byteCount: report.byteCount)
            try records(of: FileSource(file, of: kept), BufferDecoder(start: part.start), &report)
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
    }

    private static func records(
        of source: FileSource,
        _ start: BufferDecoder,
        _ report: inout FileReport
    ) throws(Errno) {
        var decoder = start
        var scanner = BufferScanner(source)
        while true {
            switch try scanner.next(limit: report.byteCount) {
            case .record(let head, let payload):
                do throws(CodecError) {
                    let bytes = Array(scanner.window[payload])
                    switch try decoder.decode(head, bytes.span) {
                    case .definition: break
                    case .lost(let number): report.add("batch \(number) builds on a damaged one")
                    case .batch(let batch): report.samples += batch.values.count
                    }
                } catch {
                    report.add("the record that ends at byte \(scanner.offset): \(error)")
                }
            case .damage(let range):
                report.add(
                    "no record in \(range.upperBound - range.lowerBound) bytes",
                    at: range.lowerBound
                )
            case .end(let tail):
                if !tail.isEmpty {
                    report.notes.append(
                        "torn tail of \(tail.upperBound - tail.lowerBound) bytes "
                            + "from byte \(tail.lowerBound)"
                    )
                }
                return
            }
        }
    }
}

extension SegmentError {
    /// Where in the file, and what, without the path.
    var place: (offset: Int64?, text: String) {
        switch self {
        case .cannot(let action, _, let cause): (nil, "cannot \(action) it: \(cause)")
        case .newerVersion(_, let version): (nil, "version \(version) is newer")
        case .tooShort(_, let count): (0, "\(count) bytes are no segment")
        case .magic(_, let part, let offset, _):
            (Int64(offset), "no segment \(part.rawValue) here; the file was cut or overwritten")
        case .checksum(_, let part, let offset, _, _):
            (Int64(offset), "the checksum of the \(part.rawValue) is wrong")
        case .bounds(_, let part, let offset, let length, let limit):
            (Int64(offset), "\(part.rawValue) of \(length) bytes, \(limit) fit")
        case .undecodable(_, let part, let offset, let cause):
            (Int64(offset), "\(part.rawValue): \(cause)")
        case .chunk(_, let offset, let cause): (Int64(offset), "chunk: \(cause)")
        case .contradiction(_, let part, let offset, let what):
            (Int64(offset), "\(part.rawValue): \(what)")
        }
    }
}
