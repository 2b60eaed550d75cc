// A remote-write 1.0 body as a push: https://prometheus.io/docs/specs/prw/remote_write_spec/
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
    }

    /// Decompresses and reads a request.
    ///
    /// - Throws: `PushRefusal` when nothing of it can be used.
    func decode(_ block: [UInt8]) throws(PushRefusal) -> Decoded {
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
        do throws(RemoteWriteError) {
            return try read(body)
        } catch {
            throw PushRefusal(status: 400, text: "\(error)")
        }
    }

    private func read(_ body: [UInt8]) throws(RemoteWriteError) -> Decoded {
        var decoded = Decoded()
        var reader = RemoteWriteV1Reader(count: body.count)
        while let entry = try reader.next(body.span) {
            switch entry {
            case .metadata(let family, let metadata):
                decoded.push.metadata.append(MetricDescription(name: family, entries: [metadata]))
            case .series:
                do throws(RemoteWriteError) {
                    let labels = try reader.labels(body.span)
                    if reader.samples.count > 0 {
                        decoded.push.series.append(
                            PushedSeries(labels: labels, samples: reader.samples)
                        )
                    }
                } catch {
                    if decoded.refusedSeries == 0 { decoded.firstRefusal = "\(error)" }
                    decoded.refusedSeries += 1
                }
            }
        }
        return decoded
    }
}
