// GET /api/v1/status/buildinfo, runtimeinfo, config, flags, tsdb and walreplay
internal import Formats
internal import HTTP
internal import Model

struct StatusPages: Sendable {
    let source: any StatusSource
    let build: BuildInfo

    /// Without `features`: a list there makes Grafana take the agent for another product.
    func buildInfo(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        StatusPages.texts([
            ("version", build.version), ("revision", build.revision), ("branch", build.branch),
            ("buildUser", ""), ("buildDate", build.buildDate), ("goVersion", ""),
        ])
    }

    func runtimeInfo(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let info = await source.runtimeInfo()
        let bytes = Envelope.success { json in
            json.beginObject()
            json.key("startTime")
            json.string(RFC3339.format(info.startTime))
            json.key("CWD")
            json.string(info.workingDirectory)
            json.key("hostname")
            json.string(info.hostName)
            json.key("reloadConfigSuccess")
            json.bool(info.reloadSucceeded)
            json.key("lastConfigTime")
            json.string(RFC3339.format(info.lastConfigTime))
            json.key("corruptionCount")
            json.number(info.corruptions)
            json.key("storageRetention")
            json.string(info.storageRetention)
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    /// Under Prometheus's key, though it is TOML.
    func config(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        StatusPages.texts([("yaml", await source.configText())])
    }

    func flags(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        StatusPages.texts(await source.flags().map { ($0.name, $0.value) })
    }

    /// In KiB of the write buffer, where Prometheus counts segments of its log: so a progress bar moves.
    func replay(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let replay = source.replay()
        let bytes = Envelope.success { json in
            json.beginObject()
            json.key("min")
            json.number(0)
            json.key("max")
            json.number(Int((replay.totalBytes + 1023) / 1024))
            json.key("current")
            json.number(Int((replay.readBytes + 1023) / 1024))
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    func store(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let parameters = try Parameters(request)
        let limit = try parameters.limit()
        if parameters["limit"] != nil, limit == 0 {
            throw APIError(.badData, "limit must be a positive number")
        }
        let status = await source.storeStatus(limit: limit == 0 ? 10 : limit)
        let bytes = Envelope.success { json in
            json.beginObject()
            json.key("headStats")
            json.beginObject()
            for (key, number) in [
                ("numSeries", Int64(status.series)), ("numLabelPairs", Int64(status.labelPairs)),
                ("chunkCount", Int64(status.chunks)),
                // An empty head has Prometheus's extremes.
                ("minTime", status.range?.start.ms ?? .max),
                ("maxTime", status.range?.end.ms ?? .min),
            ] {
                json.key(key)
                json.number(number)
            }
            json.endObject()
            for (key, counts) in [
                ("seriesCountByMetricName", status.seriesByMetric),
                ("labelValueCountByLabelName", status.valuesByLabel),
                ("memoryInBytesByLabelName", status.bytesByLabel),
                ("seriesCountByLabelValuePair", status.seriesByPair),
            ] {
                json.key(key)
                StatusPages.write(counts, &json)
            }
            json.endObject()
        }
        return Envelope.response(bytes)
    }

    private static func write(_ counts: [StoreStatus.Count], _ json: inout JSONWriter) {
        json.beginArray()
        for count in counts {
            json.beginObject()
            json.key("name")
            json.string(count.name)
            json.key("value")
            json.number(count.value)
            json.endObject()
        }
        json.endArray()
    }

    private static func texts(_ pairs: [(String, String)]) -> HTTPResponse {
        Envelope.response(
            Envelope.success { json in
                json.beginObject()
                for (key, text) in pairs {
                    json.key(key)
                    json.string(text)
                }
                json.endObject()
            }
        )
    }
}
