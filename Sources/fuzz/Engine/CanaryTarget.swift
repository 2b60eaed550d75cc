// Fails on purpose: proves that findings and traps are seen and can be repeated.

/// Finds itself.
struct CanaryTarget: FuzzTarget {
    static let name = "canary"

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] {
        ByteMutator(tokens: ["canary"]).input([Array("coal mine".utf8)], &random)
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        try FuzzFinding.unless(!text.contains("canary"), "the canary sings")
        return true
    }
}

/// Finds itself and takes the process with it.
struct CanaryTrapTarget: FuzzTarget {
    static let name = "canary-trap"

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { CanaryTarget().input(&random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        do throws(FuzzFinding) {
            return try CanaryTarget().check(input, &random)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
    }
}
