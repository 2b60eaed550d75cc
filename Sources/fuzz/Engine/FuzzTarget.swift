// What is fuzzed: a source of inputs and what must hold for any of them.

/// One reader of bytes from outside, with the promises that it makes.
///
/// Both methods depend on nothing but their arguments, so that any case can be repeated.
protocol FuzzTarget: SendableMetatype {
    /// The name on the command line.
    static var name: String { get }

    /// Prepares seeds and whatever else the cases share.
    /// - Throws: when a seed cannot be made.
    init() throws(FuzzFinding)

    /// The next input.
    func input(_ random: inout FuzzRandom) -> [UInt8]

    /// Feeds the input to the reader and checks what came out.
    ///
    /// `random` is seeded with the input, so the input alone decides.
    /// - Returns: whether the reader took the input as valid.
    /// - Throws: the promise that was broken.
    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool
}
