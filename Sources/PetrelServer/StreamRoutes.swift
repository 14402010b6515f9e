import PetrelCore
import PetrelEngine

/// StackStorm's stream service: what happens, as server-sent events.
struct StreamRoutes: Sendable {
    private static let standard = [
        "st2.announcement__*", "st2.execution__create", "st2.execution__update", "st2.execution__delete",
        "st2.liveaction__create", "st2.liveaction__update", "st2.liveaction__delete",
    ]
    private static let heartBeat = Duration.seconds(25)
    private static let outputPause = Duration.milliseconds(200)

    let events: EventHub
    let executions: any ExecutionStore
    let scheduler: Scheduler
    let documents: ExecutionDocuments
    let clock: any PetrelClock
    /// The id of this service instance: numbers of another one mean nothing here.
    let instance: String

    var routes: [Route] {
        [
            Route(
                .get, "stream", .type(.streamView), "What happens, as server-sent events",
                query: [
                    .list("events", "Names of events, with * for any text"),
                    .list("action_refs", "Only events of these actions' executions"),
                    .list("execution_ids", "Only events of these executions"),
                    .string("end_event", "The stream ends after this event …"),
                    .string("end_execution_id", "… of this execution, once it is completed"),
                ]
            ) { request throws(APIError) in stream(request) },
            Route(
                .get, "executions/:id/output", .resource(.executionView),
                "What an execution writes, as server-sent events",
                service: .stream, query: [.string("output_type", "`stdout`, `stderr` or `all`")]
            ) { request throws(APIError) in try await output(request) },
        ]
    }

    // MARK: Everything

    private func stream(_ request: APIRequest) -> APIResponse {
        let wish = StreamWish(request, standard: Self.standard)
        let last = lastNumber(request.header("last-event-id"))
        return eventStream { write in
            let (missed, isGap, live) = events.stream(after: last)
            // At once, so that a proxy lets the head through.
            try await write(Array("\n".utf8))
            if isGap { try await write(gap(since: last ?? 0)) }
            for event in missed {
                if try await send(event, wish, write) { return }
            }
            try await follow(live, after: missed.last?.number ?? last, wish, write)
        }
    }

    private func follow(
        _ live: AsyncStream<NumberedEvent>, after last: Int?, _ wish: StreamWish,
        _ write: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        let turn = Turn(write)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var known = last
                for await event in live {
                    if let known, event.number > known + 1 { try await turn.write(self.gap(since: known)) }
                    known = event.number
                    if try await self.send(event, wish, turn.write) { return }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    try await self.clock.sleep(for: Self.heartBeat)
                    try await turn.beat(every: Self.heartBeat, now: self.clock.now)
                }
            }
            if wish.wants("st2.execution.output__create") {
                group.addTask { try await self.followOutput(wish, turn.write) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// - Returns: whether the stream is to end.
    private func send(
        _ numbered: NumberedEvent, _ wish: StreamWish, _ write: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Bool {
        switch numbered.event {
        case .announced(let route, let payload, let trace):
            let name = "st2.announcement__\(route)"
            if wish.wants(name), !wish.isFiltered {
                try await write(frame(name, ["payload": payload, "trace_context": trace], numbered.number))
            }
            return false
        case .executionCreated(let execution): return try await send(execution, "create", numbered.number, wish, write)
        case .executionChanged(let execution): return try await send(execution, "update", numbered.number, wish, write)
        default: return false
        }
    }

    private func send(
        _ event: Execution, _ verb: String, _ number: Int, _ wish: StreamWish,
        _ write: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Bool {
        var execution = event
        if wish.includes(execution) {
            // The event travels without the result, which may be large.
            if execution.status.isCompleted, let stored = try await executions.execution(event.id) {
                execution.result = stored.result
                execution.resultBytes = stored.resultBytes
            }
            if wish.wants("st2.execution__\(verb)") {
                let document = Value.object(documents.document(execution))
                try await write(frame("st2.execution__\(verb)", document, number))
            }
            if wish.wants("st2.liveaction__\(verb)") {
                try await write(frame("st2.liveaction__\(verb)", .object(documents.liveAction(execution)), number))
            }
        }
        return wish.endEvent == "st2.execution__\(verb)" && wish.endExecution == event.id.text
            && event.status.isCompleted
    }

    // MARK: Output

    private func followOutput(
        _ wish: StreamWish, _ write: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        var followers: [ExecutionID: OutputFollower] = [:]
        while !Task.isCancelled {
            var query = ExecutionQuery()
            query.statuses = [.running, .canceling]
            query.limit = 200
            query.withResults = false
            let running = try await executions.executions(query).executions.filter(wish.includes)
            for execution in running {
                try await send(execution, follower: &followers[execution.id, default: .init(execution.id)], write)
            }
            let ended = followers.keys.filter { id in !running.contains { $0.id == id } }
            for id in ended {
                guard let execution = try await executions.execution(id), execution.status.isCompleted else { continue }
                try await send(execution, follower: &followers[id, default: .init(id)], write)
                followers[id] = nil
            }
            try await clock.sleep(for: Self.outputPause)
        }
    }

    private func send(
        _ execution: Execution, follower: inout OutputFollower, type: String = "all",
        _ write: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        let chunks = await follower.chunks(
            execution, scheduler: scheduler, masking: documents.outputMasking(execution))
        for chunk in chunks where type == "all" || type == chunk.type {
            let document: Value = [
                "id": .string(execution.id.text), "execution_id": .string(execution.id.text),
                "action_ref": .string(execution.action.description), "runner_ref": .string(execution.runner),
                "timestamp": .string(clock.now.description), "output_type": .string(chunk.type),
                "data": .string(chunk.data),
            ]
            try await write(frame("st2.execution.output__create", document, nil))
        }
    }

    private func output(_ request: APIRequest) async throws(APIError) -> APIResponse {
        guard let id = ExecutionID(request.part("id")) else {
            throw APIError(.notFound, "Unable to identify resource with id \"\(request.part("id"))\".")
        }
        let found = try await answering { () async throws(CoreError) in try await executions.execution(id) }
        guard let found else { throw APIError(.notFound, "Unable to identify resource with id \"\(id)\".") }
        try request.authorize(.execution(id, of: found.action), owner: found.user)
        let type = request.text("output_type") ?? "all"
        return eventStream { write in
            try await write(Array("\n".utf8))
            var follower = OutputFollower(id)
            while let execution = try await executions.execution(id) {
                try await send(execution, follower: &follower, type: type, write)
                if execution.status.isCompleted || execution.status == .pausing || execution.status == .resuming {
                    break
                }
                try await clock.sleep(for: Self.outputPause)
            }
            try await write(Array("event: EOF\ndata: ''\n\n".utf8))
        }
    }

    // MARK: Frames

    private func eventStream(
        _ body: @escaping @Sendable (@escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void
    ) -> APIResponse {
        APIResponse(
            contentType: "text/event-stream; charset=UTF-8",
            headers: [("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")], stream: body)
    }

    private func frame(_ name: String, _ data: Value, _ number: Int?) -> [UInt8] {
        let id = number.map { "id: \(instance)-\($0)\n" } ?? ""
        return Array("event: \(name)\n\(id)data: ".utf8) + JSONWriter.bytes(data) + Array("\n\n".utf8)
    }

    /// Says that events are missing, for whoever keeps a picture of its own: it must ask anew.
    private func gap(since number: Int) -> [UInt8] {
        frame("petrel.gap", ["after": .string("\(instance)-\(number)")], nil)
    }

    /// The number in a `Last-Event-ID`; 0 for one of another instance, so that everything remembered is sent.
    private func lastNumber(_ id: String?) -> Int? {
        guard let id, !id.isEmpty else { return nil }
        guard id.hasPrefix(instance + "-"), let number = Int(id.dropFirst(instance.count + 1)) else { return -1 }
        return number
    }
}

/// What a client of the stream wants to see.
struct StreamWish: Sendable {
    private let patterns: [String]
    private let actions: [String]
    private let ids: [String]
    let endEvent: String?
    let endExecution: String?

    init(_ request: APIRequest, standard: [String]) {
        let wished = request.list("events")
        patterns = wished.isEmpty ? standard : wished
        actions = request.list("action_refs")
        ids = request.list("execution_ids")
        endEvent = request.text("end_event")
        endExecution = request.text("end_execution_id")
    }

    /// Whether events without an action and an execution are left out.
    var isFiltered: Bool { !actions.isEmpty || !ids.isEmpty }

    func wants(_ name: String) -> Bool { patterns.contains { isMatch(Array($0.utf8)[...], Array(name.utf8)[...]) } }

    func includes(_ execution: Execution) -> Bool {
        (actions.isEmpty || actions.contains(execution.action.description))
            && (ids.isEmpty || ids.contains(execution.id.text))
    }

    /// Whether a name fits a pattern in which `*` stands for any text and `?` for one byte; in linear space and bounded time.
    private func isMatch(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var (pattern, name) = (pattern, name)
        var star: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
        while !name.isEmpty {
            if let sign = pattern.first, sign == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                star = (pattern, name)
            } else if let sign = pattern.first, sign == name.first || sign == UInt8(ascii: "?") {
                pattern = pattern.dropFirst()
                name = name.dropFirst()
            } else if let back = star {
                pattern = back.pattern
                name = back.name.dropFirst()
                star = (pattern, name)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// Lets several tasks write to one client, one whole frame after another.
private actor Turn {
    private let sink: @Sendable ([UInt8]) async throws -> Void
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isBusy = false
    private var hasWritten = false

    init(_ sink: @escaping @Sendable ([UInt8]) async throws -> Void) { self.sink = sink }

    @Sendable nonisolated func write(_ bytes: [UInt8]) async throws { try await put(bytes) }

    /// A sign of life, if nothing was written since the last one.
    func beat(every pause: Duration, now: Instant) async throws {
        if !hasWritten { try await put(Array("\n".utf8)) }
        hasWritten = false
    }

    private func put(_ bytes: [UInt8]) async throws {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        }
        isBusy = true
        hasWritten = true
        defer {
            if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
        }
        try await sink(bytes)
    }
}
