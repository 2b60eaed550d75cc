// Figures about this very process, and what a service manager receives.
import Glibc
import Platform
import TestSupport
import Testing

@Suite("Process") struct ProcessTests {
    @Test("usage is plausible")
    func usage() {
        let usage = ResourceUsage.now()
        #expect(usage.residentBytes > 1_000_000)
        #expect(usage.anonymousBytes > 0 && usage.anonymousBytes <= usage.residentBytes)
        #expect(usage.threads >= 1)
        #expect(usage.openDescriptors >= 3 && usage.openDescriptors <= usage.maxDescriptors)
        let nowMs = SystemClock().nowMs()
        let startMs = ResourceUsage.processStartMs() ?? 0
        #expect(startMs <= nowMs + 2_000 && startMs > nowMs - 3_600_000)
    }

    @Test("environment, names and chance")
    func surroundings() throws {
        #expect(Environment.value("PATH") == Environment.all().first { $0.name == "PATH" }?.value)
        #expect(Environment.value("TSDB_NO_SUCH_VARIABLE") == nil)
        #expect(MachineName.current().system == "Linux")
        #expect(!MachineName.host().isEmpty)
        #expect(try KernelRandom.bytes(16) != KernelRandom.bytes(16))
    }

    @Test("the service manager reads one datagram a call")
    func notify() throws {
        let directory = try TemporaryDirectory("notify")
        let path = directory.file("n")
        let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        let receiver = FileDescriptor(owning: raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
        let notify = ServiceNotify(socketPath: path, watchdogUs: "30000000")
        #expect(notify.watchdogMs == 30_000)
        notify.ready()
        notify.status("up\nREADY=0")
        #expect(receive(receiver) == "READY=1\n")
        #expect(receive(receiver) == "STATUS=up\n")
        ServiceNotify(socketPath: nil, watchdogUs: nil).ready()
    }

    private func receive(_ socket: borrowing FileDescriptor) -> String {
        let raw = socket.raw
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = unsafe recv(raw, &buffer, 256, Int32(MSG_DONTWAIT))
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
