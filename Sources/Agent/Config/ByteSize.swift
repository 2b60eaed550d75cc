// Sizes as a configuration writes them: 65536, "64KB", "512MB".

/// Reads sizes.
enum ByteSize {
    // Powers of 1024 under their everyday names.
    private static let units: [(name: String, shift: Int64)] = [
        ("KB", 10), ("MB", 20), ("GB", 30), ("TB", 40), ("B", 0), ("", 0),
    ]

    /// The bytes of a text such as `512MB`; nil when it is none or does not fit.
    static func parse(_ text: String) -> Int64? {
        let digits = text.utf8.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        var rest = text.utf8.dropFirst(digits.count)
        while rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        guard let number = Int64(String(digits) ?? ""),
            let unit = units.first(where: { $0.name.utf8.elementsEqual(rest) })
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << unit.shift)
        return overflow ? nil : bytes
    }
}
