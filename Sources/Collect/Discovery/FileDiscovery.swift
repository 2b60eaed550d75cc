// Targets from JSON files that others write: Prometheus's file_sd.
internal import Formats
internal import Model
internal import Platform

/// Which files name targets.
public struct FileDiscoveryOptions: Sendable, Equatable {
    /// Paths; the last part may hold `*`.
    public var files: [String]
    /// At least this often the files are looked at; milliseconds.
    public var refreshIntervalMs: Int64

    /// Makes options.
    public init(files: [String], refreshIntervalMs: Int64 = 300_000) {
        self.files = files
        self.refreshIntervalMs = refreshIntervalMs
    }

    /// How often the files' times are looked at.
    var pollMs: Int64 { max(100, min(refreshIntervalMs, 2_000)) }
}

/// Why a file is not taken; its last good targets stay.
public enum FileDiscoveryError: Error, Equatable {
    case unreadable(path: String, cause: String)
    case notJSON(path: String, cause: String)
    case shape(path: String, place: String, wanted: String)
}

extension FileDiscoveryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let path, let cause): "cannot read \(path): \(cause)"
        case .notJSON(let path, let cause): "\(path) is not JSON: \(cause)"
        case .shape(let path, let place, let wanted): "\(path): \(place) must be \(wanted)"
        }
    }
}

/// What one look at the files brought.
struct FileReading: Sendable {
    var groups: [TargetGroup] = []
    var hasChanged = false
    var problems: [FileDiscoveryError] = []
}

/// What is known of the files of one `file_sd_configs` entry.
struct FileWatch: Sendable {
    struct File: Sendable {
        var info: FileInfo
        var groups: [TargetGroup]
    }

    let options: FileDiscoveryOptions
    fileprivate(set) var files: [String: File] = [:]

    init(_ options: FileDiscoveryOptions) {
        self.options = options
    }
}

/// Looks at the files, on a thread that may block.
struct FileTargetReader: Sendable {
    let fileSystem: any FileSystem
    let pool: BlockingPool

    /// A file larger than this is refused.
    static let fileLimit = 16 << 20

    /// The targets of all files; a file that cannot be read keeps its last good ones.
    func read(_ watch: FileWatch) async -> (FileWatch, FileReading) {
        let fileSystem = fileSystem
        return await pool.run { () throws(Never) in FileTargetReader.look(watch, fileSystem) }
    }

    static func look(
        _ before: FileWatch,
        _ fileSystem: any FileSystem
    ) -> (FileWatch, FileReading) {
        var watch = before
        var reading = FileReading()
        let paths = FileTargetReader.expand(before.options.files, fileSystem)
        for path in paths {
            do throws(FileDiscoveryError) {
                let info = try stat(path, fileSystem)
                if let known = watch.files[path], known.info == info { continue }
                // Noted before reading: a bad file is complained about once, not at every look.
                watch.files[path] = FileWatch.File(
                    info: info,
                    groups: watch.files[path]?.groups ?? []
                )
                let groups = try parse(try contents(path, fileSystem), path: path)
                if groups != watch.files[path]?.groups { reading.hasChanged = true }
                watch.files[path]?.groups = groups
            } catch {
                reading.problems.append(error)
            }
        }
        // A file that is gone takes its targets along.
        for path in watch.files.keys.filter({ !paths.contains($0) }) {
            if watch.files.removeValue(forKey: path)?.groups.isEmpty == false {
                reading.hasChanged = true
            }
        }
        reading.groups = paths.flatMap { watch.files[$0]?.groups ?? [] }
        return (watch, reading)
    }

    private static func stat(
        _ path: String,
        _ fileSystem: any FileSystem
    ) throws(FileDiscoveryError) -> FileInfo {
        do throws(Errno) { return try fileSystem.stat(path) } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
    }

    private static func contents(
        _ path: String,
        _ fileSystem: any FileSystem
    ) throws(FileDiscoveryError) -> [UInt8] {
        do throws(Errno) { return try fileSystem.readAll(path, limit: fileLimit) } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
    }

    /// The paths that exist, sorted, each once; only the last part of a pattern may hold `*` or `?`.
    static func expand(_ patterns: [String], _ fileSystem: any FileSystem) -> [String] {
        var paths: Set<String> = []
        for pattern in patterns {
            let name = FilePath.name(pattern)
            guard name.utf8.contains(UInt8(ascii: "*")) || name.utf8.contains(UInt8(ascii: "?"))
            else {
                if (try? fileSystem.stat(pattern)) != nil { paths.insert(pattern) }
                continue
            }
            let directory = FilePath.parent(pattern)
            let isRelative = !pattern.utf8.contains(UInt8(ascii: "/"))
            for found in (try? fileSystem.list(directory)) ?? []
            where matches(Array(found.utf8)[...], Array(name.utf8)[...]) {
                paths.insert(isRelative ? found : FilePath.join(directory, found))
            }
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // Greedy with one place to go back to: linear in practice, quadratic at worst.
    static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var (at, place) = (name.startIndex, pattern.startIndex)
        var back: (name: Int, pattern: Int)?
        while at < name.endIndex {
            if place < pattern.endIndex, pattern[place] == UInt8(ascii: "*") {
                back = (at, place)
                place += 1
            } else if place < pattern.endIndex,
                pattern[place] == UInt8(ascii: "?") || pattern[place] == name[at]
            {
                at += 1
                place += 1
            } else if let (from, star) = back {
                back = (from + 1, star)
                at = from + 1
                place = star + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension FileTargetReader {
    /// The groups in a file: `[{"targets": ["host:port"], "labels": {"name": "value"}}]`.
    static func parse(
        _ bytes: [UInt8],
        path: String
    ) throws(FileDiscoveryError) -> [TargetGroup] {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(bytes) } catch {
            throw .notJSON(path: path, cause: "\(error)")
        }
        guard case .array(let items) = value else {
            throw .shape(path: path, place: "the file", wanted: "an array of groups")
        }
        var groups: [TargetGroup] = []
        for (index, item) in items.enumerated() {
            let place = "group \(index + 1)"
            guard case .object(let members) = item else {
                throw .shape(path: path, place: place, wanted: "an object")
            }
            var group = TargetGroup(targets: [])
            for member in members {
                switch (member.name, member.value) {
                case ("targets", .array(let targets)):
                    for target in targets {
                        guard case .string(let address) = target else {
                            throw .shape(
                                path: path,
                                place: "\(place), targets",
                                wanted: "an array of strings"
                            )
                        }
                        group.targets.append(address)
                    }
                case ("labels", .object(let labels)):
                    for label in labels {
                        guard case .string(let text) = label.value else {
                            throw .shape(
                                path: path,
                                place: "\(place), label \(label.name)",
                                wanted: "a string"
                            )
                        }
                        group.labels.append(Label(label.name, text))
                    }
                case ("targets", .null), ("labels", .null): break
                case ("targets", _):
                    throw .shape(
                        path: path,
                        place: "\(place), targets",
                        wanted: "an array of strings"
                    )
                case ("labels", _):
                    throw .shape(path: path, place: "\(place), labels", wanted: "an object")
                default:
                    throw .shape(
                        path: path,
                        place: "\(place), \(member.name)",
                        wanted: "left out: a group has targets and labels"
                    )
                }
            }
            group.labels.append(Label("__meta_filepath", path))
            groups.append(group)
        }
        return groups
    }
}
