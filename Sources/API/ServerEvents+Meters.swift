// The HTTP server's events as meters.
public import HTTP
public import Platform

extension ServerEvents {
    /// Counts what the server tells in the registry; accept failures also go to the log.
    public static func metered(_ meters: MeterRegistry, _ log: Logger) -> ServerEvents {
        var events = ServerEvents()
        var hits: [ServerLimit: Counter] = [:]
        for limit in ServerLimit.allCases {
            hits[limit] = meters.counter(
                "tsdb_agent_http_limit_hits_total",
                "Connections and requests that were refused or dropped, by limit.",
                ["limit": limit.rawValue]
            )
        }
        let counters = hits
        events.limitHit = { counters[$0]?.add() }
        let seconds = meters.histogram(
            "tsdb_agent_http_request_duration_seconds",
            "From the whole request to the begin of its response."
        )
        events.answered = { _, status, ms in
            seconds.observe(ms / 1000)
            meters.counter(
                "tsdb_agent_http_responses_total",
                "Responses by status code.",
                ["code": "\(status.code)"]
            ).add()
        }
        let failures = meters.counter(
            "tsdb_agent_http_accept_failures_total",
            "Connections that could not be accepted."
        )
        events.acceptFailed = { error in
            failures.add()
            log.warn("cannot accept a connection", ("cause", "\(error)"))
        }
        return events
    }
}
