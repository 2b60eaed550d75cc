// Configuration texts as the tests write them.

@testable import Agent

/// Loads `text` as `agent.toml` in `directory`.
func load(
    _ text: String,
    environment: [String: String] = [:],
    options: [String] = [],
    directory: String = ""
) throws(ConfigErrors) -> LoadedConfig {
    try ConfigLoader(environment: environment, options: options)
        .load(Array(text.utf8), file: "agent.toml", directory: directory)
}

/// What is wrong with `text`, one problem a line.
func problems(
    _ text: String,
    environment: [String: String] = [:],
    options: [String] = []
) -> [String] {
    do throws(ConfigErrors) {
        _ = try load(text, environment: environment, options: options)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}
