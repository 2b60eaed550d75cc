// The power goes at every call of the writer: afterwards there is a whole segment or none.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Segment writer, crashes") struct SegmentCrashTests {
    private static let path = "/s/x.gor"

    @Test("leaves a whole segment or none, at every call", arguments: PowerCut.allCases)
    func powerCut(cut: PowerCut) throws {
        var finished = 0
        var call = 1
        while finished == 0 {
            let fileSystem = try Self.fileSystem()
            fileSystem.halt(atCall: fileSystem.calls + call)
            let written = write(fileSystem) == nil
            var random = SeededRandom(seed: UInt64(call))
            fileSystem.powerCut(cut, using: &random)
            let isThere = try fileSystem.exists(Self.path)
            if isThere { try SegmentReader(fileSystem, path: Self.path).verify() }
            if written {
                #expect(isThere, "a finished segment is gone")
                finished += 1
            }
            call += 1
            try #require(call < 100)
        }
        #expect(call > 8)
    }

    @Test(
        "a full disk is an error that names the file, and leaves nothing behind",
        arguments: 1...8
    )
    func failedCalls(call: Int) throws {
        let fileSystem = try Self.fileSystem()
        fileSystem.failCall(fileSystem.calls + call, with: .noSpace)
        let error = write(fileSystem)
        guard let error else { return }
        #expect(!error.isDamage)
        #expect(error.description.hasPrefix("cannot "))
        #expect(error.description.hasSuffix("No space left on device (errno 28)"))
        if !error.description.contains("the directory") {
            #expect(try fileSystem.list("/s") == [], "\(error)")
        }
    }

    @Test("goes on where room cannot be reserved")
    func noReservation() throws {
        let fileSystem = try Self.fileSystem()
        fileSystem.fail(.allocate, with: .notSupported)
        #expect(write(fileSystem) == nil)
        try SegmentReader(fileSystem, path: Self.path).verify()
    }

    private static func fileSystem() throws -> FaultyFileSystem {
        let fileSystem = FaultyFileSystem()
        try fileSystem.makeDirectory("/s")
        return fileSystem
    }

    private func write(_ fileSystem: FaultyFileSystem) -> SegmentError? {
        do throws(SegmentError) {
            try TestSegment.write(TestSegment.small, fileSystem, Self.path)
            return nil
        } catch {
            return error
        }
    }
}
