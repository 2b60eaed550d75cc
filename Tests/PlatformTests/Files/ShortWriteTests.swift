// write(2) may take a part, be interrupted, or take a part and then fail: the loop around it.
import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite("Short writes") struct ShortWriteTests {
    @Test(
        "everything is written once, in order, whatever parts the system takes",
        arguments: 1...20
    )
    func parts(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let bytes = random.bytes(Int.random(in: 0...300, using: &random))
        var written: [UInt8] = []
        try PosixFile.writeAll(bytes.span) { rest, done in
            if Bool.random(using: &random) {
                errno = EINTR
                return -1
            }
            guard done == written.count else { return 0 }
            let count = Int.random(in: 1...rest.count, using: &random)
            for index in 0..<count { written.append(rest[index]) }
            return count
        }
        #expect(written == bytes, "seed \(seed)")
    }

    @Test("a part and then a full disk is a full disk")
    func partThenError() {
        let bytes: [UInt8] = [1, 2, 3, 4]
        #expect(throws: Errno.noSpace) { try writeHalf(bytes) }
    }

    private func writeHalf(_ bytes: [UInt8]) throws(Errno) {
        try PosixFile.writeAll(bytes.span) { _, done in
            if done == 0 { return 2 }
            errno = ENOSPC
            return -1
        }
    }
}
