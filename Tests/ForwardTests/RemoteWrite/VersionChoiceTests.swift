import HTTP
import Testing

@testable import Forward

@Suite("Version of remote write") struct VersionChoiceTests {
    static func judge(
        _ choice: inout VersionChoice,
        _ status: Int,
        written: Int? = nil,
        in version: WriteVersion? = nil,
        refused: Int? = nil
    ) -> Verdict {
        choice.judge(
            WriteAnswer(status: status, written: written),
            sent: (version ?? choice.version, 10),
            refused: refused
        )
    }

    @Test("auto begins with 2.0, and stays there once its counts came")
    func version2() {
        var choice = VersionChoice(.auto, remembered: nil)
        #expect(choice.version == .version2)
        #expect(
            VersionChoiceTests.judge(&choice, 503) == .failed(code: 503, afterMs: nil)
        )
        #expect(VersionChoiceTests.judge(&choice, 204, written: 10) == .stored)
        #expect(choice.isSettled)
        // From now on a refusal is one of the samples.
        #expect(VersionChoiceTests.judge(&choice, 400) == .rejected(code: 400))
        #expect(
            VersionChoiceTests.judge(&choice, 400, written: 4) == .partly(acked: 4, code: 400)
        )
        #expect(choice.version == .version2)
    }

    @Test(
        "auto falls back: 415, a success without counts, 400 to the very first",
        arguments: [(415, nil), (204, nil), (200, nil), (400, nil)] as [(Int, Int?)]
    )
    func fallback(status: Int, written: Int?) {
        var choice = VersionChoice(.auto, remembered: nil)
        #expect(VersionChoiceTests.judge(&choice, status, written: written) == .notUnderstood)
        #expect(choice.version == .version1)
        #expect(!choice.isSettled)
        #expect(VersionChoiceTests.judge(&choice, 204, refused: status) == .stored)
        #expect(choice.version == .version1)
        #expect(choice.isSettled)
        // What was under way in 2.0 meanwhile is not lost for it.
        for late in [415, 204, 400] {
            #expect(VersionChoiceTests.judge(&choice, late, in: .version2) == .notUnderstood)
        }
        #expect(choice.isSettled)
        #expect(VersionChoiceTests.judge(&choice, 400) == .rejected(code: 400))
        #expect(VersionChoiceTests.judge(&choice, 415) == .parked(code: 415))
    }

    @Test("a 2xx or 400 with counts is from a receiver of 2.0: nothing falls back")
    func counts() {
        var choice = VersionChoice(.auto, remembered: nil)
        #expect(
            VersionChoiceTests.judge(&choice, 400, written: 0) == .partly(acked: 0, code: 400)
        )
        #expect(choice.version == .version2)
        #expect(choice.isSettled)
        #expect(
            VersionChoiceTests.judge(&choice, 204, written: 7) == .partly(acked: 7, code: 204)
        )
        #expect(VersionChoiceTests.judge(&choice, 204, written: 11) == .stored)
    }

    @Test("samples that are bad in both versions say nothing of the receiver")
    func badInBoth() {
        var choice = VersionChoice(.auto, remembered: nil)
        #expect(VersionChoiceTests.judge(&choice, 400) == .notUnderstood)
        #expect(VersionChoiceTests.judge(&choice, 400, refused: 400) == .rejected(code: 400))
        #expect(choice.version == .version2)
        #expect(!choice.isSettled)
        #expect(VersionChoiceTests.judge(&choice, 400) == .notUnderstood)
        #expect(VersionChoiceTests.judge(&choice, 204, refused: 400) == .stored)
        #expect(choice.version == .version1)
        #expect(choice.isSettled)
    }

    @Test("who refuses samples with 400 and 1.0 with 415 speaks 2.0 alone")
    func onlyVersion2() {
        var choice = VersionChoice(.auto, remembered: nil)
        #expect(VersionChoiceTests.judge(&choice, 400) == .notUnderstood)
        #expect(VersionChoiceTests.judge(&choice, 415, refused: 400) == .rejected(code: 400))
        #expect(choice.version == .version2)
        #expect(choice.isSettled)
        // 415 to both is a receiver that someone must look at.
        var other = VersionChoice(.auto, remembered: nil)
        #expect(VersionChoiceTests.judge(&other, 415) == .notUnderstood)
        #expect(VersionChoiceTests.judge(&other, 415, refused: 415) == .parked(code: 415))
    }

    @Test("what is remembered is not tried again; 415 ends it")
    func remembered() {
        var first = VersionChoice(.auto, remembered: .version1)
        #expect(first.version == .version1)
        #expect(VersionChoiceTests.judge(&first, 400) == .rejected(code: 400))
        #expect(first.version == .version1)
        var second = VersionChoice(.auto, remembered: .version2)
        #expect(VersionChoiceTests.judge(&second, 400) == .rejected(code: 400))
        #expect(second.version == .version2)
        #expect(VersionChoiceTests.judge(&second, 415) == .notUnderstood)
        #expect(second.version == .version1)
        #expect(!second.isSettled)
    }

    @Test("a version that is asked for is the only one")
    func fixed() {
        var first = VersionChoice(.version1, remembered: .version2)
        #expect(first.version == .version1)
        #expect(VersionChoiceTests.judge(&first, 204) == .stored)
        #expect(VersionChoiceTests.judge(&first, 415) == .parked(code: 415))
        var second = VersionChoice(.version2, remembered: .version1)
        #expect(second.version == .version2)
        #expect(VersionChoiceTests.judge(&second, 400) == .rejected(code: 400))
        #expect(VersionChoiceTests.judge(&second, 415) == .parked(code: 415))
        #expect(VersionChoiceTests.judge(&second, 204) == .parked(code: 415))
        #expect(VersionChoiceTests.judge(&second, 204, written: 10) == .stored)
        #expect(second.version == .version2)
    }

    @Test(
        "the counts are read as the specification says: missing beside others is 0",
        arguments: [
            ([:], nil), (["Samples": "12"], 12), (["Histograms": "3"], 0),
            (["Samples": "5", "Exemplars": "0"], 5), (["Samples": "many"], nil),
            (["Samples": "-2"], 0), (["Samples": "many", "Exemplars": "1"], 0),
        ] as [([String: String], Int?)]
    )
    func headers(counts: [String: String], written: Int?) {
        var response = ClientResponse(.noContent)
        for (what, count) in counts {
            response.head.headers.add("x-prometheus-remote-write-\(what)-written", count)
        }
        #expect(WriteAnswer(response).written == written)
    }

    @Test("429 after a part was stored: the whole goes again, and may be there")
    func retriedPart() {
        var choice = VersionChoice(.auto, remembered: nil)
        #expect(
            VersionChoiceTests.judge(&choice, 429) == .retry(afterMs: nil, mayHaveArrived: false)
        )
        #expect(
            VersionChoiceTests.judge(&choice, 429, written: 3)
                == .retry(afterMs: nil, mayHaveArrived: true)
        )
        #expect(VersionChoiceTests.judge(&choice, 413, written: 0) == .tooLarge)
        #expect(VersionChoiceTests.judge(&choice, 401, written: 0) == .parked(code: 401))
    }

    @Test("a memo is of one version, URL and message")
    func memo() {
        var options = ForwardOptions(name: "a", url: "http://one/write")
        let memo = options.memo(of: .version1)
        #expect(options.version(of: memo) == .version1)
        #expect(options.version(of: options.memo(of: .version2)) == .version2)
        #expect(options.version(of: 0) == nil)
        options.url = "http://two/write"
        #expect(options.version(of: memo) == nil)
        options.url = "http://one/write"
        options.message = .version2
        #expect(options.version(of: memo) == nil)
    }
}
