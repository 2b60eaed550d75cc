// What is known of metrics, for receivers of 1.0: requests of their own, as Prometheus sends them.
// Best effort: none is repeated, and no ledger knows of them.
internal import Formats
internal import HTTP
internal import Model
internal import Platform

extension Shipper {
    // Families a request, as Prometheus's `max_samples_per_send` of metadata.
    private static var familyLimit: Int { 2000 }

    /// Sends the descriptions now and then, until the task is cancelled.
    func describe() async {
        while true {
            do throws(CancellationError) {
                try await loop.sleep(for: options.metadataInterval)
            } catch { return }
            guard choice.version == .version1, choice.isSettled, !isStopping,
                let state, state.failuresInRow == 0, state.parkedCode == nil
            else { continue }
            let descriptions = descriptions
            for body in await pool.run({ Shipper.bodies(of: descriptions) }) {
                guard await sendDescriptions(body) else { break }
            }
        }
    }

    // Whether the receiver took it.
    private func sendDescriptions(_ body: WriteBody) async -> Bool {
        guard await waitForRate(body.bytes.count) else { return false }
        do throws(ForwardError) {
            let request = try await request(body, attempt: 0)
            sentBytes += UInt64(body.bytes.count)
            meters.noteSent(bytes: body.bytes.count)
            do throws(HTTPClientError) {
                return try await client.send(request).status.isSuccess
            } catch { return false }
        } catch { return false }
    }

    private static func bodies(of descriptions: any MetricDescriptions) -> [WriteBody] {
        let all = descriptions.all().sorted { $0.family < $1.family }
        return stride(from: 0, to: all.count, by: familyLimit).map { first in
            var message: [UInt8] = []
            for (family, description) in all[first..<min(first + familyLimit, all.count)] {
                RemoteWriteV1.appendMetadata(family: family, description, to: &message)
            }
            return WriteBody(.version1, message: message)
        }
    }
}
