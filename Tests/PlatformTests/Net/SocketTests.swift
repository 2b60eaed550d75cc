// Listeners and connections on loopback and unix sockets, and the texts of addresses.
import Platform
import TestSupport
import Testing

@Suite("Sockets") struct SocketTests {
    @Test(
        "addresses are read and written alike",
        arguments: [
            ("127.0.0.1:9477", "127.0.0.1:9477", true), ("[::1]:9477", "[::1]:9477", true),
            (":9477", "[::]:9477", false), ("0.0.0.0:0", "0.0.0.0:0", false),
            ("unix:/run/a.sock", "unix:/run/a.sock", true),
            ("[2001:DB8::0:1]:80", "[2001:db8::1]:80", false),
        ]
    )
    func address(text: String, written: String, isLoopback: Bool) throws {
        let address = try SocketAddress(text)
        #expect(address.description == written)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(
        "what is no address is refused with the reason",
        arguments: [
            ("127.0.0.1", SocketAddressError.noPort(text: "127.0.0.1")),
            ("[::1]", .noPort(text: "[::1]")), ("", .noPort(text: "")),
            ("127.0.0.1:", .noPort(text: "127.0.0.1:")),
            ("1.2.3.4:65536", .badPort(text: "1.2.3.4:65536", port: "65536")),
            ("1.2.3.4:+1", .badPort(text: "1.2.3.4:+1", port: "+1")),
            ("::1:9477", .badHost(text: "::1:9477", host: "::1")),
            ("host:80", .badHost(text: "host:80", host: "host")),
            ("unix:", .badPath(text: "unix:", limit: 107)),
        ]
    )
    func badAddress(text: String, error: SocketAddressError) {
        #expect(throws: error) { try SocketAddress(text) }
    }

    @Test("bytes go both ways and the end is seen", arguments: ["127.0.0.1:0", "[::1]:0", "unix"])
    func roundTrip(text: String) async throws {
        let directory = try TemporaryDirectory("net")
        let wanted = text == "unix" ? "unix:\(directory.file("s"))" : text
        let listener = try Socket.listen(on: try SocketAddress(wanted))
        let client = try Socket.connect(to: try Socket.localAddress(listener))
        let server = try await accepted(listener)
        #expect(Socket.pendingError(client) == nil)
        #expect(read(server) == .wouldBlock)
        #expect(Socket.write(client, Array("ping".utf8).span) == .moved(4))
        #expect(read(server) == .moved(4))
        Socket.finishWriting(client)
        #expect(read(server) == .ended)
        #expect(Socket.write(server, Array("pong".utf8).span) == .moved(4))
        #expect(read(client) == .moved(4))
        try client.close()
        _ = Socket.write(server, Array("x".utf8).span)
        let afterwards = Socket.write(server, Array("x".utf8).span)
        #expect(afterwards == .failed(.brokenPipe) || afterwards == .failed(.connectionReset))
    }

    @Test("a port in use is an error that names it")
    func inUse() throws {
        let listener = try Socket.listen(on: try SocketAddress("127.0.0.1:0"))
        let address = try Socket.localAddress(listener)
        #expect(
            listenText(address.description)
                == "cannot listen on \(address): Address already in use (errno 98); "
                + "another process has it, see `ss -ltnp`"
        )
    }

    @Test("a dead unix socket is replaced, a living one and a plain file are not")
    func staleUnixSocket() throws {
        let directory = try TemporaryDirectory("net")
        let path = directory.file("s")
        #expect(listenText("unix:\(path)") == "listening")
        #expect(listenText("unix:\(path)") == "listening")
        let living = try Socket.listen(on: try SocketAddress("unix:\(path)"))
        #expect(listenText("unix:\(path)").hasPrefix("cannot listen on unix:\(path): Address al"))
        try living.close()
        try AtomicReplace.write(PosixFileSystem(), directory.file("plain"), [1])
        #expect(
            listenText("unix:\(directory.file("plain"))")
                == "cannot listen on unix:\(directory.file("plain")): "
                + "a file that is no socket is there; move it away"
        )
    }

    private func listenText(_ text: String) -> String {
        do {
            try Socket.listen(on: try SocketAddress(text)).close()
            return "listening"
        } catch {
            return "\(error)"
        }
    }

    private func accepted(_ listener: borrowing FileDescriptor) async throws -> FileDescriptor {
        let deadline = SystemClock().now.advanced(by: .seconds(10))
        while SystemClock().now < deadline {
            if let socket = try Socket.accept(listener) { return socket.take() }
            await Task.yield()
        }
        throw Errno.timedOut
    }

    private func read(_ socket: borrowing FileDescriptor) -> SocketProgress {
        var progress = SocketProgress.wouldBlock
        _ = [UInt8](capacity: 64) { progress = Socket.read(socket, into: &$0) }
        return progress
    }
}
