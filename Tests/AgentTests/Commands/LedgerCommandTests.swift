// `ledger`: what is shown, and when --check says no.
import Formats
import Forward
import Model
import Platform
import Store
import TestSupport
import Testing

@testable import Agent

@Suite("ledger") struct LedgerCommandTests {
    private static let table = """
        time,value,__name__
        2023-11-14T22:13:20.000Z,1,up
        2023-11-14T22:13:35.000Z,2,up
        2023-11-14T22:13:50.000Z,3,up

        """

    // A directory with three samples, all before the place of a destination that took two of them.
    private func fixture(acked: UInt64) async throws -> DataFixture {
        let fixture = try DataFixture()
        let file = try fixture.write("in.csv", LedgerCommandTests.table)
        let run = await fixture.run("import", "--set", fixture.base("a"), file)
        try #require(run.code == 0, "\(fixture.err)")
        let end: FeedPosition
        let found: FeedAccount
        let store: StoreID
        do {
            let database = try Database(StoreOptions(basePath: fixture.path("a")))
            end = database.end
            found = try database.account(after: end)
            store = database.storeID
            try database.close()
        }
        let place = CursorPlace(
            files: PosixFileSystem(),
            directory: fixture.path("a") + "/forward",
            quarantine: fixture.path("a") + "/quarantine",
            store: CursorTag(store.bytes),
            boot: CursorTag([1])
        )
        var account = ShipAccount()
        account.doubt = .none
        account.ledgerID = found.ledgerID
        account.rows.acked = acked
        account.rows.reject(1, code: 422)
        let (cursor, _) = try CursorFile.open(place, name: "central one")
        try cursor.write(CursorRecord(acked: end, account: account), sync: true)
        return fixture
    }

    @Test("a stopped agent's directory is counted, and balances")
    func offline() async throws {
        let fixture = try await fixture(acked: 2)
        let run = await fixture.run("ledger", "--check", "--set", fixture.base("a"))
        #expect(fixture.err == "")
        #expect(run.code == 0)
        let lines = run.out.split(separator: "\n").map { line in
            line.split(separator: " ").joined(separator: " ")
        }
        #expect(lines.first == "SOURCE IN STORED DROPPED")
        #expect(lines.contains("push 3 3 0"))
        #expect(lines.last == "central one 3 2 0 422=1 0 0 0 0 0")
        let json = await fixture.run("ledger", "--format", "json", "--set", fixture.base("a"))
        let value = try JSONValue.parse(Array(json.out.utf8))
        #expect(value["balanced"] == .bool(true))
        #expect(value["stored"] == .number(3))
    }

    @Test("--check names the row and the difference, and answers 1")
    func unbalanced() async throws {
        let fixture = try await fixture(acked: 1)
        let run = await fixture.run("ledger", "--check", "--set", fixture.base("a"))
        #expect(run.code == 1)
        #expect(
            fixture.err
                == "tsdb-agent ledger: destination central one: stored 3 - acked 1 - pending 0 - "
                + "all other terms is 1, not 0\n"
        )
        #expect(await fixture.run("ledger", "--set", fixture.base("a")).code == 0)
    }

    @Test("a destination that is not configured is nobody's, one that is new is not judged")
    func released() async throws {
        let fixture = try await fixture(acked: 1)
        let identity = try Database(StoreOptions(basePath: fixture.path("a")))
        let place = CursorPlace(
            files: PosixFileSystem(),
            directory: fixture.path("a") + "/forward",
            quarantine: fixture.path("a") + "/quarantine",
            store: CursorTag(identity.storeID.bytes),
            boot: CursorTag([1])
        )
        try identity.close()
        #expect(place.names() == ["central one"])
        try CursorFile.release(allBut: ["other"], in: place)
        let run = await fixture.run("ledger", "--check", "--set", fixture.base("a"))
        #expect(run.code == 0)
        #expect(!run.out.contains("central"))
        #expect(try CursorFile.peek(place, name: "central one")?.account.doubt == .released)
        // Once it is back, what it lacks has gone while nobody asked for it.
        let (file, found) = try CursorFile.open(place, name: "new")
        #expect(found.record == nil)
        try file.write(CursorRecord(acked: FeedPosition(number: .zero)), sync: true)
        let unsettled = await fixture.run("ledger", "--check", "--set", fixture.base("a"))
        #expect(unsettled.code == 1)
        #expect(fixture.err.contains("destination new: it was not held against the store yet"))
    }
}
