// JSON bodies and documents: what is read can be written, and reads the same again.
import Formats

/// `JSONValue` and `JSONWriter`.
struct JSONTarget: FuzzTarget {
    static let name = "json"

    private let mutator = ByteMutator(
        tokens: [
            "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud83d\\ude00", "\\ud800", "\\n",
            "true", "false", "null", "\"a\":", "é", " ", "\t", "[[", "]]", "{\"a\":", "1E+2",
        ] + ByteMutator.numbers
    )
    private let seeds: [[UInt8]] = [
        #"{"status":"success","data":{"result":[{"metric":{"a":"b"},"value":[1,"2"]}]}}"#,
        #"[{"targets":["a:1","b:2"],"labels":{"x":"\u00e9\n"}}, null, true, -1.5e-7]"#,
        #"{"a":[[[[1]]]],"b":"","a":0.1,"":{}} "#, #""text""#, "1e22",
    ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard let value = try? JSONValue.parse(input) else { return false }
        var writer = JSONWriter()
        JSONTarget.write(value, &writer)
        let again: JSONValue
        do throws(JSONError) { again = try JSONValue.parse(writer.bytes) } catch {
            throw FuzzFinding("what was written is refused: \(error)")
        }
        try FuzzFinding.unless(again == value, "what was written reads differently")
        return true
    }

    private static func write(_ value: JSONValue, _ writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let number): writer.number(number)
        case .string(let text): writer.string(text)
        case .array(let items):
            writer.beginArray()
            for item in items { write(item, &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.name)
                write(member.value, &writer)
            }
            writer.endObject()
        }
    }
}
