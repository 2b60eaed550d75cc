// Figures of the store and the process as own metrics.
import Platform
import Store

/// The store's figures.
enum StoreMeters {
    static func register(_ database: Database, in meters: MeterRegistry) {
        let figures: [(String, String, MeterKind, @Sendable (StoreStatistics) -> Double)] = [
            ("head_series", "Series in the head.", .gauge, { Double($0.headSeries) }),
            (
                "head_chunk_bytes", "Bytes of chunks in memory.", .gauge,
                { Double($0.headChunkBytes) }
            ),
            (
                "head_label_bytes", "Bytes of labels in memory.", .gauge,
                { Double($0.headLabelBytes) }
            ),
            (
                "late_samples", "Late samples that wait for their segment.", .gauge,
                { Double($0.lateSamples) }
            ),
            (
                "buffer_bytes", "Bytes of write buffer files.", .gauge,
                { Double($0.bufferFileBytes) }
            ),
            (
                "buffer_written_bytes_total", "Bytes written to the write buffer.", .counter,
                { Double($0.bufferBytesWritten) }
            ),
            (
                "buffer_failures_total", "Failed writes and syncs of the write buffer.", .counter,
                { Double($0.bufferFailures) }
            ),
            ("segments", "Sealed segments.", .gauge, { Double($0.segmentCount) }),
            ("segment_bytes", "Bytes of sealed segments.", .gauge, { Double($0.segmentBytes) }),
            (
                "segment_written_bytes_total", "Bytes written to segments.", .counter,
                { Double($0.segmentBytesWritten) }
            ),
            ("rotations_total", "Rotations of the head.", .counter, { Double($0.rotations) }),
            (
                "seal_failures_total", "Epochs that could not be sealed at once.", .counter,
                { Double($0.sealFailures) }
            ),
            (
                "segments_deleted_total", "Segments deleted by retention.", .counter,
                { Double($0.segmentsDeleted) }
            ),
            (
                "quarantined_total", "Damaged files and parts moved aside since the start.",
                .counter,
                { Double($0.quarantined) }
            ),
            (
                "damaged_reads_total", "Reads that came upon damage in a segment.", .counter,
                { Double($0.damagedReads) }
            ),
            (
                "samples_stored_total", "Samples stored since the store began.", .counter,
                { Double($0.ledger.stored) }
            ),
            (
                "samples_dropped_total", "Samples dropped since the store began.", .counter,
                { statistics in
                    Double(statistics.ledger.rows.values.reduce(0) { $0 + $1.brought - $1.stored })
                }
            ),
        ]
        for (name, help, kind, read) in figures {
            meters.callback("tsdb_agent_store_\(name)", help, kind) { [weak database] in
                database.map { read($0.statistics()) } ?? 0
            }
        }
    }
}

/// The process's figures, with the names that Prometheus's client libraries use.
enum ProcessMeters {
    static func register(in meters: MeterRegistry) {
        let figures: [(String, String, MeterKind, @Sendable (ResourceUsage) -> Double)] = [
            (
                "process_cpu_seconds_total", "User and system time.", .counter,
                { $0.userSeconds + $0.systemSeconds }
            ),
            (
                "process_resident_memory_bytes", "Resident memory.", .gauge,
                { Double($0.residentBytes) }
            ),
            (
                "tsdb_agent_anonymous_memory_bytes", "Resident anonymous memory.", .gauge,
                { Double($0.anonymousBytes) }
            ),
            (
                "process_virtual_memory_bytes", "Virtual memory.", .gauge,
                { Double($0.virtualBytes) }
            ),
            ("process_open_fds", "Open descriptors.", .gauge, { Double($0.openDescriptors) }),
            (
                "process_max_fds", "Descriptors that may be open.", .gauge,
                { Double($0.maxDescriptors) }
            ),
            ("process_threads", "Threads.", .gauge, { Double($0.threads) }),
        ]
        for (name, help, kind, read) in figures {
            meters.callback(name, help, kind) { read(ResourceUsage.now()) }
        }
        let startMs = ResourceUsage.processStartMs() ?? 0
        meters.callback("process_start_time_seconds", "Start, since 1970 UTC.", .gauge) {
            Double(startMs) / 1000
        }
        meters.gauge(
            "tsdb_agent_build_info",
            "Always 1; the version is a label.",
            ["version": AgentVersion.text]
        ).set(1)
    }
}
