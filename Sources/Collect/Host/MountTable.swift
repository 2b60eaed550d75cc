// The mounted file systems of /proc/PID/mountinfo: proc(5).

internal import Platform

/// One mounted file system.
struct Mount: Hashable, Sendable {
    let device: [UInt8]
    /// Where it is mounted, as the host sees it.
    let point: [UInt8]
    let type: [UInt8]
    let major: [UInt8]
    let minor: [UInt8]
    let isReadOnly: Bool
}

/// Reads the mounts that pid 1 sees, or where those are hidden the agent's own.
struct MountTable {
    private let host: ProcFile
    private let own: ProcFile
    private let rootPrefix: [UInt8]

    init(_ roots: HostRoots) {
        host = ProcFile(roots.procfs + "/1/mountinfo")
        own = ProcFile(roots.procfs + "/self/mountinfo")
        var prefix = Array(roots.rootfs.utf8)
        while prefix.last == UInt8(ascii: "/") { prefix.removeLast() }
        rootPrefix = prefix
    }

    /// The mounts in the kernel's order; of several on one place and device the first.
    func load() throws(HostError) -> [Mount] {
        var file = host
        do throws(HostError) {
            try host.load()
        } catch .cannotRead(_, let cause) where cause == .noSuchFile || cause == .permissionDenied {
            try own.load()
            file = own
        }
        var text = ProcText(file)
        var mounts: [Mount] = []
        var seen: Set<[[UInt8]]> = []
        while text.advance() {
            guard let mount = try parse(&text) else { continue }
            let identity = [mount.device, mount.point, mount.type]
            if seen.insert(identity).inserted { mounts.append(mount) }
        }
        return mounts
    }

    // `36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda rw,errors=continue`; before the
    // dash stand any number of optional fields.
    private func parse(_ text: inout ProcText) throws(HostError) -> Mount? {
        guard text.field() != nil else { return nil }
        guard text.field() != nil, let device = text.field(), text.field() != nil,
            let point = text.field(), let options = text.field()
        else { throw text.malformed("a mount has at least ten fields") }
        while let field = text.field(), !field.spells("-") {}
        guard let type = text.field(), let source = text.field() else {
            throw text.malformed("the mount's type and source are missing")
        }
        let superOptions = text.field() ?? []
        let numbers = device.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard numbers.count == 2, ProcText.number(numbers[0]) != nil,
            ProcText.number(numbers[1]) != nil
        else { throw text.malformed("major:minor is expected in the third field") }
        return Mount(
            device: MountTable.unescaped(source),
            point: seenByHost(MountTable.unescaped(point)),
            type: Array(type),
            major: Array(numbers[0]),
            minor: Array(numbers[1]),
            isReadOnly: MountTable.isReadOnly(options) || MountTable.isReadOnly(superOptions)
        )
    }

    // In a container the host's root is mounted at rootfs: /rootfs/home is the host's /home.
    private func seenByHost(_ point: [UInt8]) -> [UInt8] {
        guard !rootPrefix.isEmpty, point.starts(with: rootPrefix) else { return point }
        let rest = point.dropFirst(rootPrefix.count)
        if rest.isEmpty { return [UInt8(ascii: "/")] }
        return rest.first == UInt8(ascii: "/") ? Array(rest) : point
    }

    private static func isReadOnly(_ options: ArraySlice<UInt8>) -> Bool {
        options.split(separator: UInt8(ascii: ",")).contains { $0.spells("ro") }
    }

    // Blank, tab, newline and backslash are written as three octal digits.
    static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard text.contains(UInt8(ascii: "\\")) else { return Array(text) }
        var plain: [UInt8] = []
        var offset = text.startIndex
        while offset < text.endIndex {
            let digits = text[offset...].dropFirst().prefix(3)
            if text[offset] == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x37 })
            {
                plain.append(
                    UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) })
                )
                offset += 4
            } else {
                plain.append(text[offset])
                offset += 1
            }
        }
        return plain
    }
}
