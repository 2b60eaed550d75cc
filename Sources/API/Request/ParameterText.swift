// Times, durations and limits as parameters spell them: web/api/v1/api.go, parseTime and its kin.
internal import Model

enum ParameterText {
    /// Seconds as a number, or RFC 3339; finer than a millisecond is rounded.
    static func time(_ text: String) -> Timestamp? {
        if let seconds = seconds(text) {
            let ms = (seconds * 1000).rounded()
            if ms >= 9.2e18 { return .max }
            if ms <= -9.2e18 { return .min }
            return Timestamp(ms: Int64(ms))
        }
        // The ends of time as Prometheus's own clients spell them.
        switch text {
        case "-292273086-05-16T16:47:06Z": return .min
        case "292277025-08-18T07:12:54.999999999Z": return .max
        default: return RFC3339.parse(text)
        }
    }

    /// Seconds as a number, or a duration such as `1h30m`; in milliseconds.
    static func durationMs(_ text: String) throws(APIError) -> Int64 {
        if let seconds = seconds(text) {
            let ms = (seconds * 1000).rounded()
            guard ms.magnitude < 9.2e12 else {
                throw APIError(
                    .badData,
                    "cannot parse \(quoted(text)) to a valid duration. It overflows int64"
                )
            }
            return Int64(ms)
        }
        do throws(DurationTextError) {
            return try DurationText.parse(text)
        } catch {
            throw APIError(.badData, "cannot parse \(quoted(text)) to a valid duration")
        }
    }

    /// `U__` names stand for UTF-8 ones: `U__a_2e_b` is `a.b` (Prometheus, value encoding).
    static func unescapedLabelName(_ name: String) -> String? {
        guard name.utf8.starts(with: "U__".utf8) else { return name }
        var scalars = String.UnicodeScalarView()
        var rest = name.unicodeScalars.dropFirst(3)
        while let scalar = rest.popFirst() {
            guard scalar == "_" else {
                scalars.append(scalar)
                continue
            }
            let code = rest.prefix { $0 != "_" }
            rest = rest.dropFirst(code.count)
            guard rest.popFirst() != nil, code.count <= 6 else { return nil }
            if code.isEmpty {
                scalars.append("_")
            } else {
                guard let number = UInt32(String(code), radix: 16),
                    let decoded = Unicode.Scalar(number)
                else { return nil }
                scalars.append(decoded)
            }
        }
        return String(scalars)
    }

    /// The text in quotes, as Go's `%q` shows it for printable text.
    static func quoted(_ text: String) -> String {
        "\"\(Labels.escaped(text))\""
    }

    private static func seconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard let value = FloatText.parse(bytes.span), value.isFinite else { return nil }
        return value
    }
}
