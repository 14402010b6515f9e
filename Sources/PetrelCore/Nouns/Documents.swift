// How nouns are kept as JSON inside a store's rows; every driver uses these forms.

extension ReplyAddress {
    /// The stored form.
    public var document: Value {
        [
            "adapter": .string(conversation.adapter), "channel": .string(conversation.channel),
            "thread": Value(conversation.thread), "event": .string(message.eventID),
            "message": .string(platformID), "person": .string(person.id), "name": .string(person.name),
        ]
    }

    /// Reads the stored form; nil if it is not one.
    public init?(document: Value) {
        guard let adapter = document["adapter"]?.string, let channel = document["channel"]?.string,
            let event = document["event"]?.string, let message = document["message"]?.string,
            let person = document["person"]?.string, let name = document["name"]?.string
        else { return nil }
        self.init(
            conversation: Conversation(adapter: adapter, channel: channel, thread: document["thread"]?.string),
            message: MessageKey(adapter: adapter, eventID: event), platformID: message,
            person: ChatPerson(adapter: adapter, id: person, name: name))
    }
}

extension InboundMessage {
    /// The stored form, without the key.
    public var document: Value {
        [
            "channel": .string(conversation.channel), "thread": Value(conversation.thread),
            "person": .string(sender.id), "name": .string(sender.name), "owner": .bool(sender.isOwner),
            "text": .string(text), "message": .string(platformID), "addressed": .bool(isAddressed),
            "sent_at": .integer(Int(sentAt.microseconds)),
        ]
    }

    /// Reads the stored form; nil if it is not one.
    public init?(key: MessageKey, document: Value) {
        guard let channel = document["channel"]?.string, let person = document["person"]?.string,
            let name = document["name"]?.string, let text = document["text"]?.string,
            let message = document["message"]?.string, let sentAt = document["sent_at"]?.integer
        else { return nil }
        self.init(
            key: key,
            conversation: Conversation(adapter: key.adapter, channel: channel, thread: document["thread"]?.string),
            sender: ChatPerson(
                adapter: key.adapter, id: person, name: name, isOwner: document["owner"]?.bool ?? false),
            text: text, platformID: message, isAddressed: document["addressed"]?.bool ?? false,
            sentAt: Instant(microseconds: Int64(sentAt)))
    }
}

extension StatusChange {
    /// The stored form of a status log.
    public static func document(_ log: [StatusChange]) -> Value {
        .array(log.map { [.string($0.status.rawValue), .integer(Int($0.at.microseconds))] })
    }

    /// Reads the stored form; entries that are none are left out.
    public static func log(document: Value) -> [StatusChange] {
        (document.array ?? []).compactMap { entry in
            guard let pair = entry.array, pair.count == 2, let at = pair[1].integer,
                let status = pair[0].string.flatMap(ExecutionStatus.init(rawValue:))
            else { return nil }
            return StatusChange(status, at: Instant(microseconds: Int64(at)))
        }
    }
}
