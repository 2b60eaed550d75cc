// Exposition text as a push: every sample with its timestamp, or the time of arrival.
internal import Formats
internal import Model

struct ExpositionDecoder: Sendable {
    let limits: PushLimits
    /// Set on every series, above what the text says.
    let extraLabels: [Label]
    /// For samples without a timestamp.
    let arrivalMs: Int64

    private struct State {
        var push = Push()
        var byText: [[UInt8]: Int] = [:]
        var byLabels: [Labels: Int] = [:]
        var metadata: [String: Int] = [:]
        var samples = 0
    }

    /// Reads the whole text; nothing of it is used when one line is wrong.
    ///
    /// - Throws: `PushRefusal` with the line's number.
    func decode(_ text: [UInt8]) throws(PushRefusal) -> Push {
        var state = State()
        var parser = ExpositionParser()
        do throws(ExpositionError) {
            try parser.feed(text.span) { line, bytes, number throws(ExpositionError) in
                try take(line, bytes, number, &state)
            }
            try parser.finish { line, bytes, number throws(ExpositionError) in
                try take(line, bytes, number, &state)
            }
        } catch {
            throw PushRefusal(
                status: 400,
                text: "line \(error.line), column \(error.column): \(error.problem)"
            )
        }
        guard state.samples <= limits.samples else {
            throw PushRefusal(
                status: 413,
                text: "the text has \(state.samples) samples; the limit is \(limits.samples)"
            )
        }
        return state.push
    }

    private func take(
        _ line: ExpositionLine,
        _ bytes: Span<UInt8>,
        _ number: Int,
        _ state: inout State
    ) throws(ExpositionError) {
        switch line {
        case .sample(let range, let value, let timestampMs):
            state.samples += 1
            guard state.samples <= limits.samples else { return }
            let index = try series(bytes.extracting(range), number, &state)
            state.push.series[index].samples.append(timestampMs ?? arrivalMs, value)
        case .help(let name, let text):
            let index = description(bytes.extracting(name), &state)
            state.push.metadata[index].entries[0].help =
                ExpositionLabels.help(bytes.extracting(text))
        case .type(let name, let kind):
            let index = description(bytes.extracting(name), &state)
            state.push.metadata[index].entries[0].kind = kind
        }
    }

    // The index of the series that these bytes name; equal bytes are looked at once.
    private func series(
        _ bytes: Span<UInt8>,
        _ line: Int,
        _ state: inout State
    ) throws(ExpositionError) -> Int {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for index in bytes.indices { text.append(bytes[index]) }
        if let known = state.byText[text] { return known }
        var labels = try ExpositionLabels.parse(bytes, line: line)
        if !extraLabels.isEmpty {
            var builder = LabelsBuilder(labels)
            for label in extraLabels { builder.set(label.name, label.value) }
            labels = builder.labels()
        }
        let index = state.byLabels[labels] ?? state.push.series.count
        if index == state.push.series.count {
            state.push.series.append(PushedSeries(labels: labels, samples: SampleColumns()))
            state.byLabels[labels] = index
        }
        state.byText[text] = index
        return index
    }

    private func description(_ bytes: Span<UInt8>, _ state: inout State) -> Int {
        let name = ExpositionLabels.name(bytes)
        if let known = state.metadata[name] { return known }
        state.push.metadata.append(MetricDescription(name: name, entries: [MetricMetadata()]))
        state.metadata[name] = state.push.metadata.count - 1
        return state.push.metadata.count - 1
    }
}
