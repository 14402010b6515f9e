public import PetrelCore

/// Ready-made nouns for tests.
public enum Samples {
    /// An action on a runner.
    public static func action(
        _ ref: String = "test.act", runner: String = "fake", parameters: Parameters = [:]
    ) -> Action {
        let ref = ContentRef(ref) ?? ContentRef(pack: "test", name: ref)
        return Action(
            id: ContentID(stored: "00000000000000000000ac01"), ref: ref, summary: "A sample.", isEnabled: true,
            runner: runner, entryPoint: "", parameters: parameters, packPath: "", metadataFile: "actions/act.yaml",
            document: ["name": .string(ref.name)])
    }

    /// An alias for an action.
    public static func alias(
        _ name: String = "act", formats: [String] = ["act"], action: String = "test.act", role: Role = .starter,
        immutable: ValueObject = [:], document: ValueObject = [:]
    ) -> ActionAlias {
        ActionAlias(
            id: ContentID(stored: "00000000000000000000a101"), ref: ContentRef(pack: "test", name: name),
            summary: "Sample.", isEnabled: true, actionRef: action,
            formats: formats.map { AliasFormat(display: $0, representations: [$0]) }, immutableParameters: immutable,
            leastRole: role, metadataFile: "aliases/\(name).yaml", document: document)
    }

    /// A message in the fake adapter.
    public static func message(
        _ text: String, event: String = "e1", channel: String = "room", person: String = "ann", isOwner: Bool = false,
        adapter: AdapterName = "fake", at: Instant = Instant(microseconds: 1_700_000_000_000_000)
    ) -> InboundMessage {
        InboundMessage(
            key: MessageKey(adapter: adapter, eventID: event),
            conversation: Conversation(adapter: adapter, channel: channel),
            sender: ChatPerson(adapter: adapter, id: person, name: person, isOwner: isOwner), text: text,
            platformID: "m-\(event)", isAddressed: true, sentAt: at)
    }

    /// A requested execution.
    public static func execution(
        _ number: Int = 1, at: Instant = Instant(microseconds: 1_700_000_000_000_000), replyTo: ReplyAddress? = nil
    ) -> Execution {
        let digits = String(number)
        return Execution(
            id: ExecutionID(stored: String(repeating: "0", count: 24 - digits.count) + digits),
            action: ContentRef(pack: "test", name: "act"),
            definition: ActionDefinition(["ref": "test.act", "name": "act"]), runner: "fake", status: .requested,
            parameters: ["n": .integer(number)],
            context: ["user": "ann", "pack": "test"], origin: .api, startedAt: at,
            log: [StatusChange(.requested, at: at)], replyTo: replyTo)
    }

    /// A post to a message.
    public static func post(_ id: String, to message: InboundMessage, text: String = "hello") -> OutboundPost {
        let id = String(repeating: "0", count: max(0, 24 - id.utf8.count)) + id
        return OutboundPost(
            id: DeliveryID(stored: id), to: ReplyAddress(to: message), kind: .answer, text: text, isFinal: true)
    }
}
