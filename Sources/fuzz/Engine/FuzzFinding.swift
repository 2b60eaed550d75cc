// What a fuzzer reports.

/// A promise that an input broke.
struct FuzzFinding: Error, Equatable, CustomStringConvertible {
    /// The promise and how it was broken.
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Reports a promise that is not kept.
    /// - Throws: the finding, unless `promise` holds.
    static func unless(
        _ promise: Bool,
        _ text: @autoclosure () -> String
    ) throws(FuzzFinding) {
        if !promise { throw FuzzFinding(text()) }
    }
}
