public import PetrelCore
import PetrelExpressions

/// What `notify` of an action or a rule tells on one route about the end of an execution.
public struct Notice: Sendable {
    /// The route as it was written: a label for rules, or `ADAPTER:CHANNEL`.
    public var route: String
    /// The text, rendered.
    public var message: String
    /// The execution whose end it tells.
    public var execution: ExecutionID
    /// How it ended.
    public var status: ExecutionStatus
    /// What a rule gets.
    public var payload: Value

    /// All that an execution owes: for each section that applies, one notice on each of its routes.
    static func all(of execution: Execution, now: Instant) -> [Notice] {
        let sections = sections(of: execution)
        let isLiteral =
            execution.context["petrel"]?["literal_notify"]?.bool ?? false
            && (execution.actionDocument["notify"]?.object ?? [:]).isEmpty
        guard !sections.isEmpty else { return [] }
        return applying(execution.status).flatMap { name, ending -> [Notice] in
            guard let section = sections[name]?.object else { return [] }
            let routes = section["routes"]?.array ?? section["channels"]?.array ?? []
            return routes.compactMap(\.string).map {
                notice(section, on: $0, ending, execution, now, isLiteral: isLiteral)
            }
        }
    }

    /// Whom an execution tells of its end, and how: as its action says, else as what started it says.
    static func sections(of execution: Execution) -> ValueObject {
        let own = execution.actionDocument["notify"]?.object ?? [:]
        return own.isEmpty ? execution.context["notify"]?.object ?? [:] : own
    }

    private static func applying(_ status: ExecutionStatus) -> [(section: String, ending: String)] {
        var applying = [("on-complete", "completed.")]
        if status == .succeeded { applying.append(("on-success", "succeeded.")) }
        if [.failed, .timeout, .abandoned].contains(status) { applying.append(("on-failure", "failed.")) }
        return applying
    }

    private static func notice(
        _ section: ValueObject, on route: String, _ ending: String, _ execution: Execution, _ now: Instant,
        isLiteral: Bool
    ) -> Notice {
        let context = JinjaContext(values: [
            "action_parameters": .object(execution.parameters), "action_context": .object(execution.context),
            "action_results": execution.result ?? .null,
        ])
        let rendered = { (value: Value) in isLiteral ? value : Self.rendered(value, context) }
        let message = rendered(section["message"] ?? .string("Action \(execution.action) \(ending)"))
        var data = rendered(.object(section["data"]?.object ?? [:])).object ?? [:]
        data["result"] = .string(JSONWriter.text(execution.result ?? .null))
        let payload: Value = [
            "message": message, "data": .object(data), "execution_id": .string(execution.id.text),
            "status": .string(execution.status.rawValue), "start_timestamp": .string(execution.startedAt.offsetText),
            "end_timestamp": .string((execution.endedAt ?? now).offsetText),
            "action_ref": .string(execution.action.description), "runner_ref": .string(execution.runner),
            "channel": .string(route), "route": .string(route),
        ]
        return Notice(
            route: route, message: message.pythonString, execution: execution.id, status: execution.status,
            payload: payload)
    }

    /// Renders the texts of a value; one that can't be rendered stays as it is.
    private static func rendered(_ value: Value, _ context: JinjaContext) -> Value {
        switch value {
        case .string(let text) where JinjaTemplate.isTemplate(text):
            return (try? JinjaTemplate.cached(text).render(context)).map(Value.string) ?? value
        case .array(let items): return .array(items.map { rendered($0, context) })
        case .object(let members): return .object(members.mapValues { rendered($0, context) })
        default: return value
        }
    }
}

extension Notice {
    /// The notice as a post in the channel that its route names, `ADAPTER:CHANNEL`; nil when it names none.
    ///
    /// One execution, route and text have one id however often the end is told. It begins with the execution's time, from
    /// which on a platform is searched for a post in doubt.
    func post(in adapters: Set<AdapterName>, digest: any Digest) -> ChatNotice? {
        let parts = route.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, adapters.contains(parts[0]) else { return nil }
        let hash = digest.sha256(Array("notice \(execution) \(route) \(message)".utf8))
        return ChatNotice(
            adapter: parts[0], channel: parts[1], text: message, execution: execution, status: status,
            id: DeliveryID(stored: "\(execution.text.prefix(8))\(hash.prefix(16))"))
    }
}

/// A service without chat.
public struct NoChannels: ChatNotices {
    /// No channels.
    public init() {}

    /// None.
    public var adapters: Set<AdapterName> { [] }

    /// Never.
    public func post(_ notice: ChatNotice) async throws(CoreError) -> DeliveryID {
        throw CoreError(.invalidInput, "there is no chat adapter \"\(notice.adapter)\"")
    }
}
