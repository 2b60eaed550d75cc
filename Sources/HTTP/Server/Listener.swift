// One listening socket of the server.
public import Platform

/// Lives on the loop's thread, inside the server's actor.
final class Listener {
    let socket: FileDescriptor
    let kind: HTTPListenerKind
    let boundAddress: SocketAddress
    var watch: Watch?
    /// Runs while nothing is accepted.
    var pause: LoopTimer?

    init(socket: consuming FileDescriptor, address: SocketAddress) {
        kind = HTTPListenerKind(address)
        // The address that was asked for stands in where the system does not tell the port.
        boundAddress = (try? Socket.localAddress(socket)) ?? address
        self.socket = socket
    }

    /// Stops accepting; the socket closes with this object.
    func close() {
        watch?.cancel()
        watch = nil
        pause?.cancel()
        pause = nil
        // A path that is left behind does no harm but looks alive; failure changes nothing.
        if let path = boundAddress.unixPath { try? PosixFileSystem().remove(path) }
    }
}

extension HTTPListenerKind {
    /// How far an address can be reached.
    public init(_ address: SocketAddress) {
        if address.unixPath != nil {
            self = .unix
        } else {
            self = address.isLoopback ? .loopback : .network
        }
    }
}
