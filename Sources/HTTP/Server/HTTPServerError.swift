// Why the server cannot serve.
public import Platform

/// A listener that could not be opened.
public enum HTTPServerError: Error, Equatable {
    case cannotListen(address: String, cause: Errno)
    case stopped
}

extension HTTPServerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotListen(let address, let cause):
            "cannot listen on \(address): \(cause); \(HTTPServerError.advice(cause))"
        case .stopped: "cannot listen: the server has stopped"
        }
    }

    private static func advice(_ cause: Errno) -> String {
        switch cause {
        case .addressInUse: "another process listens there, see `ss -ltnp`"
        case .addressNotAvailable: "no interface has this address, see `ip address`"
        case .permissionDenied: "choose a port from 1024 up or another directory"
        default: "check [api] listen"
        }
    }
}
