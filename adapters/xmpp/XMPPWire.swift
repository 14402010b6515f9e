import PetrelCore
import PetrelSystem

/// The names of XMPP's parts.
enum XMPPNames {
    static let framing = "urn:ietf:params:xml:ns:xmpp-framing"
    static let streams = "http://etherx.jabber.org/streams"
    static let client = "jabber:client"
    static let sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
    static let bind = "urn:ietf:params:xml:ns:xmpp-bind"
    static let stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
    static let muc = "http://jabber.org/protocol/muc"
    static let mucUser = "http://jabber.org/protocol/muc#user"
    static let mucOwner = "http://jabber.org/protocol/muc#owner"
    static let delay = "urn:xmpp:delay"
    static let stanzaID = "urn:xmpp:sid:0"
    static let archive = "urn:xmpp:mam:2"
    static let forward = "urn:xmpp:forward:0"
    static let form = "jabber:x:data"
    static let resultSet = "http://jabber.org/protocol/rsm"
    static let ping = "urn:xmpp:ping"
}

/// Stanzas of ours.
enum XMPPStanza {
    /// What one frame may hold.
    static let limits = Limits(maxBytes: 1 << 20, maxDepth: 64, maxNodes: 20_000)

    static func open(_ domain: String) -> XMLElement {
        XMLElement("open", XMPPNames.framing, ["to": domain, "version": "1.0"])
    }

    static func query(_ type: String, id: String, to: String? = nil, _ child: XMLElement) -> XMLElement {
        var attributes = ["type": type, "id": id]
        attributes["to"] = to
        return XMLElement("iq", XMPPNames.client, attributes, [child])
    }

    /// Enters a room; its archive is asked for what was said before.
    static func enter(_ room: String, nick: String) -> XMLElement {
        let history = XMLElement("history", XMPPNames.muc, ["maxstanzas": "0"])
        return XMLElement(
            "presence", XMPPNames.client, ["to": room + "/" + nick],
            [XMLElement("x", XMPPNames.muc, [:], [history])])
    }

    static func message(_ text: String, id: String, to: String, isRoom: Bool) -> XMLElement {
        XMLElement(
            "message", XMPPNames.client, ["type": isRoom ? "groupchat" : "chat", "to": to, "id": id],
            [
                XMLElement("body", XMPPNames.client, text: text),
                XMLElement("origin-id", XMPPNames.stanzaID, ["id": id]),
            ])
    }

    /// Asks an archive for a page of what was said since a time.
    /// - Parameters:
    ///   - archive: a room; nil for the bot's own archive.
    ///   - after: the archive's id of the last message of the page before.
    static func history(id: String, of archive: String?, since: Instant, after: String?, with peer: String?)
        -> XMLElement
    {
        func field(_ name: String, _ value: String) -> XMLElement {
            XMLElement(
                "field", XMPPNames.form, ["var": name], [XMLElement("value", XMPPNames.form, text: value)])
        }
        var fields = [field("FORM_TYPE", XMPPNames.archive), field("start", since.description)]
        if let peer { fields.append(field("with", peer)) }
        var page = [XMLElement("max", XMPPNames.resultSet, text: "100")]
        if let after { page.append(XMLElement("after", XMPPNames.resultSet, text: after)) }
        let query = XMLElement(
            "query", XMPPNames.archive, ["queryid": id],
            [
                XMLElement("x", XMPPNames.form, ["type": "submit"], fields),
                XMLElement("set", XMPPNames.resultSet, [:], page),
            ])
        return self.query("set", id: id, to: archive, query)
    }
}

extension XMLElement {
    /// The error that a stanza carries, as its condition and words.
    var stanzaError: (condition: String, text: String, type: String)? {
        guard self["type"] == "error", let error = first("error", XMPPNames.client) else { return nil }
        let condition = error.elements.first { $0.namespace == XMPPNames.stanzas && $0.name != "text" }?.name ?? "error"
        let text = error.first("text", XMPPNames.stanzas)?.text ?? condition
        return (condition, text, error["type"] ?? "")
    }

    /// The text of a message.
    var body: String? { first("body", XMPPNames.client)?.text }
}

/// An address as `user@server/resource`, its parts.
struct XMPPAddress: Sendable, Hashable {
    /// Without the resource, in lower case.
    var bare: String
    /// The resource, which in a room is the nick; nil when there is none.
    var resource: String?

    init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        bare = (parts.first ?? "").lowercased()
        resource = parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil
    }
}
