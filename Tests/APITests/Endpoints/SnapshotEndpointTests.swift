// The snapshot endpoint: Prometheus's answer, and who may ask.
import HTTP
import Testing

@testable import API

@Suite("Snapshot endpoint") struct SnapshotEndpointTests {
    private static let path = "/api/v1/admin/tsdb/snapshot"

    @Test("answers with the directory's name")
    func made() async throws {
        try await withAPI { api in
            let answer = await api.ask(.post, Self.path)
            #expect(answer.status == 200)
            #expect(
                answer.text
                    == "{\"status\":\"success\",\"data\":"
                    + "{\"name\":\"20261231T235959Z-2be650b6d019eb54\"}}"
            )
            #expect(await api.ask(.get, Self.path).status == 405)
        }
    }

    @Test("says why there is none")
    func failed() async throws {
        try await withAPI { api in
            api.agent.change { $0.snapshot = .failed("no room") }
            let answer = await api.ask(.post, Self.path)
            #expect(answer.status == 500)
            #expect(answer.text.contains("create snapshot: no room"))
        }
    }

    @Test("a page of another origin cannot make one")
    func origin() async throws {
        try await withAPI { api in
            let answer = await api.ask(
                .post,
                Self.path,
                headers: [("Origin", "http://evil.example")]
            )
            #expect(answer.status == 403)
        }
    }
}
