// The error number of a failed system call, as a value: the cause that every floor's own errors carry.
internal import CLinux
internal import Glibc

/// What a system call left in `errno(3)`.
public struct Errno: Error, Equatable, Hashable, Sendable {
    public let code: Int32

    public init(code: Int32) {
        self.code = code
    }

    /// The calling thread's `errno`, to be taken right after the failed call.
    public static var current: Errno { Errno(code: errno) }

    public static let operationNotPermitted = Errno(code: EPERM)
    public static let noSuchFile = Errno(code: ENOENT)
    public static let interrupted = Errno(code: EINTR)
    public static let inputOutput = Errno(code: EIO)
    public static let badDescriptor = Errno(code: EBADF)
    public static let wouldBlock = Errno(code: EAGAIN)
    public static let outOfMemory = Errno(code: ENOMEM)
    public static let permissionDenied = Errno(code: EACCES)
    public static let busy = Errno(code: EBUSY)
    public static let fileExists = Errno(code: EEXIST)
    public static let crossDevice = Errno(code: EXDEV)
    public static let notADirectory = Errno(code: ENOTDIR)
    public static let isADirectory = Errno(code: EISDIR)
    public static let invalidArgument = Errno(code: EINVAL)
    public static let tooManyOpenFilesInSystem = Errno(code: ENFILE)
    public static let tooManyOpenFiles = Errno(code: EMFILE)
    public static let fileTooLarge = Errno(code: EFBIG)
    public static let noSpace = Errno(code: ENOSPC)
    public static let readOnlyFileSystem = Errno(code: EROFS)
    public static let brokenPipe = Errno(code: EPIPE)
    public static let outOfRange = Errno(code: ERANGE)
    public static let nameTooLong = Errno(code: ENAMETOOLONG)
    public static let notImplemented = Errno(code: ENOSYS)
    public static let directoryNotEmpty = Errno(code: ENOTEMPTY)
    public static let notSupported = Errno(code: EOPNOTSUPP)
    public static let addressInUse = Errno(code: EADDRINUSE)
    public static let addressNotAvailable = Errno(code: EADDRNOTAVAIL)
    public static let connectionAborted = Errno(code: ECONNABORTED)
    public static let connectionReset = Errno(code: ECONNRESET)
    public static let notConnected = Errno(code: ENOTCONN)
    public static let timedOut = Errno(code: ETIMEDOUT)
    public static let connectionRefused = Errno(code: ECONNREFUSED)
    public static let inProgress = Errno(code: EINPROGRESS)
    public static let quotaExceeded = Errno(code: EDQUOT)
    public static let stale = Errno(code: ESTALE)
}

extension Errno: CustomStringConvertible {
    public var description: String {
        // SAFETY: strerror returns a C string that outlives this call.
        let text = unsafe String(cString: clinux_error_text(code))
        return "\(text) (errno \(code))"
    }
}
