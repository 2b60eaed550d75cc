// A signal to one thread that blocks it, whose loop reads it: the test's process is never at risk.
import Glibc
import Platform
import Synchronization
import Testing

@Suite("Signals") struct SignalsTests {
    @Test("arrive on the loop, in place of their default fate")
    func arrive() throws {
        let seen = Mutex<[ProcessSignal]>([])
        let thread = try NamedThread(name: "signals") {
            guard let signals = try? Signals([.hangup]), let loop = try? EventLoop() else { return }
            loop.execute {
                let watch = signals.deliver(on: loop) { signal in
                    seen.withLock { $0.append(signal) }
                    loop.stop()
                }
                _ = raise(SIGHUP)
                withExtendedLifetime(watch) {}
            }
            loop.run()
        }
        thread.join()
        #expect(seen.withLock { $0 } == [.hangup])
    }
}
