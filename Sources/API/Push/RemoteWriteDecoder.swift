// A remote write body as a push: https://prometheus.io/docs/specs/prw/remote_write_spec/ and its 2.0
internal import Formats
internal import Model

struct RemoteWriteDecoder: Sendable {
    let snappy: any SnappyDecoder
    let limits: PushLimits

    /// What a request brought, and what of it cannot be taken.
    struct Decoded: Sendable {
        var push = Push()
        /// Series that are no series, such as without a name; the rest can be stored.
        var refusedSeries = 0
        /// What is wrong with the first of them.
        var firstRefusal = ""
        /// Native histograms, which are not stored; those of refused series are not among them.
        var histograms = 0
    }

    /// Decompresses and reads a request.
    ///
    /// - Throws: `PushRefusal` when nothing of it can be used.
    func decode(
        _ block: [UInt8],
        _ message: RemoteWriteMessage = .version1
    ) throws(PushRefusal) -> Decoded {
        let body: [UInt8]
        do throws(SnappyDecodeError) {
            body = try snappy.decode(block, limit: limits.decodedBytes)
        } catch {
            switch error {
            case .tooLarge(let bytes, let limit):
                throw PushRefusal(
                    status: 413,
                    text: "the request has \(bytes) bytes after decompression; "
                        + "the limit is \(limit)"
                )
            case .damaged(let reason):
                throw PushRefusal(status: 400, text: "cannot decompress the request: \(reason)")
            }
        }
        switch message {
        case .version1: return try readVersion1(body)
        case .version2: return try readVersion2(body)
        }
    }

    private func readVersion1(_ body: [UInt8]) throws(PushRefusal) -> Decoded {
        var decoded = Decoded()
        var reader = RemoteWriteV1Reader(count: body.count, sampleLimit: limits.samples)
        do throws(RemoteWriteError) {
            while let entry = try reader.next(body.span) {
                switch entry {
                case .metadata(let family, let metadata):
                    decoded.push.metadata.append(
                        MetricDescription(name: family, entries: [metadata])
                    )
                case .series:
                    do throws(RemoteWriteError) {
                        let labels = try reader.labels(body.span)
                        decoded.add(labels, reader.samples, histograms: reader.histograms)
                    } catch {
                        decoded.refuse("\(error)")
                    }
                }
            }
        } catch {
            throw PushRefusal(status: 400, text: "\(error)")
        }
        try check(reader.sampleTotal)
        return decoded
    }

    private func readVersion2(_ body: [UInt8]) throws(PushRefusal) -> Decoded {
        var decoded = Decoded()
        var noted: Set<Noted> = []
        var samples = 0
        do throws(RemoteWriteV2Error) {
            var reader = try RemoteWriteV2Reader(body.span, sampleLimit: limits.samples)
            while try reader.next(body.span) {
                do throws(RemoteWriteV2Error) {
                    let labels = try reader.labels(body.span)
                    try reader.checkContents()
                    try note(labels, reader, body, &noted, &decoded)
                    decoded.add(labels, reader.samples, histograms: reader.histograms)
                } catch {
                    decoded.refuse("\(error)")
                }
            }
            samples = reader.sampleTotal
        } catch {
            throw PushRefusal(status: 400, text: "\(error)")
        }
        try check(samples)
        return decoded
    }

    // Every series of a metric says the same of it: once is enough.
    private struct Noted: Hashable {
        let name: String
        let key: RemoteWriteV2Reader.MetadataKey
    }

    private func note(
        _ labels: Labels,
        _ reader: RemoteWriteV2Reader,
        _ body: [UInt8],
        _ noted: inout Set<Noted>,
        _ decoded: inout Decoded
    ) throws(RemoteWriteV2Error) {
        guard let key = reader.metadataKey, let name = labels.metricName,
            noted.insert(Noted(name: name, key: key)).inserted
        else { return }
        let metadata = try reader.metadata(key, body.span)
        guard metadata != MetricMetadata() else { return }
        let family = metadata.kind.family(ofSeries: name)
        if family != name, !noted.insert(Noted(name: family, key: key)).inserted { return }
        decoded.push.metadata.append(MetricDescription(name: family, entries: [metadata]))
    }

    private func check(_ samples: Int) throws(PushRefusal) {
        guard samples > limits.samples else { return }
        throw PushRefusal(
            status: 413,
            text: "the request has \(samples) samples; the limit is \(limits.samples)"
        )
    }
}

extension RemoteWriteDecoder.Decoded {
    fileprivate mutating func add(_ labels: Labels, _ samples: SampleColumns, histograms: Int) {
        self.histograms += histograms
        if samples.count > 0 {
            push.series.append(PushedSeries(labels: labels, samples: samples))
        }
    }

    fileprivate mutating func refuse(_ why: String) {
        if refusedSeries == 0 { firstRefusal = why }
        refusedSeries += 1
    }

    /// What of the request is not stored and never will be; nil when there is nothing.
    var refusal: String? {
        var parts: [String] = []
        if refusedSeries > 0 { parts.append("\(refusedSeries) series refused") }
        if histograms > 0 { parts.append("\(histograms) native histograms are not stored") }
        if parts.isEmpty { return nil }
        let first = refusedSeries > 0 ? "; the first: \(firstRefusal)" : ""
        return parts.joined(separator: ", ") + ", the rest is stored" + first
    }
}
