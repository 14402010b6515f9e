public import PetrelCore

extension ExecutionDocuments {
    /// The JSON text of ``document(_:showsSecrets:)`` for whoever may see no secrets, put together from the texts of a row.
    ///
    /// - Returns: nil where something must be starred or worked out first, which only the other way does.
    public func text(of execution: ExecutionTexts) -> [UInt8]? {
        guard !execution.definition.mayHaveSecrets, let runner = shownRunners[execution.runner],
            !runner.secrets.contains(where: execution.parameters.holds),
            !RunnerType.isWorkflow(execution.runner), execution.runner != InquirerRunner.typeName,
            // What such an execution is shown with stands in its context.
            !execution.context.holds("\"rule\""), !execution.context.holds("\"trigger_instance\""),
            let log = try? StatusChange.log(document: JSONReader.value(execution.log, limits: .ownDocument))
        else { return nil }
        var text = PlainText()
        text.add("{\"id\":\"", execution.id.text)
        text.add("\",\"action\":", execution.definition.maskedText)
        text.add(",\"runner\":", runner.text)
        text.add(",\"liveaction\":{\"id\":\"", execution.id.text)
        text.add("\",\"action\":", JSONWriter.text(.string(execution.action.description)))
        text.add(",\"action_is_workflow\":false,\"parameters\":", execution.parameters)
        text.add(",\"callback\":{},\"runner_info\":{}},\"status\":\"", execution.status)
        text.add("\",\"start_timestamp\":\"", execution.startedAt.description)
        text.add("\"")
        if let endedAt = execution.endedAt {
            text.add(",\"end_timestamp\":\"", endedAt.description)
            text.add("\",\"elapsed_seconds\":", (endedAt - execution.startedAt).inSeconds.description)
        }
        if execution.parameters != "{}" { text.add(",\"parameters\":", execution.parameters) }
        text.add(",\"context\":", execution.context)
        if let result = execution.result {
            text.add(",\"result\":", result)
            text.add(",\"result_size\":", String(execution.resultBytes))
        }
        if execution.delay > .zero { text.add(",\"delay\":", String(execution.delay.wholeMicroseconds / 1000)) }
        if let parent = execution.parent {
            text.add(",\"parent\":\"", parent)
            text.add("\"")
        }
        text.add(",\"log\":[")
        for (index, change) in log.enumerated() {
            text.add(index == 0 ? "{\"status\":\"" : ",{\"status\":\"", change.status.rawValue)
            text.add("\",\"timestamp\":\"", change.at.description)
            text.add("\"}")
        }
        text.add("]}")
        return text.bytes
    }
}

/// Bytes of a text that grows by what is plain already.
private struct PlainText {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(8 << 10) }

    mutating func add(_ fixed: StaticString, _ value: String = "") {
        fixed.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: value.utf8)
    }
}
