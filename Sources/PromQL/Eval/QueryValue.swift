// What a query answers.
public import Model

/// The value of a query, with what the reader should know about how it came about.
public struct QueryResult: Sendable {
    /// The value.
    public var value: QueryValue
    /// What makes the answer doubtful, in Prometheus's words, each once, in order of appearance.
    public var warnings: [String]
    /// What may be worth a look, likewise.
    public var infos: [String]
    /// The largest number of samples that was held at once.
    public var peakSamples: Int
}

/// One of the four types of PromQL.
///
/// An instant query gives any of them, a range query always a matrix.
public enum QueryValue: Sendable {
    case scalar(Sample)
    case string(String, time: Timestamp)
    /// In the order of evaluation: `sort`, `topk` and the like decide about it.
    case vector([VectorElement])
    /// In order of labels.
    case matrix([MatrixSeries])

    /// The type's name in the HTTP API: `scalar`, `string`, `vector`, `matrix`.
    public var typeName: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "vector"
        case .matrix: "matrix"
        }
    }
}

/// One element of an instant vector.
public struct VectorElement: Sendable {
    /// Which series.
    public var labels: Labels
    /// Its value and the time of evaluation.
    public var sample: Sample
}

/// One series of a matrix.
public struct MatrixSeries: Sendable {
    /// Which series.
    public var labels: Labels
    /// At least one sample, ascending in time.
    public var samples: SampleColumns
}
