// Where the destinations stand, and what of the segments they were given: what must not be merged.
// Architecture section 5, "Rewrite and retention".
import Model

/// The places of all destinations.
struct DestinationPins {
    private struct Place {
        var at: FeedPosition
        var offered: FeedPosition
    }

    private var places: [String: Place] = [:]
    // Segments that the feed gave something of, until every destination is past them: a request may be
    // repeated, and its borders mean a place in that very segment. By their `after`, to `through`.
    private var given: [SequenceNumber: SequenceNumber] = [:]
    // What is being replaced this very moment.
    private var replacing: SequenceRange?

    mutating func pin(_ destination: String, at position: FeedPosition) {
        let offered = places[destination]?.offered ?? position
        places[destination] = Place(at: position, offered: offered)
        forgetGiven()
    }

    mutating func offer(_ destination: String, through position: FeedPosition) {
        let at = places[destination]?.at ?? FeedPosition(number: .zero)
        places[destination] = Place(at: at, offered: position)
    }

    mutating func unpin(_ destination: String) {
        places[destination] = nil
        forgetGiven()
    }

    private mutating func forgetGiven() {
        guard !given.isEmpty else { return }
        let lowest = lowest
        given = given.filter { $0.value > lowest }
    }

    /// All positions.
    var positions: [FeedPosition] { places.values.map(\.at) }

    /// All destinations with their positions.
    var byDestination: [String: FeedPosition] { places.mapValues(\.at) }

    /// Whether a destination may stand inside of a stretch of batches.
    func mayBeInside(_ range: SequenceRange) -> Bool {
        places.values.contains { place in
            place.at.number < range.through
                && range.after <= max(place.at.number, place.offered.number)
        }
    }

    /// Every destination has all batches up to this one.
    var lowest: SequenceNumber {
        places.values.map(\.at.number).min() ?? .max
    }

    /// Whether every destination has all of a segment.
    func isPast(_ range: SequenceRange) -> Bool { range.through <= lowest }

    /// Whether a segment may be merged with others: no destination in it or at its start, and none was
    /// offered a part of it without an answer.
    func isFree(_ range: SequenceRange) -> Bool {
        given[range.after] == nil
            && places.values.allSatisfy { place in
                if range.contains(after: place.at.number) { return false }
                return place.offered <= place.at || place.offered.number < range.after
                    || range.through <= place.at.number
            }
    }

    /// Notes that the feed gives something of a segment.
    ///
    /// - Returns: false while the segment is being replaced: it is not to be read any more.
    mutating func give(_ range: SequenceRange) -> Bool {
        if let replacing, replacing.after <= range.after, range.after < replacing.through {
            return false
        }
        given[range.after] = range.through
        return true
    }

    /// Begins to replace what is in `range`, where nothing stands against it.
    mutating func beginReplacing(_ range: SequenceRange, _ parts: [SequenceRange]) -> Bool {
        guard parts.allSatisfy(isFree) else { return false }
        replacing = range
        return true
    }

    mutating func endReplacing() {
        replacing = nil
    }
}
