// From a file, the environment and `--set` to one configuration, or to everything that is wrong with it.
internal import Formats
public import Platform

/// A configuration that may be used.
public struct LoadedConfig: Sendable, Equatable {
    public let config: AgentConfig
    /// What the operator should know and nothing fails for: unknown `TSDB_` variables.
    public let warnings: [String]
    /// What was set, from wherever, as TOML without secrets: `/api/v1/status/config`.
    public let shownText: String
}

/// Loads configurations.
///
/// Precedence: `--set`, environment, file, default.
public struct ConfigLoader: Sendable {
    /// A longer file is refused: it is not a configuration.
    public static let fileSizeLimit = 16 << 20

    /// The environment, which tests make up.
    public let environment: [String: String]
    /// `--set` options in their order; of equal keys the last one counts.
    public let options: [String]

    /// Makes a loader.
    public init(environment: [String: String] = [:], options: [String] = []) {
        self.environment = environment
        self.options = options
    }

    /// Loads a file.
    /// - Throws: everything that is wrong with the file and its overrides.
    public func load(
        path: String,
        _ files: any FileSystem
    ) throws(ConfigErrors) -> LoadedConfig {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try files.readAll(path, limit: ConfigLoader.fileSizeLimit)
        } catch {
            throw ConfigErrors(problems: [
                ConfigProblem(
                    file: path,
                    origin: .file(.init(line: 1, column: 1)),
                    key: "",
                    text: "cannot read the file: \(error); check the path and its permissions"
                )
            ])
        }
        let directory = FilePath.parent(path)
        return try load(bytes, file: path, directory: directory == "." ? "" : directory)
    }

    /// What holds without a file: the host's and the agent's own metrics, and the overrides.
    /// - Throws: everything that is wrong with the overrides.
    public func loadWithoutFile() throws(ConfigErrors) -> LoadedConfig {
        try finish([], .withoutFile, file: "(no file)", directory: "", problems: [])
    }

    /// Loads the text of a file.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: the file's name for messages.
    ///   - directory: what its relative paths start from; empty means the working directory.
    /// - Returns: the configuration with the overrides applied.
    /// - Throws: everything that is wrong with it and its overrides.
    public func load(
        _ bytes: [UInt8],
        file: String,
        directory: String
    ) throws(ConfigErrors) -> LoadedConfig {
        let document: TOMLTable
        do throws(TOMLError) {
            document = try TOMLDocument.parse(bytes)
        } catch {
            throw ConfigErrors(problems: [
                ConfigProblem(
                    file: file,
                    origin: .file(error.position),
                    key: "",
                    text: error.problem.description
                )
            ])
        }
        var builder = ConfigTreeBuilder(environment: environment, file: file)
        let root = builder.entries(document)
        return try finish(
            root,
            AgentConfig(),
            file: file,
            directory: directory,
            problems: builder.problems
        )
    }

    private func finish(
        _ root: [ConfigEntry],
        _ defaults: AgentConfig,
        file: String,
        directory: String,
        problems: [ConfigProblem]
    ) throws(ConfigErrors) -> LoadedConfig {
        var overrides = ConfigOverrides(
            root: root,
            builder: ConfigTreeBuilder(environment: environment, file: file)
        )
        overrides.apply(environment: environment)
        for option in options { overrides.apply(option: option) }

        var config = defaults
        var reader = ConfigReader(file: file, directory: directory)
        let tree = ConfigItem(
            value: .table(overrides.root),
            origin: .file(.init(line: 1, column: 1))
        )
        reader.table(tree, "", AgentConfig.keys, &config)
        var check = ConfigCheck(config: config, root: overrides.root, reader: reader)
        check.run()

        let all = problems + overrides.builder.problems + check.reader.problems
        if !all.isEmpty { throw ConfigErrors(problems: all.sorted(by: ConfigLoader.precedes)) }
        return LoadedConfig(
            config: config,
            warnings: overrides.warnings,
            shownText: ConfigText.write(overrides.root)
        )
    }

    // The order of the file, then the environment, then options.
    private static func precedes(_ one: ConfigProblem, _ other: ConfigProblem) -> Bool {
        func rank(_ origin: ConfigOrigin) -> (Int, Int, Int, String) {
            switch origin {
            case .file(let place): (0, place.line, place.column, "")
            case .environment(let name): (1, 0, 0, name)
            case .option(let key): (2, 0, 0, key)
            }
        }
        return rank(one.origin) < rank(other.origin)
    }
}
