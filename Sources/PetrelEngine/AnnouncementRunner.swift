public import PetrelCore

/// The `announcement` runner: tells the event stream something and, where it is a message for a channel, posts it there.
public struct AnnouncementRunner: ActionRunner {
    private let events: EventHub
    private let notices: (any ChatNotices)?
    private let channels: ChannelNames

    /// A runner that publishes on a hub.
    /// - Parameters:
    ///   - notices: posts what `chatops.post_message` says; nil for a service without chat.
    ///   - channels: how channels are named.
    public init(events: EventHub, notices: (any ChatNotices)? = nil, channels: ChannelNames = ChannelNames([])) {
        self.events = events
        self.notices = notices
        self.channels = channels
    }

    /// `announcement` alone.
    public var types: [RunnerType] {
        [
            RunnerType(
                name: "announcement", summary: "Tells the listeners of the event stream something.",
                parameters: [
                    "experimental": Parameter(
                        kind: .boolean, summary: "Must be true.", defaultValue: false, isRequired: true,
                        schema: [
                            "type": "boolean", "description": "Must be true.", "default": false, "required": true,
                        ]),
                    "route": Parameter(
                        kind: .string, summary: "The name under which it is told.", defaultValue: "general",
                        schema: [
                            "type": "string", "description": "The name under which it is told.", "default": "general",
                            "minLength": 1, "maxLength": 255,
                        ]),
                ], package: "announcement_runner", module: "announcement_runner")
        ]
    }

    /// Publishes the action's parameters.
    public func run(_ request: RunRequest) async -> RunOutcome {
        guard request.runnerParameters["experimental"]?.bool == true else {
            let error = "Experimental flag is missing for action \(request.action.ref)"
            return RunOutcome(status: .failed, result: ["error": .string(error), "traceback": ""])
        }
        if let notice = notice(request.actionParameters), let notices {
            do throws(CoreError) { try await notices.post(notice) } catch {
                return RunOutcome(status: .failed, result: ["error": .string(error.message), "traceback": ""])
            }
        }
        let payload = Value.object(request.actionParameters)
        events.publish(
            .announced(
                route: request.runnerParameters["route"]?.string ?? "general", payload: payload, trace: .object([:])))
        var result = request.actionParameters
        result["output"] = payload
        return RunOutcome(status: .succeeded, result: .object(result))
    }

    /// What is to be posted: a message that names its channel.
    ///
    /// Nobody is called by what an event or a result holds.
    private func notice(_ parameters: ValueObject) -> ChatNotice? {
        guard let text = parameters["message"]?.string, !text.isEmpty, let name = parameters["channel"]?.string,
            let place = channels.place(name)
        else { return nil }
        return ChatNotice(
            adapter: place.adapter, channel: place.channel, text: text, extra: parameters["extra"]?.object ?? [:])
    }

    /// Whether it was told is not known; telling it twice would be worse.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace {
        .lost(reason: "the service ended while the announcement was made")
    }
    /// Does nothing: no attempt lasts so long.
    public func cancel(_ attempt: AttemptKey) async {}
    /// Does nothing: attempts leave no traces.
    public func forget(_ attempt: AttemptKey) async {}
}
