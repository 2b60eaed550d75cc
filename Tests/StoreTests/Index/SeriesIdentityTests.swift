// Ids are for ever: these must never change.
import Model
import Testing

@testable import Store

@Suite("Series identity") struct SeriesIdentityTests {
    @Test(
        "is the first half of SHA-256 over the canonical label bytes",
        arguments: [
            // printf '\010__name__\002up' | sha256sum
            (["__name__": "up"], "e78f9c105a2662fe90fc0159f95151d2"),
            ([:], "e3b0c44298fc1c149afbf4c8996fb924"),
            // printf '\010__name__\002up\003job\004node' | sha256sum
            (["job": "node", "__name__": "up"], "eef35c4e6d37069764aad75af70033d6"),
        ] as [([String: String], String)]
    )
    func known(pairs: [String: String], id: String) {
        #expect(SeriesIdentity.id(of: TestSegment.labels(pairs)).description == id)
    }
}
