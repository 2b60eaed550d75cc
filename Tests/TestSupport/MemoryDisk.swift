// The disk of MemoryFileSystem: what the processes see, what would survive a power cut, and the log
// of what lies between. Names commit in the order they changed, as a journal does; a file's bytes
// commit by themselves, in any order, in sectors, as a disk does.
import Platform

/// What a power cut does to what was not synced.
public enum PowerCut: Sendable, CaseIterable {
    /// Everything not synced is gone.
    case dropAll
    /// Each write is kept, lost or torn, and a part of the name changes is kept, by chance.
    case tear
    /// As `tear`, but of the name changes any may be kept and any lost: no journal keeps their order.
    case scatter
    /// Everything reached the disk just in time.
    case keepAll
}

struct MemoryDisk {
    struct Inode {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [Change] = []
        var reservedEnd: Int64 = 0
        var modifiedMs: Int64 = 0
    }

    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    enum Entry: Equatable {
        case directory
        case file(Int)
    }

    /// One change of names: paths that vanish and paths that appear, in one step.
    struct NameChange {
        var removed: [String]
        var added: [String: Entry]

        func touches(_ directory: String) -> Bool {
            (removed + added.keys).contains { FilePath.parent($0) == directory }
        }

        func apply(to names: inout [String: Entry]) {
            for path in removed { names[path] = nil }
            for (path, entry) in added { names[path] = entry }
        }
    }

    private(set) var names: [String: Entry] = ["/": .directory]
    private var durableNames: [String: Entry] = ["/": .directory]
    private var journal: [NameChange] = []
    var inodes: [Int: Inode] = [:]
    private var nextInode = 1
    /// Grows with each power cut; handles of an older one are dead.
    private(set) var epoch = 0

    mutating func makeInode() -> Int {
        defer { nextInode += 1 }
        inodes[nextInode] = Inode()
        return nextInode
    }

    mutating func change(removed: [String] = [], added: [String: Entry] = [:]) {
        let change = NameChange(removed: removed, added: added)
        change.apply(to: &names)
        journal.append(change)
    }

    mutating func write(_ inode: Int, _ bytes: [UInt8], at offset: Int, nowMs: Int64) {
        let change = Change.write(offset: offset, bytes: bytes)
        change.apply(to: &inodes[inode, default: Inode()].bytes)
        inodes[inode, default: Inode()].pending.append(change)
        inodes[inode, default: Inode()].modifiedMs = nowMs
    }

    mutating func truncate(_ inode: Int, to size: Int) {
        let change = Change.truncate(size: size)
        change.apply(to: &inodes[inode, default: Inode()].bytes)
        inodes[inode, default: Inode()].pending.append(change)
    }

    mutating func sync(_ inode: Int) {
        guard let bytes = inodes[inode]?.bytes else { return }
        inodes[inode]?.durable = bytes
        inodes[inode]?.pending = []
    }

    mutating func syncDirectory(_ path: String) {
        for change in journal where change.touches(path) { change.apply(to: &durableNames) }
        journal.removeAll { $0.touches(path) }
    }

    mutating func powerCut(_ cut: PowerCut, using random: inout some RandomNumberGenerator) {
        epoch += 1
        let kept =
            switch cut {
            case .dropAll: 0
            case .keepAll, .scatter: journal.count
            case .tear: Int.random(in: 0...journal.count, using: &random)
            }
        for change in journal.prefix(kept) {
            if cut == .scatter, Bool.random(using: &random) { continue }
            change.apply(to: &durableNames)
        }
        journal = []
        names = durableNames
        for number in inodes.keys.sorted() {
            var inode = inodes[number] ?? Inode()
            for change in inode.pending {
                switch cut {
                case .dropAll: break
                case .keepAll: change.apply(to: &inode.durable)
                case .tear, .scatter: change.applyTorn(to: &inode.durable, using: &random)
                }
            }
            inode.pending = []
            inode.bytes = inode.durable
            inodes[number] = inode
        }
    }
}

extension MemoryDisk.Change {
    func apply(to content: inout [UInt8]) {
        switch self {
        case .write(let offset, let bytes):
            let end = offset + bytes.count
            if content.count < end {
                content.append(contentsOf: repeatElement(0, count: end - content.count))
            }
            content.replaceSubrange(offset..<end, with: bytes)
        case .truncate(let size):
            if content.count > size {
                content.removeLast(content.count - size)
            } else {
                content.append(contentsOf: repeatElement(0, count: size - content.count))
            }
        }
    }

    /// Kept, lost, cut short, or the length kept and the bytes zero (delayed allocation).
    func applyTorn(to content: inout [UInt8], using random: inout some RandomNumberGenerator) {
        guard case .write(let offset, let bytes) = self else {
            if Bool.random(using: &random) { apply(to: &content) }
            return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: apply(to: &content)
        case 1: break
        case 2:
            let part = Int.random(in: 0...bytes.count, using: &random)
            Self.write(offset: offset, bytes: Array(bytes[..<part])).apply(to: &content)
        default:
            let zeros = [UInt8](repeating: 0, count: bytes.count)
            Self.write(offset: offset, bytes: zeros).apply(to: &content)
        }
    }
}
