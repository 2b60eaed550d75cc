// The first of the store's engines: how the samples of a chunk become bytes.
public import Model

/// Codes the samples of one sealed chunk; a user's own can be bound in `StoreEngines`.
///
/// Called once a chunk, from any thread. What it writes must stay readable for as long as segments are
/// kept: bind an old one as `StoreEngines.others` when another takes its place.
public protocol Compressor: Sendable {
    /// What the chunk's header says; a user's own has one of 128 to 255.
    var compression: ChunkCompression { get }

    /// Adds the coded samples to the end of `payload`, every bit of every value kept.
    ///
    /// - Parameters:
    ///   - times: milliseconds, strictly ascending, at least one.
    ///   - values: as many.
    ///   - payload: grows by the coded samples, whatever it holds already.
    func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8])

    /// Adds the `header.pointCount` samples of `payload` to the end of `samples`.
    ///
    /// The payload's checksum was right, but it may still be anything: a forged one is an error. The
    /// caller checks that the times ascend from the header's first to its last one.
    ///
    /// - Throws: `.payload`; `samples` is as it was then.
    func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError)
}
