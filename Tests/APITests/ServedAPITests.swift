// The API behind the real server, asked by the real client.
import HTTP
import Platform
import Testing

@testable import API

@Suite("Served API")
struct ServedAPITests {
    @Test("answers over a socket, and frees the slot of a client that left")
    func overSocket() async throws {
        var endless = FakeStore()
        endless.blocks = true
        let meters = MeterRegistry()
        var options = APIOptions()
        options.queryMaxConcurrency = 1
        try await withAPI(endless, options: options, meters: meters) { api in
            let server = HTTPServer(loop: api.loop, handler: api.service.handler)
            let client = try CurlMulti(loop: api.loop)
            let address = try await server.listen(on: SocketAddress("127.0.0.1:0"))
            let scalar = ClientRequest(.get, "http://\(address)/api/v1/query?query=1%2B1&time=4")
            let answer = try await client.send(scalar)
            #expect(
                String(decoding: answer.body, as: UTF8.self)
                    == #"{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}"#
            )
            #expect(answer.headers["content-type"] == "application/json")

            let running = meters.gauge("tsdb_agent_queries_running", "")
            var leaving = ClientRequest(.get, "http://\(address)/api/v1/query?query=up")
            leaving.timeoutMs = 50
            await #expect(throws: HTTPClientError.self) { _ = try await client.send(leaving) }
            // Were the query not cancelled, the only slot would be taken for 30 seconds.
            let deadline = api.loop.clock.now.advanced(by: .seconds(10))
            while running.value > 0, api.loop.clock.now < deadline {
                try await api.loop.sleep(for: .milliseconds(2))
            }
            #expect(running.value == 0)
            await client.close()
            await server.stop(drainMs: 100)
        }
    }
}
