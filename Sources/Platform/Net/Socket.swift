// Non-blocking stream sockets. The functions answer at once; the event loop says when to try again.
internal import CLinux
internal import Glibc

/// Why there is no listener.
public enum SocketError: Error, Equatable {
    case cannotListen(address: String, cause: Errno)
    case notASocket(path: String)
}

extension SocketError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotListen(let address, .addressInUse):
            "cannot listen on \(address): \(Errno.addressInUse); another process has it, see `ss -ltnp`"
        case .cannotListen(let address, let cause):
            "cannot listen on \(address): \(cause)"
        case .notASocket(let path):
            "cannot listen on unix:\(path): a file that is no socket is there; move it away"
        }
    }
}

/// What one non-blocking read or write did.
public enum SocketProgress: Sendable, Equatable {
    /// So many bytes, at least one.
    case moved(Int)
    /// Nothing now; wait for readiness.
    case wouldBlock
    /// The peer has sent everything (reads only).
    case ended
    case failed(Errno)
}

/// A connection that was just accepted.
public struct AcceptedSocket: ~Copyable, Sendable {
    public var descriptor: FileDescriptor
    public let peer: SocketAddress

    /// Takes the parts apart.
    public consuming func take() -> FileDescriptor { descriptor }
}

/// Stream sockets over descriptors; all are non-blocking and close-on-exec.
public enum Socket {
    /// Listens.
    ///
    /// A unix socket's path that is left over from a dead process is replaced; a living one is not.
    /// - Throws: `.cannotListen` with the cause, `.notASocket` when a file is in the way.
    public static func listen(
        on address: SocketAddress,
        backlog: Int32 = 511,
        unixMode: UInt32 = 0o660
    ) throws(SocketError) -> FileDescriptor {
        if let path = address.unixPath { try clearStale(path, address) }
        do throws(Errno) {
            var system = address.system
            let listener = FileDescriptor(
                owning: try Syscall.retry { clinux_socket(system.family) }
            )
            let raw = listener.raw
            // The empty IPv6 host takes both families; any other address only its own.
            let onlyV6: Int32 = address.isAnyV6 ? 0 : 1
            // SAFETY: the address lives for the call.
            try Syscall.retry { unsafe clinux_bind(raw, &system, onlyV6) }
            if let path = address.unixPath {
                try Syscall.retry { unsafe chmod(path, unixMode) }
            }
            try Syscall.retry { clinux_listen(raw, backlog) }
            return listener
        } catch {
            throw .cannotListen(address: address.description, cause: error)
        }
    }

    // A socket file outlives its process. Whether someone listens only a connection attempt tells.
    private static func clearStale(
        _ path: String,
        _ address: SocketAddress
    ) throws(SocketError) {
        var status = Glibc.stat()
        guard unsafe fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        do throws(Errno) {
            _ = try connect(to: address)
        } catch .connectionRefused {
            // A failure here shows as "in use" in the bind that follows.
            _ = unsafe unlink(path)
            return
        } catch {
            return
        }
        throw .cannotListen(address: address.description, cause: .addressInUse)
    }

    /// Begins to connect; writable readiness tells the end, `pendingError` how it went.
    ///
    /// - Throws: `.connectionRefused` and its kin when that is known at once.
    public static func connect(to address: SocketAddress) throws(Errno) -> FileDescriptor {
        var system = address.system
        let socket = FileDescriptor(owning: try Syscall.retry { clinux_socket(system.family) })
        let raw = socket.raw
        do throws(Errno) {
            // SAFETY: the address lives for the call.
            try Syscall.retry { unsafe clinux_connect(raw, &system) }
        } catch .inProgress {
            return socket
        }
        return socket
    }

    /// Takes one waiting connection; nil when none waits (or it went away meanwhile).
    ///
    /// - Throws: `.tooManyOpenFiles` and its kin: stop accepting for a moment, the queue stays ready.
    public static func accept(
        _ listener: borrowing FileDescriptor
    ) throws(Errno) -> AcceptedSocket? {
        var peer = clinux_address()
        let raw = listener.raw
        do throws(Errno) {
            // SAFETY: filled before the call returns.
            let number = try Syscall.retry { unsafe clinux_accept(raw, &peer) }
            return AcceptedSocket(
                descriptor: FileDescriptor(owning: number),
                peer: SocketAddress(peer)
            )
        } catch .wouldBlock {
            return nil
        } catch .connectionAborted {
            return nil
        }
    }

    /// Reads once into the free room of `target`, which must have some.
    public static func read(
        _ socket: borrowing FileDescriptor,
        into target: inout OutputSpan<UInt8>
    ) -> SocketProgress {
        precondition(target.freeCapacity > 0, "BUG: a read without room looks like the end")
        let raw = socket.raw
        do throws(Errno) {
            let count = try Syscall.retry { target.readOnce(from: raw) }
            return count == 0 ? .ended : .moved(count)
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Writes once; `.moved` may be less than all.
    ///
    /// A vanished peer is `.failed(.brokenPipe)`.
    public static func write(
        _ socket: borrowing FileDescriptor,
        _ bytes: Span<UInt8>
    ) -> SocketProgress {
        guard bytes.count > 0 else { return .moved(0) }
        let raw = socket.raw
        do throws(Errno) {
            return .moved(try Syscall.retry { bytes.sendOnce(to: raw) })
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// The address a socket is bound to: tells the port that the system chose for port 0.
    ///
    /// - Throws: what getsockname(2) says.
    public static func localAddress(
        _ socket: borrowing FileDescriptor
    ) throws(Errno) -> SocketAddress {
        var address = clinux_address()
        let raw = socket.raw
        // SAFETY: filled before the call returns.
        try Syscall.retry { unsafe clinux_local_address(raw, &address) }
        return SocketAddress(address)
    }

    /// How a connection attempt ended: nil for well.
    public static func pendingError(_ socket: borrowing FileDescriptor) -> Errno? {
        let code = clinux_socket_error(socket.raw)
        if code < 0 { return .current }
        return code == 0 ? nil : Errno(code: code)
    }

    /// Sends small answers at once (TCP_NODELAY); refused by unix sockets, which need it not.
    public static func setNoDelay(_ socket: borrowing FileDescriptor) {
        _ = clinux_no_delay(socket.raw)
    }

    /// Tells the peer that nothing more will come; reading goes on.
    public static func finishWriting(_ socket: borrowing FileDescriptor) {
        _ = clinux_shutdown_write(socket.raw)
    }
}

extension SocketAddress {
    fileprivate var isAnyV6: Bool {
        if case .v6(let ip, _) = place { return ip.allSatisfy { $0 == 0 } }
        return false
    }
}
