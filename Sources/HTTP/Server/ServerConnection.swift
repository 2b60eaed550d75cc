// One client as the server keeps it: the socket, the state machine, and who works on the answer.
import Platform

/// Lives on the loop's thread only, inside the server's actor.
final class ServerConnection {
    let socket: FileDescriptor
    var machine: Connection
    var watch: Watch?
    var timer: LoopTimer?
    var timerNs = Int64.max
    /// How much of the server's sum of bodies is this connection's.
    var countedBytes = 0
    /// Runs the handler of the request being answered.
    var task: Task<Void, Never>?
    /// The writers of a streamed body that wait for room: one, unless the handler writes from several
    /// tasks; true tells them that the peer is gone.
    var waitingWriters: [CheckedContinuation<Bool, Never>] = []

    init(socket: consuming FileDescriptor, machine: Connection) {
        self.socket = socket
        self.machine = machine
    }

    /// Lets the writers go on.
    func resumeWriters(isClosed: Bool) {
        let writers = waitingWriters
        waitingWriters = []
        for writer in writers { writer.resume(returning: isClosed) }
    }

    /// Lets go of everything that would call back.
    func release() {
        watch?.cancel()
        watch = nil
        timer?.cancel()
        timer = nil
        task?.cancel()
        task = nil
        resumeWriters(isClosed: true)
    }
}
