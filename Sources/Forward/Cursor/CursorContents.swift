// The two slots of a cursor file as they were found. Byte layout: Forward.docc/cursor-file.md
internal import Codec

/// What the bytes of a cursor file say, whatever they are.
struct CursorContents {
    static let slotOffsets: [Int64] = [0, 4096]
    static let byteCount = 4096 + CursorSlot.byteCount

    /// The readable slot of the larger generation.
    private(set) var newest: (index: Int, slot: CursorSlot)?
    /// What is wrong with the others.
    private(set) var complaints: [String] = []
    /// The version of a slot that a newer program wrote: its place is not for this one to throw away.
    private(set) var newerVersion: UInt16?
    private let unwritten: [Bool]

    /// Reads both slots; bytes that are missing are damage.
    init(_ bytes: [UInt8]) {
        let slots = CursorContents.slotOffsets.map { offset in
            Array(bytes.dropFirst(Int(offset)).prefix(CursorSlot.byteCount))
        }
        unwritten = slots.map { slot in
            bytes.count == CursorContents.byteCount && slot.allSatisfy { $0 == 0 }
        }
        for (index, slot) in slots.enumerated() {
            if let version = CursorSlot.newerVersion(slot.span) { newerVersion = version }
            do throws(CodecError) {
                let slot = try CursorSlot(slot.span)
                if slot.generation > newest?.slot.generation ?? 0 { newest = (index, slot) }
            } catch {
                complaints.append("slot \(index): \(error)")
            }
        }
    }

    /// All zeros, as a new file's slots are.
    func isUnwritten(_ index: Int) -> Bool { unwritten[index] }
}
