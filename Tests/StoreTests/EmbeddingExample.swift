import Model
import Store

/// Opens a store, appends, reads back, closes.
func roomTemperatures(in directory: String) throws -> [Double] {
    // Everything lives under one directory. A store that is there is recovered, whatever became of
    // the process that wrote it; where none is, one is made.
    let database = try Database(StoreOptions(basePath: directory))

    // A stream is who brings samples: one a source, opened once.
    let stream = database.openStream(.push)
    let kitchen = Labels([Label("__name__", "room_temperature"), Label("room", "kitchen")])
    let cellar = Labels([Label("__name__", "room_temperature"), Label("room", "cellar")])

    // By labels, for a few samples of any time.
    let noon = Timestamp(ms: 1_764_072_000_000)
    let outcome = database.append(
        [LabelledSample(kitchen, at: noon, 21.5), LabelledSample(cellar, at: noon, 11)],
        to: stream
    )
    // `.stored` means acknowledged: from here on it survives a crash of the process.
    guard case .stored(2, dropped: []) = outcome else { return [] }

    // By handles, for the same series again and again: no labels are looked at any more.
    var batch = SampleBatch(stream: stream, time: noon)
    batch.series = try database.handles(for: [kitchen, cellar]).map { try $0.get() }
    for minute in 1...9 {
        batch.time = Timestamp(ms: noon.ms + Int64(minute) * 60_000)
        batch.values = [21.5 + Double(minute) / 10, 11]
        if case .unknownSeries = database.append(batch) {
            // A series without samples for a while was let go: ask for its handle and append again.
            batch.series = try database.handles(for: [kitchen, cellar]).map { try $0.get() }
            _ = database.append(batch)
        }
    }

    // Series in order of their labels; the samples are read one series at a time.
    let warm = LabelMatcher("room", equals: "kitchen")
    let selection = try database.select([warm], in: .all)
    var samples = SampleColumns()
    for index in 0..<selection.count {
        selection.read(at: index, in: .all, into: &samples)
    }

    // Seals what is open and gives the directory back.
    try database.close()
    return samples.values
}
