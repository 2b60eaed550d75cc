// node_exporter's exclude flags: a pattern that is searched for in a name.

internal import Model

/// Says which names are left out.
struct HostFilter {
    private let pattern: Pattern?

    /// Compiles `text`; empty excludes nothing.
    /// - Throws: `.badPattern` naming `option`.
    init(excluding text: String, option: String) throws(HostError) {
        if text.isEmpty {
            pattern = nil
            return
        }
        do throws(PatternError) {
            // Once by itself, so that an error shows the pattern as it was written.
            _ = try Pattern(text)
            pattern = try Pattern(".*(?:\(text)).*")
        } catch {
            throw .badPattern(option: option, cause: error)
        }
    }

    func excludes(_ name: String) -> Bool { pattern?.matches(name) ?? false }

    func excludes(_ name: ArraySlice<UInt8>) -> Bool {
        pattern?.matches(String(decoding: name, as: UTF8.self)) ?? false
    }
}
