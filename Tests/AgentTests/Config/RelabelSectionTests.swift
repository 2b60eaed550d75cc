// Relabelling rules in the configuration: how they are read, and where their errors are.
import Formats
import Testing

@testable import Agent

@Suite("Relabelling in the configuration") struct RelabelSectionTests {
    private func problems(_ text: String) -> [String] {
        do throws(ConfigErrors) {
            _ = try ConfigLoader(environment: [:], options: [])
                .load(Array(text.utf8), file: "agent.toml", directory: "")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func destination(_ rules: String) -> String {
        "[[forward]]\nname = \"a\"\nkind = \"remote_write\"\nurl = \"http://a/w\"\n\(rules)"
    }

    @Test("every key has Prometheus's default")
    func defaults() {
        let rule = RelabelRule()
        #expect(rule.separator == ";" && rule.regex == "(.*)" && rule.replacement == "$1")
        #expect(rule.action == .replace && rule.modulus == 0 && rule.sourceLabels.isEmpty)
        #expect(
            RelabelSection.keys.map(\.name.name) == [
                "source_labels", "separator", "regex", "modulus", "target_label", "replacement",
                "action",
            ]
        )
    }

    @Test("says the place of every problem of every rule")
    func problems() {
        let text = destination(
            """
            [[forward.write_relabel_configs]]
            source_labels = ["a"]
            regex = "x("
            action = "Drop"
            [[forward.write_relabel_configs]]
            action = "hashmod"
            modulus = -1
            [[forward.write_relabel_configs]]
            action = "hashmod"
            target_label = "b"
            [[forward.write_relabel_configs]]
            action = "labeldorp"
            regex = "x"
            [[forward.write_relabel_configs]]
            action = "labeldrop"
            regex = "x"
            source_label = ["a"]
            """
        )
        #expect(
            problems(text) == [
                "agent.toml:7:1: forward[0].write_relabel_configs[0].regex: error parsing regexp: "
                    + "missing closing ): `x(`; mend the pattern",
                "agent.toml:11:11: forward[0].write_relabel_configs[1].modulus: is -1; write a whole "
                    + "number, at least 0",
                "agent.toml:12:11: forward[0].write_relabel_configs[2].modulus: is missing or 0; a "
                    + "hashmod rule divides by it, write the number of shards",
                "agent.toml:16:10: forward[0].write_relabel_configs[3].action: \"labeldorp\" is no "
                    + "action; did you mean \"labeldrop\"?",
                "agent.toml:21:1: forward[0].write_relabel_configs[4].source_label: unknown key; did you "
                    + "mean source_labels?",
            ]
        )
    }

    @Test("scrape jobs have the same tables")
    func scrape() {
        let text = """
            [[scrape_configs]]
            job_name = "a"
            relabel_configs = [ { source_labels = ["a"] } ]
            metric_relabel_configs = [ { action = "keepequal", target_label = "x", regex = "y" } ]
            """
        #expect(
            problems(text) == [
                "agent.toml:3:21: scrape_configs[0].relabel_configs[0].target_label: is missing; name "
                    + "the label that the replace rule is about",
                "agent.toml:4:72: scrape_configs[0].metric_relabel_configs[0].regex: cannot be set "
                    + "for a keepequal rule, which has only source_labels and target_label; remove it",
            ]
        )
    }
}
