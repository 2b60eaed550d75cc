// The head's series, in pages that are made and given back whole: no object, no reference count.
//
// Growing copies nothing, and after a wave of short-lived series its pages go back to the allocator.

/// Series by slot.
///
/// What an append touches lies apart from the rest. All unsafe memory of the pages is handled here.
@safe struct SeriesPages: ~Copyable, @unchecked Sendable {
    // SAFETY: the pages are this struct's own, which has one owner at a time.

    @safe private struct Page {
        // Nil while no slot of the page is taken.
        var hot: UnsafeMutablePointer<HeadSeries>?
        var cold: UnsafeMutablePointer<SeriesRecord>?
        /// Slots that are taken.
        var taken: Int32 = 0
        /// Slots from here on were never taken since the page was made.
        var fresh: Int32 = 0
        /// The last slot that was released and may be taken again, as its place in the page; -1: none.
        var free: Int32 = -1
        /// No holder of a slot of this page had a higher generation when it was given back.
        var floor: UInt32 = 0
    }

    /// Slots of a page.
    static let pageSlots = 1024
    private static let shift = 10

    private var pages: [Page] = []
    private var firstWithRoom = 0
    private var heldPages = 0

    /// Slots are below it.
    var count: Int { pages.count << SeriesPages.shift }
    /// Bytes of all pages.
    var byteCount: Int {
        heldPages * SeriesPages.pageSlots
            * (MemoryLayout<HeadSeries>.stride + MemoryLayout<SeriesRecord>.stride)
            + pages.capacity * MemoryLayout<Page>.stride
    }

    deinit {
        for page in pages {
            // SAFETY: the elements are plain data; the memory is this struct's own.
            unsafe page.hot?.deallocate()
            unsafe page.cold?.deallocate()
        }
    }

    /// What an append touches of a series; the slot must be taken.
    subscript(slot: Int) -> HeadSeries {
        @inline(__always) _read { yield unsafe hot(slot).pointee }
        @inline(__always) _modify { yield unsafe &hot(slot).pointee }
    }

    /// The rest of a series; the slot must be taken.
    subscript(record slot: Int) -> SeriesRecord {
        @inline(__always) _read { yield unsafe cold(slot).pointee }
        @inline(__always) _modify { yield unsafe &cold(slot).pointee }
    }

    /// Whether the slot lies in a page that is there, so that it may be looked at.
    @inline(__always)
    func isHeld(_ slot: Int) -> Bool {
        let page = slot >> SeriesPages.shift
        // SAFETY: only asks whether there is memory.
        guard page < pages.count else { return false }
        return unsafe pages[page].hot != nil
    }

    /// Takes the lowest page's free slot; its generation is one that it never had.
    mutating func take() -> (slot: Int, generation: UInt32) {
        while firstWithRoom < pages.count, !hasRoom(firstWithRoom) { firstWithRoom += 1 }
        let place = firstWithRoom
        if place == pages.count { unsafe pages.append(Page(hot: nil, cold: nil)) }
        if unsafe pages[place].hot == nil { make(place) }
        let offset: Int
        if pages[place].free >= 0 {
            offset = Int(pages[place].free)
        } else {
            offset = Int(pages[place].fresh)
            pages[place].fresh += 1
        }
        pages[place].taken += 1
        let slot = place << SeriesPages.shift | offset
        let old = self[record: slot]
        if pages[place].free >= 0 { pages[place].free = Int32(bitPattern: old.labels) }
        // A handle whose generation is 0 is nobody's.
        let generation = old.generation == .max ? 1 : old.generation + 1
        self[slot] = HeadSeries()
        self[record: slot] = SeriesRecord(generation: generation)
        return (slot, generation)
    }

    /// Gives a slot back; the page goes with its last one.
    mutating func release(_ slot: Int) {
        let place = slot >> SeriesPages.shift
        self[slot].ready = 0
        self[record: slot].isUsed = false
        self[record: slot].labels = UInt32(bitPattern: pages[place].free)
        pages[place].free = Int32(slot & (SeriesPages.pageSlots - 1))
        pages[place].taken -= 1
        firstWithRoom = min(firstWithRoom, place)
        if pages[place].taken == 0 { giveBack(place) }
    }

    private func hasRoom(_ place: Int) -> Bool {
        pages[place].free >= 0 || pages[place].fresh < SeriesPages.pageSlots
    }

    private mutating func make(_ place: Int) {
        let count = SeriesPages.pageSlots
        let (hot, cold) = (
            UnsafeMutablePointer<HeadSeries>.allocate(capacity: count),
            UnsafeMutablePointer<SeriesRecord>.allocate(capacity: count)
        )
        // SAFETY: fills exactly what was allocated; every slot is plain data from now on.
        unsafe hot.initialize(repeating: HeadSeries(), count: count)
        unsafe cold.initialize(
            repeating: SeriesRecord(generation: pages[place].floor, isUsed: false),
            count: count
        )
        unsafe pages[place].hot = hot
        unsafe pages[place].cold = cold
        pages[place].fresh = 0
        pages[place].free = -1
        heldPages += 1
    }

    private mutating func giveBack(_ place: Int) {
        let first = place << SeriesPages.shift
        for slot in first..<first + SeriesPages.pageSlots {
            let generation = self[record: slot].generation
            pages[place].floor = max(pages[place].floor, generation)
        }
        // SAFETY: nobody holds a slot of the page, and slots are looked at only where a page is held.
        unsafe pages[place].hot?.deallocate()
        unsafe pages[place].cold?.deallocate()
        unsafe pages[place].hot = nil
        unsafe pages[place].cold = nil
        heldPages -= 1
    }

    @inline(__always)
    private func hot(_ slot: Int) -> UnsafeMutablePointer<HeadSeries> {
        guard let page = unsafe pages[slot >> SeriesPages.shift].hot else {
            preconditionFailure("BUG: slot \(slot) in a page that was given back")
        }
        // SAFETY: the mask keeps the place inside the page.
        return unsafe page + (slot & (SeriesPages.pageSlots - 1))
    }

    @inline(__always)
    private func cold(_ slot: Int) -> UnsafeMutablePointer<SeriesRecord> {
        guard let page = unsafe pages[slot >> SeriesPages.shift].cold else {
            preconditionFailure("BUG: slot \(slot) in a page that was given back")
        }
        // SAFETY: as in `hot`.
        return unsafe page + (slot & (SeriesPages.pageSlots - 1))
    }
}
