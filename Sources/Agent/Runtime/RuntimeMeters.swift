// Figures of the store and the process as own metrics.
import Model
import Platform
import Store

/// The store's figures.
enum StoreMeters {
    static func register(_ database: Database, in meters: MeterRegistry) {
        register(in: meters) { [weak database] in database?.statistics() }
    }

    /// Shows what `read` gives, which is asked once for all figures; nil for a store that is gone.
    static func register(
        in meters: MeterRegistry,
        read: @escaping @Sendable () -> StoreStatistics?
    ) {
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
                "head_index_bytes", "Bytes of the label index in memory.", .gauge,
                { Double($0.headIndexBytes) }
            ),
            (
                "head_series_bytes", "Bytes of series in memory without labels and chunks.", .gauge,
                { Double($0.headSeriesBytes) }
            ),
            (
                "late_samples", "Late samples that wait for their segment.", .gauge,
                { Double($0.lateSamples) }
            ),
            (
                "buffer_bytes", "Bytes of records in the write buffer.", .gauge,
                { Double($0.bufferBytes) }
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
            (
                "cold_segments", "Of the segments: those that were merged.", .gauge,
                { Double($0.coldSegmentCount) }
            ),
            (
                "cold_segment_bytes", "Bytes of merged segments.", .gauge,
                { Double($0.coldSegmentBytes) }
            ),
            ("chunks", "Chunks in segments.", .gauge, { Double($0.chunkCount) }),
            (
                "rewrites_total", "Segments written by merging others.", .counter,
                { Double($0.rewrite.segments) }
            ),
            (
                "rewrite_inputs_total", "Segments that were merged into others.", .counter,
                { Double($0.rewrite.inputs) }
            ),
            (
                "rewrite_written_bytes_total", "Bytes written by merging segments.", .counter,
                { Double($0.rewrite.writtenBytes) }
            ),
            (
                "rewrite_failures_total", "Merges that could not be written.", .counter,
                { Double($0.rewrite.failures) }
            ),
            (
                "write_amplification",
                "Bytes written to segments for each byte of them that was kept; 0 before a merge.",
                .gauge, { $0.rewrite.writeAmplification ?? 0 }
            ),
            (
                "cap_bytes", "What everything under base_path may take; 0 without a cap.", .gauge,
                { Double($0.capBytes ?? 0) }
            ),
            (
                "used_bytes", "What everything under base_path takes; 0 without a cap.", .gauge,
                { Double($0.usedBytes ?? 0) }
            ),
            (
                "segments_deleted_by_cap_total", "Segments deleted by retention_size.", .counter,
                { Double($0.segmentsDeletedByCap) }
            ),
            (
                "quarantine_deleted_by_cap_total",
                "Files in quarantine deleted by retention_size.", .counter,
                { Double($0.quarantineDeletedByCap) }
            ),
            (
                "epochs_dropped_by_cap_total",
                "Epochs dropped from memory because retention_size left no room.", .counter,
                { Double($0.epochsDroppedByCap) }
            ),
            (
                "replayed_samples", "Samples that the start found in the write buffer.", .gauge,
                { Double($0.replayedSamples) }
            ),
            (
                "replaying", "1 while the write buffer of the last start is replayed.", .gauge,
                { $0.replay.phase == .running ? 1 : 0 }
            ),
            (
                "replay_read_bytes", "Bytes of the last start's write buffer that were read.",
                .gauge, { Double($0.replay.readBytes) }
            ),
            (
                "replay_size_bytes", "Bytes of the last start's write buffer.", .gauge,
                { Double($0.replay.totalBytes) }
            ),
            (
                "replay_seconds", "How long its replay took, or has taken so far.", .gauge,
                { Double($0.replay.tookMs) / 1000 }
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
                "cache_hits_total", "Blocks of segments that were in the cache.", .counter,
                { Double($0.cache.hits) }
            ),
            (
                "cache_misses_total", "Blocks of segments that had to be read.", .counter,
                { Double($0.cache.misses) }
            ),
            (
                "cache_evictions_total", "Blocks that left the cache to make room.", .counter,
                { Double($0.cache.evictions) }
            ),
            (
                "cache_hit_ratio", "Hits for each block that was asked for; 0 before the first.",
                .gauge, { Double($0.cache.hits) / Double(max(1, $0.cache.hits + $0.cache.misses)) }
            ),
            ("cache_bytes", "Bytes in the block cache.", .gauge, { Double($0.cache.bytes) }),
            (
                "cache_blocks", "Blocks in the block cache.", .gauge,
                { Double($0.cache.blocks) }
            ),
            (
                "samples_stored_total", "Samples stored since the store began.", .counter,
                { Double($0.ledger.stored) }
            ),
        ]
        var all = figures.map { name, help, kind, value in
            MeterFigure<StoreStatistics?>("tsdb_agent_store_\(name)", help, kind) {
                $0.map(value) ?? 0
            }
        }
        for reason in DropReason.allCases {
            let figure = MeterFigure<StoreStatistics?>(
                "tsdb_agent_store_samples_dropped_total",
                "Samples dropped since the store began, by reason.",
                .counter,
                ["reason": reason.text]
            ) { statistics in
                let rows = statistics?.ledger.rows ?? [:]
                return Double(rows.values.reduce(0) { $0 + ($1.dropped[reason] ?? 0) })
            }
            all.append(figure)
        }
        meters.callbacks(all, read: read)
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
        meters.callbacks(
            figures.map { name, help, kind, value in
                MeterFigure(name, help, kind, value: value)
            }
        ) { ResourceUsage.now() }
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
