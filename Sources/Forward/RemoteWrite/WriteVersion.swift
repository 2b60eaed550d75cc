// Which version of remote write a destination is sent: 2.0 first, 1.0 where the receiver knows no
// other (remote write 2.0, section "Protocol").

/// A version of remote write.
public enum WriteVersion: UInt8, Sendable, CaseIterable {
    /// `prometheus.WriteRequest`.
    case version1 = 1
    /// `io.prometheus.write.v2.Request`.
    case version2 = 2
}

/// What `protobuf_message` says.
public enum WriteMessage: String, Sendable, CaseIterable {
    /// 2.0, unless the receiver knows only 1.0.
    case auto
    case version1 = "prometheus.WriteRequest"
    case version2 = "io.prometheus.write.v2.Request"
}

/// What is known of a receiver's versions, and what an answer means by it; pure.
struct VersionChoice: Sendable, Equatable {
    /// The version of the next new request.
    private(set) var version: WriteVersion
    /// Whether the receiver took something in this version: what is worth remembering.
    private(set) var isSettled: Bool
    private let isFixed: Bool

    /// - Parameters:
    ///   - message: what the configuration says.
    ///   - remembered: what an earlier run settled on, nil when nothing is known.
    init(_ message: WriteMessage, remembered: WriteVersion?) {
        switch message {
        case .auto: version = remembered ?? .version2
        case .version1: version = .version1
        case .version2: version = .version2
        }
        isFixed = message != .auto
        isSettled = isFixed || remembered != nil
    }

    /// What an answer means, to a request of the version and with the samples `sent`.
    ///
    /// `refused` is the status for which the same samples were refused in 2.0 before, nil otherwise.
    mutating func judge(
        _ answer: WriteAnswer,
        sent: (version: WriteVersion, samples: Int),
        refused: Int?
    ) -> Verdict {
        switch sent.version {
        case .version1: judgeVersion1(answer, refused)
        case .version2: judgeVersion2(answer, sent.samples)
        }
    }

    private mutating func judgeVersion1(_ answer: WriteAnswer, _ refused: Int?) -> Verdict {
        let verdict = answer.verdict
        guard !isFixed, !isSettled || version == .version2 else { return verdict }
        switch verdict {
        case .stored:
            // Another request may have settled on 2.0 meanwhile; a receiver of both takes both.
            if !isSettled { (version, isSettled) = (.version1, true) }
        case .parked(415) where refused == 400:
            // It speaks 2.0 and nothing else: it meant the samples.
            (version, isSettled) = (.version2, true)
            return .rejected(code: 400)
        // The samples are bad in either version, which says nothing about the receiver.
        case .rejected where refused == 400 && !isSettled: version = .version2
        default: break
        }
        return verdict
    }

    private mutating func judgeVersion2(_ answer: WriteAnswer, _ samples: Int) -> Verdict {
        let verdict = answer.verdict(ofVersion2: samples)
        switch verdict {
        case .stored, .partly:
            if !isFixed { (version, isSettled) = (.version2, true) }
        // "If the Sender fails to find the headers in a 2xx response, it SHOULD treat the request as
        // 415": a receiver of 1.0 found nothing that it knows in the message.
        case .notUnderstood, .parked(415):
            if isFixed { return .parked(code: 415) }
            if version == .version2 { (version, isSettled) = (.version1, false) }
            return .notUnderstood
        // What an old receiver of 1.0 says to a message that it cannot decode.
        case .rejected(400) where !isSettled || version == .version1:
            version = .version1
            return .notUnderstood
        default: break
        }
        return verdict
    }
}
