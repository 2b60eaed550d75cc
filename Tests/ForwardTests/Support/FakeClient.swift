// A network without a network: the test decides what is answered, and when.
import HTTP
import Synchronization

final class FakeClient: HTTPClient {
    struct State: Sendable {
        var requests: [ClientRequest] = []
        var underWay = 0
        var mostUnderWay = 0
    }

    let state = Mutex(State())
    private let reply:
        @Sendable (_ number: Int, _ request: ClientRequest) async -> Result<
            ClientResponse, HTTPClientError
        >

    init(
        _ reply:
            @escaping @Sendable (Int, ClientRequest) async -> Result<
                ClientResponse, HTTPClientError
            >
    ) {
        self.reply = reply
    }

    var requests: [ClientRequest] { state.withLock { $0.requests } }

    func send(_ request: ClientRequest) async throws(HTTPClientError) -> ClientResponse {
        let number = state.withLock { state in
            state.requests.append(request)
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            return state.requests.count
        }
        let result = await reply(number, request)
        state.withLock { $0.underWay -= 1 }
        return try result.get()
    }

    func stream(
        _ request: ClientRequest,
        to sink: BodySink
    ) async throws(HTTPClientError) -> ClientResponse {
        try await send(request)
    }
}
