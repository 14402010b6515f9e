import FoundationEssentials

// How nouns are kept as JSON inside a store's rows; every driver uses these forms.

extension ReplyAddress {
    /// The stored form; a store takes ``callbackName`` out of it when nothing more will be posted there.
    public var document: Value {
        var document: ValueObject = [
            "adapter": .string(conversation.adapter), "channel": .string(conversation.channel),
            "thread": Value(conversation.thread), "event": .string(message.eventID),
            "message": .string(platformID), "person": .string(person.id), "name": .string(person.name),
        ]
        if let callback { document[Self.callbackName] = .string(callback) }
        return .object(document)
    }

    /// The name of the secret part of the stored form.
    public static let callbackName = "callback"

    /// Reads the stored form; nil if it is not one.
    public init?(document: Value) {
        guard let adapter = document["adapter"]?.string, let channel = document["channel"]?.string,
            let event = document["event"]?.string, let message = document["message"]?.string,
            let person = document["person"]?.string, let name = document["name"]?.string
        else { return nil }
        self.init(
            conversation: Conversation(adapter: adapter, channel: channel, thread: document["thread"]?.string),
            message: MessageKey(adapter: adapter, eventID: event), platformID: message,
            person: ChatPerson(adapter: adapter, id: person, name: name),
            callback: document[Self.callbackName]?.string)
    }
}

extension InboundMessage {
    /// The stored form, without the key.
    public var document: Value {
        var document: ValueObject = [
            "channel": .string(conversation.channel), "thread": Value(conversation.thread),
            "person": .string(sender.id), "name": .string(sender.name), "owner": .bool(sender.isOwner),
            "text": .string(text), "message": .string(platformID), "addressed": .bool(isAddressed),
            "sent_at": .integer(Int(sentAt.microseconds)),
        ]
        if kind != .message { document["kind"] = .string(kind.rawValue) }
        if isDirect { document["direct"] = true }
        if let channelName { document["channel_name"] = .string(channelName) }
        if let callback { document[ReplyAddress.callbackName] = .string(callback) }
        return .object(document)
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
            sentAt: Instant(microseconds: Int64(sentAt)),
            kind: document["kind"]?.string.flatMap(InboundKind.init(rawValue:)) ?? .message,
            isDirect: document["direct"]?.bool ?? false, channelName: document["channel_name"]?.string,
            callback: document[ReplyAddress.callbackName]?.string)
    }
}

extension OutboundPost {
    /// The stored form of how it is to be shown; nil when it is a plain text in its place.
    public var presentation: Value? {
        var document: ValueObject = [:]
        if placement != .inPlace { document["placement"] = .string(placement.rawValue) }
        if let replaces { document["replaces"] = .string(replaces.id.text) }
        if isEphemeral { document["ephemeral"] = true }
        if let file { document["file"] = [.string(file.name), .string(Data(file.bytes).base64EncodedString())] }
        if !choices.isEmpty { document["choices"] = .array(choices.map { [.string($0.label), .string($0.text)] }) }
        if allowsMentions { document["mentions"] = true }
        if !extra.isEmpty { document["extra"] = .object(extra) }
        return document.isEmpty ? nil : .object(document)
    }

    /// Takes over how it is to be shown from the stored form; what that does not say stays as it is.
    ///
    /// - Parameter platformID: the platform's id of the post that this one takes the place of, if it is known.
    public mutating func present(as document: Value, replacing platformID: String?) {
        placement = document["placement"]?.string.flatMap(PostPlacement.init(rawValue:)) ?? placement
        replaces = document["replaces"]?.string.map { id in
            EarlierPost(id: DeliveryID(stored: id), platformID: platformID)
        }
        isEphemeral = document["ephemeral"]?.bool ?? isEphemeral
        if let parts = document["file"]?.array, parts.count == 2, let name = parts[0].string,
            let bytes = parts[1].string.flatMap({ Data(base64Encoded: $0) })
        {
            file = PostFile(name: name, bytes: Array(bytes))
        }
        choices = (document["choices"]?.array ?? []).compactMap { choice in
            guard let parts = choice.array, parts.count == 2, let label = parts[0].string, let text = parts[1].string
            else { return nil }
            return PostChoice(label: label, text: text)
        }
        allowsMentions = document["mentions"]?.bool ?? allowsMentions
        extra = document["extra"]?.object ?? extra
    }
}

extension Question {
    /// The stored form of what was asked.
    public var document: Value {
        [
            "command": .string(command), "alias": Value(alias), "parameter": .string(parameter),
            "given": .object(given), "thread": Value(conversation.thread),
        ]
    }

    /// Reads the stored form; nil if it is not one.
    public init?(adapter: AdapterName, channel: String, person: String, document: Value) {
        guard let command = document["command"]?.string, let parameter = document["parameter"]?.string else {
            return nil
        }
        self.init(
            conversation: Conversation(adapter: adapter, channel: channel, thread: document["thread"]?.string),
            person: person, command: command, alias: document["alias"]?.string, parameter: parameter,
            given: document["given"]?.object ?? [:])
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
