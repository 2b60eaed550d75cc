// Results of queries as JSON: `resultType` comes before `result`, so that readers can stream.
internal import Formats
internal import Model
internal import PromQL

enum QueryJSON {
    /// The whole answer, cut to `limit` series (0: not) with a warning.
    static func bytes(_ result: QueryResult, limit: Int) -> [UInt8] {
        var warnings = result.warnings
        let count: Int =
            switch result.value {
            case .vector(let elements): elements.count
            case .matrix(let series): series.count
            case .scalar, .string: 0
            }
        let isCut = limit > 0 && count > limit
        if isCut { warnings.append(Envelope.truncated) }
        let kept = isCut ? limit : count
        return Envelope.success(
            warnings: warnings,
            infos: result.infos,
            reserving: 256 + 96 * kept
        ) { json in
            json.beginObject()
            json.key("resultType")
            json.string(result.value.typeName)
            json.key("result")
            write(result.value, kept, &json)
            json.endObject()
        }
    }

    private static func write(_ value: QueryValue, _ kept: Int, _ json: inout JSONWriter) {
        switch value {
        case .scalar(let sample): pair(sample.time, sample.value, &json)
        case .string(let text, let time):
            json.beginArray()
            json.timestamp(time)
            json.string(text)
            json.endArray()
        case .vector(let elements):
            json.beginArray()
            for element in elements.prefix(kept) {
                json.beginObject()
                json.key("metric")
                json.labels(element.labels)
                json.key("value")
                pair(element.sample.time, element.sample.value, &json)
                json.endObject()
            }
            json.endArray()
        case .matrix(let series):
            json.beginArray()
            for one in series.prefix(kept) { write(one, &json) }
            json.endArray()
        }
    }

    private static func write(_ series: MatrixSeries, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("metric")
        json.labels(series.labels)
        json.key("values")
        json.beginArray()
        for index in 0..<series.samples.count {
            pair(
                Timestamp(ms: series.samples.times[index]),
                series.samples.values[index],
                &json
            )
        }
        json.endArray()
        json.endObject()
    }

    private static func pair(_ time: Timestamp, _ value: Double, _ json: inout JSONWriter) {
        json.beginArray()
        json.timestamp(time)
        json.sampleValue(value)
        json.endArray()
    }
}
