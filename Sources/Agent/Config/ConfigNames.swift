// All keys by name: what the environment may set, where a misplaced key belongs.

/// The names of the table.
enum ConfigNames {
    /// Every key that an override may set, with its place: tables by their keys, lists as a whole.
    static let settable: [[String]] = collect(AgentConfig.keys.map(\.name), [])

    /// The places, such as `storage.retention_time`, whose last part is `key`.
    ///
    /// Keys inside lists are in it: `scrape_configs.job_name`.
    static func paths(endingIn key: String) -> [String] {
        every.filter { $0.last == key }.map { $0.joined(separator: ".") }
    }

    /// Every key that works, lists' keys included: `scrape_configs.static_configs.targets`.
    static let working: [String] = every(AgentConfig.keys.map(\.name), [], laterToo: false)
        .map { $0.joined(separator: ".") }

    /// `TSDB_STORAGE_BASE_PATH` for `storage.base_path`.
    static func variable(_ path: [String]) -> String {
        "TSDB_" + path.joined(separator: "_").uppercased()
    }

    private static let every: [[String]] = every(AgentConfig.keys.map(\.name), [], laterToo: true)

    private static func collect(_ names: [ConfigName], _ path: [String]) -> [[String]] {
        names.flatMap { name in
            name.shape == .table
                ? collect(name.children, path + [name.name]) : [path + [name.name]]
        }
    }

    private static func every(
        _ names: [ConfigName],
        _ path: [String],
        laterToo: Bool
    ) -> [[String]] {
        names.flatMap { name -> [[String]] in
            switch name.shape {
            case .value: name.works || laterToo ? [path + [name.name]] : []
            case .table, .list:
                name.works || laterToo
                    ? every(name.children, path + [name.name], laterToo: laterToo) : []
            }
        }
    }
}
