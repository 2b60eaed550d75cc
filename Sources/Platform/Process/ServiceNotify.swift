// sd_notify(3) without libsystemd: datagrams of `KEY=value` lines to the socket in NOTIFY_SOCKET.
internal import CLinux

/// Tells the service manager how we are; without one every call does nothing.
public struct ServiceNotify: Sendable {
    private let socketPath: String?
    /// How often `watchdog()` is due at the latest, nil when nobody waits for it.
    public let watchdogMs: Int64?

    /// - Parameters:
    ///   - socketPath: NOTIFY_SOCKET; a leading `@` means the abstract namespace.
    ///   - watchdogUs: WATCHDOG_USEC.
    public init(
        socketPath: String? = Environment.value("NOTIFY_SOCKET"),
        watchdogUs: String? = Environment.value("WATCHDOG_USEC")
    ) {
        self.socketPath = socketPath
        watchdogMs = watchdogUs.flatMap { Int64($0) }.map { max(1, $0 / 1_000) }
    }

    /// Start-up is over.
    public func ready() { send("READY=1\n") }

    /// The stop has begun.
    public func stopping() { send("STOPPING=1\n") }

    /// A reload has begun; `ready()` ends it.
    public func reloading(now: some SteadyClock) {
        send("RELOADING=1\nMONOTONIC_USEC=\(now.nowNs() / 1_000)\n")
    }

    /// Still alive.
    public func watchdog() { send("WATCHDOG=1\n") }

    /// One line for `systemctl status`.
    public func status(_ text: String) {
        let line = text.utf8.prefix { $0 != UInt8(ascii: "\n") }
        send("STATUS=\(String(decoding: line, as: UTF8.self))\n")
    }

    private func send(_ text: String) {
        guard let socketPath else { return }
        let bytes = Array(text.utf8)
        // SAFETY: path and bytes live for the call. A manager that does not listen is not our failure.
        _ = unsafe clinux_send_datagram(socketPath, bytes, bytes.count)
    }
}
