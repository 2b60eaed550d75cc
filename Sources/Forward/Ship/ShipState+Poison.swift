// What alone fails with 5xx while others pass: found by halving, and set aside. Forward.docc/shipping.md

internal import Model
public import Store

/// What speaks for it that a receiver cannot take these very samples.
struct Suspicion: Sendable {
    /// Answers of 5xx to the identical request.
    var failures = 0
    /// How often such an answer came after another request had passed since the one before.
    var strikes = 0
    /// What had passed when it failed last; nil before it ever did.
    var passesAtFailure: UInt64?

    /// What half of the samples inherits.
    var inherited: Suspicion {
        Suspicion(strikes: strikes, passesAtFailure: passesAtFailure)
    }
}

/// Series of a table.
public struct FailingSeries: Sendable {
    /// What the numbers mean.
    public let table: any FeedSeriesTable
    /// Numbers in it.
    public let series: [UInt64]
}

extension FeedSlice {
    /// Which of this slice's series are among `failing`, which speak of other tables.
    ///
    /// All of them where labels are no longer known: any may be one.
    public func series(among failing: [FailingSeries]) -> Set<UInt64> {
        let others = failing.filter { $0.table !== table }
        if others.isEmpty { return [] }
        let wanted = Set(others.flatMap { one in one.series.map { one.table.labels(of: $0) } })
        let own = series.map { table.labels(of: $0) }
        if wanted.contains(Labels()) || own.contains(Labels()) { return Set(series) }
        return Set(zip(series, own).filter { wanted.contains($0.1) }.map { $0.0 })
    }
}

extension ShipState {
    // Tries of the identical request before anything else is thought of.
    private static let triesBefore = 5
    // Without anything passing a request is not cut finer: a receiver that was down gets few more requests.
    private static let partsWithoutProof = 16
    // An unsteady receiver would have to fail and pass in turn so often, always on the same sample.
    private static let strikesToSetAside = 8
    // Of ten minutes each: receivers refuse what is an hour old.
    private static let probeSpreads: Int64 = 5

    /// The receiver took something, or said what is wrong with it: it works.
    ///
    /// What passes now and did not before was none of the samples' fault: the receiver is unsteady,
    /// and nothing that was held against others is worth anything.
    mutating func notePassed(_ part: ShipPiece.Part) {
        passes += 1
        guard part.suspicion.failures > 0 else { return }
        for piece in window.indices {
            window[piece].proof = nil
            for part in window[piece].parts.indices {
                window[piece].parts[part].suspicion = Suspicion()
            }
            window[piece].isSuspect = false
        }
    }

    /// A part was taken: those that fail are tried in turn with it from here on.
    ///
    /// It is sent again only while nothing else is, so that it stays its series' latest: an exact
    /// repetition of that every receiver takes.
    mutating func noteProof(_ piece: ShipPiece, _ part: ShipPiece.Part) {
        let proof = ShipPiece.Proof(id: piece.id, range: part.range)
        lastPassed = proof
        for index in window.indices where window[index].isOpen {
            let hasFailed = window[index].parts.contains { $0.suspicion.failures > 0 }
            let needsOne = hasFailed && window[index].proof == nil
            if window[index].id == piece.id || needsOne { window[index].proof = proof }
        }
    }

    /// Whether samples of an answered piece are still needed, to be sent again.
    func isProof(_ id: UInt64) -> Bool {
        lastPassed?.id == id || window.contains { $0.isOpen && $0.id != id && $0.proof?.id == id }
    }

    /// Lets go of what was kept of answered pieces.
    mutating func forgetProofs(_ actions: inout [ShipAction]) {
        for id in keptProofs where !isProof(id) {
            actions.append(.forget(id: id))
            keptProofs.remove(id)
        }
    }

    /// A part was answered with 5xx.
    ///
    /// - Returns: whether it is to be set aside: a single sample that failed time and again, each time
    ///   after something else had passed.
    mutating func noteServerFailure(_ index: Int) -> Bool {
        var piece = window[index]
        defer { window[index] = piece }
        var part = piece.parts.removeFirst()
        part.suspicion.failures += 1
        if let seen = part.suspicion.passesAtFailure, seen < passes { part.suspicion.strikes += 1 }
        part.suspicion.passesAtFailure = passes
        if part.suspicion.failures >= ShipState.triesBefore { piece.isSuspect = true }
        guard piece.isSuspect else {
            piece.parts.insert(part, at: 0)
            return false
        }
        let count = part.range.count
        // In the order of time, but for the parts of one stretch.
        let rest = piece.parts.prefix { $0.stretch == part.stretch }.count
        if count == 1, part.suspicion.strikes >= ShipState.strikesToSetAside {
            piece.parts.insert(part, at: 0)
            return true
        }
        let isDue =
            part.suspicion.strikes > 0
            ? part.suspicion.failures > 1 : rest < ShipState.partsWithoutProof
        if count > 1, isDue {
            let halves = part.halves.map { half in
                var half = half
                half.suspicion = part.suspicion.inherited
                return half
            }
            piece.parts.insert(contentsOf: halves, at: rest)
        } else {
            piece.parts.insert(part, at: rest)
        }
        // Nothing goes beside it: what passed before it did has to tell.
        if piece.proof == nil, count == 1, part.suspicion.failures >= 2 * ShipState.triesBefore,
            piece.currentParts.allSatisfy({ $0.range.count == 1 })
        {
            piece.proof = lastPassed
        }
        // Nothing is left that might pass: what did goes again, to see whether the receiver is there.
        piece.isProbing = piece.proof != nil && piece.currentParts.allSatisfy { hasFailed($0) }
        return false
    }

    /// What had passed before was sent once more.
    mutating func noteProbe(_ index: Int, hasPassed: Bool) {
        window[index].phase = .ready
        if hasPassed {
            passes += 1
            window[index].isProbing = false
        } else {
            // The receiver is down: nothing counts that failed meanwhile.
            for part in window[index].parts.indices {
                window[index].parts[part].suspicion.strikes = 0
            }
        }
    }

    // Since the last request that passed.
    private func hasFailed(_ part: ShipPiece.Part) -> Bool {
        part.suspicion.failures > 0 && part.suspicion.passesAtFailure == passes
    }

    /// Whether something else has to be sent beside what fails, to see whether the receiver is there:
    /// all of it was tried in every size, and nothing of it ever passed.
    var wantsProbe: Bool {
        var found = false
        for piece in window where piece.isOpen && piece.isAlone {
            found = true
            let parts = piece.currentParts
            let isTried = parts.allSatisfy {
                hasFailed($0)
                    && ($0.range.count == 1 || parts.count >= ShipState.partsWithoutProof)
            }
            guard piece.isSuspect, piece.proof == nil, isTried else { return false }
        }
        return found
    }

    /// Cuts a request that is to go beside such that fail so that it shares no series with them: the
    /// samples of these wait, in requests of their own.
    func cutForProbe(_ piece: ShipPiece) -> ShipPiece? {
        guard piece.parts.count == 1 else { return nil }
        var failing: Set<UInt64> = []
        for other in window where other.isOpen {
            // Too old by then, should a receiver that was only down take the probe first.
            if other.isOutdated(by: piece, spreadMs: ShipState.probeSpreads * limits.spreadMs) {
                return nil
            }
            if other.table == piece.table {
                for part in other.parts { failing.formUnion(other.series[part.range]) }
            } else {
                guard let inOwnNumbers = piece.failing else { return nil }
                failing.formUnion(inOwnNumbers)
            }
        }
        guard failing.count <= ShipState.partsWithoutProof else { return nil }
        var (free, waiting): ([ShipPiece.Part], [ShipPiece.Part]) = ([], [])
        for part in piece.parts {
            var begin = part.range.lowerBound
            for index in part.range where failing.contains(piece.series[index]) {
                if begin < index { free.append(part.cut(to: begin..<index)) }
                waiting.append(part.cut(to: index..<index + 1, waits: true))
                begin = index + 1
            }
            if begin < part.range.upperBound {
                free.append(part.cut(to: begin..<part.range.upperBound))
            }
        }
        guard !free.isEmpty else { return nil }
        var cut = piece
        cut.parts = free + waiting
        return cut
    }

    /// The series of which samples fail, to be looked for in what is fetched to go beside them.
    ///
    /// Nil when nothing is to go beside them.
    public var failingSeries: [FailingSeries]? {
        guard isProbeWanted else { return nil }
        return window.filter(\.isOpen).compactMap { piece in
            piece.tableObject.map { table in
                FailingSeries(table: table, series: piece.parts.flatMap { piece.series[$0.range] })
            }
        }
    }

    /// Whether its part may be sent as far as order is concerned.
    func isDue(_ index: Int) -> Bool {
        guard window[index].phase == .ready else { return false }
        return !window[index].parts[0].waits || !window[..<index].contains { $0.isOpen }
    }

    /// Of the requests that go alone, the one whose turn it is.
    func nextAlone() -> Int? {
        let ready = window.indices.filter { isDue($0) }
        let alone = ready.filter { window[$0].isAlone }
        if wantsProbe, let probe = ready.first(where: { !window[$0].isAlone }) { return probe }
        return alone.first { !window[$0].isSuspect }
            ?? alone.min { window[$0].lastTry < window[$1].lastTry }
    }
}
