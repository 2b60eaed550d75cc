// File systems that do not answer.

import Platform
import Synchronization
import TestSupport
import Testing

@testable import Collect

@Suite("Mount probe") struct MountProbeTests {
    /// Answers at once, but for the paths that hang until they are let go.
    final class Kernel: Sendable {
        let clock = ManualClock()
        private let hanging: Mutex<Set<String>>
        private let asked = Mutex<[String]>([])
        private let left = Mutex(0)

        init(hanging: Set<String>) {
            self.hanging = Mutex(hanging)
        }

        var questions: [String] { asked.withLock { $0 } }
        var returned: Int { left.withLock { $0 } }

        func letGo() { hanging.withLock { $0 = [] } }

        func ask(_ path: String) throws(Errno) -> FileSystemUsage {
            asked.withLock { $0.append(path) }
            if path == "/broken" { throw .stale }
            var hung = false
            while hanging.withLock({ $0.contains(path) }) {
                // The limit passes on the test's clock.
                if !hung { clock.advance(by: .seconds(6)) }
                hung = true
                pause(microseconds: 200)
            }
            left.withLock { $0 += 1 }
            return FileSystemUsage(
                sizeBytes: 1,
                freeBytes: 1,
                availableBytes: 1,
                files: 1,
                filesFree: 1
            )
        }

        func probe() -> MountProbe {
            MountProbe(timeoutMs: 5000, steady: clock) { path throws(Errno) in try self.ask(path) }
        }
    }

    private func words(_ answers: [MountAnswer]) -> [String] {
        answers.map { answer in
            switch answer {
            case .usage: "usage"
            case .failed(let cause): "\(cause)"
            case .stuck: "stuck"
            }
        }
    }

    @Test("a dead mount costs itself only, and is asked again once it came back")
    func deadMount() async throws {
        let kernel = Kernel(hanging: ["/dead"])
        let probe = kernel.probe()
        let paths = ["/", "/dead", "/broken", "/home"]
        let expected = ["usage", "stuck", "Stale file handle (errno 116)", "usage"]
        #expect(try words(probe.answers(for: paths)) == expected)
        #expect(try words(probe.answers(for: paths)) == expected)
        #expect(kernel.questions.filter { $0 == "/dead" }.count == 1)
        kernel.letGo()
        try await waitUntil { (try? probe.answers(for: paths))?[1] != .stuck }
        #expect(kernel.questions.filter { $0 == "/dead" }.count == 2)
    }

    @Test("gives up when too many are dead")
    func tooMany() async throws {
        let dead = Set((0..<6).map { "/dead\($0)" })
        let kernel = Kernel(hanging: dead)
        let probe = kernel.probe()
        let error = #expect(throws: HostError.self) {
            try probe.answers(for: dead.sorted() + ["/"])
        }
        #expect(
            error?.description
                == "4 mount points do not answer; check `mount` for dead network file systems"
        )
        kernel.letGo()
        try await waitUntil { kernel.returned == 4 }
    }

    @Test("the real call answers")
    func real() throws {
        let probe = MountProbe(timeoutMs: 5000, steady: SystemClock(), ask: FileSystemUsage.of)
        let answers = try probe.answers(for: ["/", "/no/such/place"])
        #expect(words(answers) == ["usage", "No such file or directory (errno 2)"])
    }
}
