// What a store is made of where there is a choice: bound here and nowhere else.

/// The engines of a `Database`; the initialiser's defaults are those that the agent runs with.
public struct StoreEngines: Sendable {
    /// Codes the chunks of a sealed epoch.
    public var sealed: any Compressor
    /// Codes the chunks of the cold rewrite.
    public var cold: any Compressor
    /// Compressors that are only read with: of segments that were written under other bindings.
    ///
    /// The format's own compressors are always among them.
    public var others: [any Compressor]
    /// Where sealed segments live; made when a store opens.
    public var storage: @Sendable (StorageContext) -> any StorageEngine

    /// Where others find chunks by series and time; kept in step with the segments.
    public var timeIndex: any TimeIndex
    /// Where batches lie until their epoch is sealed; made when a store opens.
    public var writeBuffer: @Sendable (BufferContext) -> any WriteBuffer

    /// Binds the engines.
    ///
    /// Of two compressors with the same number the first of `sealed`, `cold`, `others` reads.
    public init(
        sealed: any Compressor = ColumnarCompressor(),
        cold: any Compressor = ColumnarCompressor(),
        others: [any Compressor] = [],
        storage: @escaping @Sendable (StorageContext) -> any StorageEngine = { SegmentStorage($0) },
        timeIndex: any TimeIndex = SegmentTimeIndex(),
        writeBuffer: @escaping @Sendable (BufferContext) -> any WriteBuffer = { FileBuffer($0) }
    ) {
        self.sealed = sealed
        self.cold = cold
        self.others = others
        self.storage = storage
        self.timeIndex = timeIndex
        self.writeBuffer = writeBuffer
    }
}
