// The engines of a store, bound in one place.

/// What a store is made of where a user may put something of their own.
public struct StoreEngines: Sendable {
    /// Where sealed segments live; made when a store opens.
    public var storage: @Sendable (StorageContext) -> any StorageEngine = { SegmentStorage($0) }

    /// The store's own engines.
    public init() {}
}
