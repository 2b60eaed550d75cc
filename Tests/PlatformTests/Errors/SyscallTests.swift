// The one loop around interrupted calls.
import Glibc
import Platform
import Testing

@Suite("System calls") struct SyscallTests {
    @Test("an interrupted call is repeated until it answers")
    func interrupted() throws {
        var calls = 0
        let result = try Syscall.retry {
            calls += 1
            errno = EINTR
            return calls < 4 ? -1 : 7
        }
        #expect(result == 7)
        #expect(calls == 4)
    }

    @Test("any other failure is thrown at once")
    func failure() {
        var calls = 0
        #expect(throws: Errno.noSpace) {
            try Syscall.retry {
                calls += 1
                errno = ENOSPC
                return -1
            }
        }
        #expect(calls == 1)
        #expect(Errno.noSpace.description == "No space left on device (errno 28)")
    }
}
