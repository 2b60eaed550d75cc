// Counts what is behind a place of the feed: in footers, in the counts of batches, and in the one
// segment that the place is inside of. Store.docc/ledger.md
internal import Codec
internal import Model
internal import Platform

extension Database: FeedLedger {
    // All of one moment.
    private struct View {
        var account = FeedAccount()
        var segments: [SegmentReader] = []
        var gone: [CountedRange] = []
        /// The range behind whose start the place is, where its counts are kept.
        var kept: (range: SequenceRange, passed: Int)?
    }

    /// Counts what is behind a place.
    ///
    /// - Throws: `.damaged` where the segment that the place is inside of cannot be read.
    public func account(after place: FeedPosition) throws(StoreError) -> FeedAccount {
        let view = view(after: place)
        var account = view.account
        for segment in view.segments where segment.range.through > place.number {
            let samples = segment.summary.sampleCount
            let isWhole =
                !segment.range.contains(after: place.number)
                || segment.range.after == place.number && place.time == nil && place.offset == 0
            if isWhole {
                account.pending += samples
            } else if place.time != nil, segment.range.after == place.number {
                do throws(SegmentError) {
                    account.pending += try segment.count(behind: place)
                } catch {
                    throw .damaged(path: segment.path, what: "\(error)")
                }
            } else if place.time != nil {
                // It was merged meanwhile: whoever asks is past it by now.
                account.isCounted = false
            } else if let kept = view.kept, kept.range == segment.range {
                account.pending += max(0, samples - kept.passed - Int(place.offset))
            } else if let counts = try countsInBuffer(of: segment.range, samples) {
                let passed = counts.count(through: place.number)
                account.pending += max(0, samples - passed - Int(place.offset))
                keep(counts, of: segment.range)
            } else {
                account.isCounted = false
            }
        }
        for one in view.gone where one.range.through > place.number {
            guard let reason = one.fate else { continue }
            let isWhole =
                !one.range.contains(after: place.number)
                || one.range.after == place.number && place.time == nil && place.offset == 0
            if isWhole {
                account.gone[reason, default: 0] += one.samples
            } else {
                account.broken = BrokenStretch(reason: reason, most: one.samples)
            }
        }
        return account
    }

    /// Counts what a jump has passed.
    ///
    /// - Throws: as `account`.
    public func hole(
        at place: FeedPosition,
        _ jump: FeedJump
    ) throws(StoreError) -> FeedHole {
        var hole = FeedHole()
        if let goneTo = jump.goneTo {
            let gone = book.withLock { book in
                book.ranges.filter {
                    $0.fate != nil && $0.range.through > place.number
                        && $0.range.through <= goneTo.number
                }
            }
            for one in gone {
                guard let reason = one.fate else { continue }
                let isBroken =
                    one.range.contains(after: place.number)
                    && (one.range.after < place.number || place.time != nil || place.offset > 0)
                if isBroken {
                    let end = try account(after: FeedPosition(number: one.range.through))
                    hole.broken = (BrokenStretch(reason: reason, most: one.samples), end.before)
                } else {
                    hole.gone[reason, default: 0] += one.samples
                }
            }
        }
        if let restart = jump.restart {
            hole.restartTotal = try account(after: FeedPosition(number: restart)).before
        }
        return hole
    }

    public var oldest: FeedPosition {
        book.withLock { book in
            var number = book.floor
            for range in book.ranges {
                guard range.fate != nil else { break }
                number = range.range.through
            }
            return FeedPosition(number: number)
        }
    }

    private func view(after place: FeedPosition) -> View {
        let report = replay.report
        return writer.withLock { writer in
            var view = View()
            view.account.isComplete = !writer.isReplaying
            view.account.hasLosses = report.hasLosses
            view.account.isBeyond =
                place.number > writer.foundThrough && place.number.start < writer.start
            book.withLock { book in
                view.account.ledgerID = book.id
                view.account.stored = writer.ledger.stored - book.lost
                view.gone = book.ranges.filter {
                    $0.fate != nil && $0.range.through > place.number
                }
                view.segments = sealed.withLock { $0 }
            }
            view.account.pending += writer.pending(after: place)
            view.kept = writer.keptCounts.first { $0.range.contains(after: place.number) }
                .map { ($0.range, $0.counts.count(through: place.number)) }
            return view
        }
    }

    private func keep(_ counts: BatchCounts, of range: SequenceRange) {
        writer.withLock { writer in
            writer.keptCounts.removeAll { $0.range == range }
            writer.keptCounts.append((range, counts))
        }
    }

    // The counts of an epoch's batches out of the buffer; nil where they are not all there any more.
    private func countsInBuffer(
        of range: SequenceRange,
        _ samples: Int
    ) throws(StoreError) -> BatchCounts? {
        let parts = writer.withLock { $0.parts }
        var counts = BatchCounts()
        for info in parts where info.last > range.after && info.after < range.through {
            var feed = BufferFeed(info, try buffer.read(info.part))
            var number = range.after
            while number < range.through {
                let batches = try feed.batches(
                    after: number,
                    samples: 1 << 16,
                    limit: info.bytes
                )
                guard let last = batches.last else { break }
                for batch in batches where range.contains(batch.number) {
                    counts.append(batch.number, batch.count)
                }
                number = last.number
            }
        }
        return counts.total == samples ? counts : nil
    }
}

extension RecoveryReport {
    /// Whether samples that were stored may be missing.
    var hasLosses: Bool {
        lostBatches + lostSamples + damagedStretches + quarantined > 0
            || unreadParts + unreadableSegments > 0
    }
}

// MARK: - The book

extension Database {
    /// What the ledger says of each source, and of all that was stored.
    public func sourceLedger() -> (ledger: Ledger, lost: Int) {
        writer.withLock { writer in (writer.ledger, book.withLock { $0.lost }) }
    }

    /// Notes that segments, or an epoch that was never sealed, are about to go, and writes it down
    /// before they do.
    ///
    /// The segments are out of what is read when this returns.
    func giveUp(
        _ segments: [SegmentReader],
        _ reason: ExpiredReason
    ) {
        writer.withLock { _ in
            book.withLock { book in
                for segment in segments {
                    book.note(gone: segment.range, reason)
                    book.removing.append(segment.name)
                }
            }
            take(out: segments)
        }
        writeBook()
    }

    /// Says that what `giveUp` named is not there any more.
    func noteRemoved(_ names: [String]) {
        book.withLock { book in
            let count = book.removing.count
            book.removing.removeAll { names.contains($0) }
            if book.removing.count < count { book.isDirty = true }
        }
    }

    /// Writes the ledger file, where it says less than is known.
    ///
    /// Where it cannot be written that is said, and tried again: until then a crash costs totals.
    func writeBook() {
        if options.isReadOnly { return }
        bookWriting.withLock { isFailing in
            forgetPassed()
            let bytes = book.withLock { book -> [UInt8]? in
                guard book.isDirty else { return nil }
                book.isDirty = false
                return book.bytes(of: storeID)
            }
            guard let bytes else { return }
            let path = FilePath.join(options.basePath, StoreLayout.ledgerName)
            do throws(Errno) {
                try AtomicReplace.write(fileSystem, path, bytes)
                isFailing = false
            } catch {
                book.withLock { $0.isDirty = true }
                if !isFailing {
                    log.warn(
                        "cannot write the ledger, will try again",
                        ("path", path),
                        ("cause", "\(error)")
                    )
                }
                isFailing = true
            }
        }
    }

    // What every destination is past, and the buffer does not have any more.
    private func forgetPassed() {
        if isReplaying { return }
        let lowest = pins.withLock { $0.positions.isEmpty ? .zero : $0.lowest }
        let kept = writer.withLock { $0.parts.map(\.after).min() ?? $0.epochAfter }
        book.withLock { $0.forget(through: min(lowest, kept)) }
    }
}
