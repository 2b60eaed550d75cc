// Why the server cannot serve.
public import Platform

/// A listener that could not be opened.
public enum HTTPServerError: Error, Equatable {
    case cannotListen(SocketError)
    case stopped
}

extension HTTPServerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotListen(let error): "\(error)"
        case .stopped: "cannot listen: the server has stopped"
        }
    }
}
