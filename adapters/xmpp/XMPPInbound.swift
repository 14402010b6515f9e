import PetrelCore
import PetrelSystem

/// Reads what XMPP says as messages.
///
/// Who speaks is told by the server, never by the speaker: in a room it is the address that the room shows behind the nick,
/// elsewhere the sender's, which servers check.
struct XMPPInbound: Sendable {
    /// What a message is.
    enum Reading: Sendable {
        case message(InboundMessage)
        /// A room does not show who is behind the nick.
        case unidentified(room: String, nick: String)
        case nothing
    }

    let options: XMPPOptions
    /// The rooms that the bot is in, with its nick there.
    let nicks: [String: String]
    let occupants: [String: [String: XMPPSession.Occupant]]
    let now: Instant

    /// A message that comes as it is said, or that the server kept while the bot was not there.
    func reading(_ message: XMLElement) -> Reading {
        let from = XMPPAddress(message["from"] ?? options.address)
        if message["type"] == "groupchat" {
            // Older messages come from the archive, with who said them.
            guard message.first("delay", XMPPNames.delay) == nil else { return .nothing }
            let address = from.resource.flatMap { occupants[from.bare]?[$0]?.address }
            return roomReading(
                message, from, address: address, archiveID: archiveID(of: message, by: from.bare), at: nil)
        }
        return directReading(message, from, archiveID: archiveID(of: message, by: options.address), at: nil)
    }

    /// A message from an archive.
    /// - Parameter room: whose archive; nil for the bot's own.
    func reading(_ message: XMLElement, archiveID: String, room: String?, at: Instant?) -> Reading {
        let from = XMPPAddress(message["from"] ?? "")
        guard let room else { return directReading(message, from, archiveID: archiveID, at: at) }
        guard from.bare == room else { return .nothing }
        let item = message.first("x", XMPPNames.mucUser)?.first("item", XMPPNames.mucUser)
        let address = item?["jid"].map { XMPPAddress($0).bare }
        return roomReading(message, from, address: address, archiveID: archiveID, at: at)
    }

    private func roomReading(
        _ message: XMLElement, _ from: XMPPAddress, address: String?, archiveID: String?, at: Instant?
    ) -> Reading {
        guard let own = nicks[from.bare], let nick = from.resource, let body = body(of: message) else {
            return .nothing
        }
        guard address != options.address, address != nil || nick != own else { return .nothing }
        let (text, isAddressed) = addressed(body, own)
        guard !text.isEmpty || isAddressed else { return .nothing }
        guard let address else { return .unidentified(room: from.bare, nick: nick) }
        let id = eventID(message, sender: address, archiveID: archiveID)
        return .message(
            InboundMessage(
                key: MessageKey(adapter: options.name, eventID: "\(from.bare) \(id)"),
                conversation: Conversation(adapter: options.name, channel: from.bare),
                sender: ChatPerson(adapter: options.name, id: address, name: nick), text: text, platformID: id,
                isAddressed: isAddressed, sentAt: at ?? now,
                channelName: String(from.bare.prefix { $0 != "@" })))
    }

    private func directReading(
        _ message: XMLElement, _ from: XMPPAddress, archiveID: String?, at: Instant?
    ) -> Reading {
        // Private messages within a room come from it; they can be nobody's answer in public, and are left out.
        guard ["chat", "normal", nil].contains(message["type"]), from.bare != options.address,
            !options.rooms.contains(from.bare), from.bare.contains("@"), let body = body(of: message)
        else { return .nothing }
        let (text, _) = addressed(body, options.nick)
        guard !text.isEmpty else { return .nothing }
        let id = eventID(message, sender: from.bare, archiveID: archiveID)
        return .message(
            InboundMessage(
                key: MessageKey(adapter: options.name, eventID: "\(from.bare) \(id)"),
                conversation: Conversation(adapter: options.name, channel: from.bare),
                sender: ChatPerson(
                    adapter: options.name, id: from.bare, name: String(from.bare.prefix { $0 != "@" })), text: text,
                platformID: id, isAddressed: true, sentAt: at ?? delay(of: message) ?? now, isDirect: true))
    }

    private func body(of message: XMLElement) -> String? { message.body.flatMap { $0.isEmpty ? nil : $0 } }

    private func addressed(_ body: String, _ nick: String) -> (text: String, isAddressed: Bool) {
        let text = body.trimmingBlanksAtEnds()
        if let rest = NickCalls.afterName(nick, in: text) { return (rest, true) }
        return (text, false)
    }

    /// When the server took a message that it kept.
    private func delay(of message: XMLElement) -> Instant? {
        guard let delay = message.first("delay", XMPPNames.delay),
            [options.domain, options.address].contains(delay["from"] ?? options.domain)
        else { return nil }
        return delay["stamp"].flatMap(Instant.init)
    }

    /// The archive's own id, if the archive itself gave it.
    private func archiveID(of message: XMLElement, by archive: String) -> String? {
        message.elements.first { element in
            element.name == "stanza-id" && element.namespace == XMPPNames.stanzaID
                && element["by"].map { XMPPAddress($0).bare } == archive
        }?["id"]
    }

    /// The same each time that the message comes: the archive's id or, without one, the sender's own under the sender's name.
    private func eventID(_ message: XMLElement, sender: String, archiveID: String?) -> String {
        archiveID ?? "\(sender) \(message["id"] ?? String(now.microseconds))"
    }
}
