import FoundationEssentials
import PetrelCore
import PetrelSystem

/// One connection to an XMPP server as it looks from here: the log-in, the rooms and who is in them.
///
/// It takes each element and says what is to be done about it.
struct XMPPSession: Sendable {
    /// Something to be done.
    enum Action: Sendable, Hashable {
        case send(XMLElement)
        /// Logged in and in all rooms that would have us: messages can come.
        case ready
        /// A message of somebody, or the echo of one of ours.
        case message(XMLElement)
        /// The answer to a query of ours, by its id.
        case answer(String, XMLElement)
        case note(error: String)
        /// The connection is of no use.
        case fail(PlatformFailure)
    }

    /// Somebody in a room.
    struct Occupant: Sendable, Hashable {
        /// The address behind the nick; nil where the room does not tell.
        var address: String?
    }

    private enum Login: Sendable {
        case plain
        case scram(SCRAMLogin)
    }
    private enum Phase: Hashable { case opening, loggingIn, reopening, binding, entering, ready }

    private static let bindID = "petrel-bind"
    private static let maxOccupants = 20_000

    private let options: XMPPOptions
    private let nonce: String
    private var phase = Phase.opening
    private var login: Login?
    private var pendingRooms: Set<String> = []
    /// The bot's nick in each room that it is in.
    private(set) var nicks: [String: String] = [:]
    private(set) var occupants: [String: [String: Occupant]] = [:]
    private var nickTries: [String: Int] = [:]

    /// - Parameter nonce: random, of printable letters.
    init(_ options: XMPPOptions, nonce: String) {
        self.options = options
        self.nonce = nonce
    }

    /// The first thing to do.
    func begin() -> [Action] { [.send(XMPPStanza.open(options.domain))] }

    /// Whether an address is that of a room that the bot is in.
    func isIn(_ room: String) -> Bool { nicks[room] != nil }

    /// The nicks of those in a room but the bot's.
    func names(in room: String) -> [String] { (occupants[room] ?? [:]).keys.filter { $0 != nicks[room] } }

    /// Takes in an element.
    mutating func handle(_ element: XMLElement) -> [Action] {
        switch (element.name, element.namespace) {
        case ("open", XMPPNames.framing): return []
        case ("close", XMPPNames.framing): return [.fail(.notSent("the server ended the stream"))]
        case ("features", XMPPNames.streams): return features(element)
        case ("error", XMPPNames.streams): return streamError(element)
        case ("challenge", XMPPNames.sasl): return challenge(element)
        case ("success", XMPPNames.sasl): return success(element)
        case ("failure", XMPPNames.sasl):
            let reason = element.elements.first?.name ?? "refused"
            return [.fail(.denied("the server refuses the log-in of \(options.address): \(reason)"))]
        case ("iq", XMPPNames.client): return query(element)
        case ("presence", XMPPNames.client): return presence(element)
        case ("message", XMPPNames.client): return phase == .ready || phase == .entering ? [.message(element)] : []
        default: return []
        }
    }

    // MARK: Log-in

    private mutating func features(_ element: XMLElement) -> [Action] {
        switch phase {
        case .opening: return beginLogin(element)
        case .reopening:
            guard element.first("bind", XMPPNames.bind) != nil else {
                return [.fail(.refused(code: "no_bind", message: "the server lets nobody bind a resource"))]
            }
            phase = .binding
            return [.send(XMPPStanza.query("set", id: Self.bindID, XMLElement("bind", XMPPNames.bind)))]
        default: return []
        }
    }

    private mutating func beginLogin(_ element: XMLElement) -> [Action] {
        let offered = Set(element.first("mechanisms", XMPPNames.sasl)?.elements.map(\.text) ?? [])
        let hashes: [(name: String, hash: SCRAMHash)] = [("SCRAM-SHA-256", .sha256), ("SCRAM-SHA-1", .sha1)]
        phase = .loggingIn
        if let best = hashes.first(where: { offered.contains($0.name) }) {
            let scram = SCRAMLogin(best.hash, user: options.user, password: options.password, nonce: nonce)
            login = .scram(scram)
            return [.send(auth(best.name, scram.first))]
        }
        guard offered.contains("PLAIN") else {
            let list = offered.sorted().joined(separator: ", ")
            return [.fail(.denied("the server offers no log-in that Petrel knows, only: \(list)"))]
        }
        login = .plain
        return [.send(auth("PLAIN", "\0\(options.user)\0\(options.password.reveal())"))]
    }

    private func auth(_ mechanism: String, _ text: String) -> XMLElement {
        var element = XMLElement("auth", XMPPNames.sasl, text: Data(text.utf8).base64EncodedString())
        element.attributes["mechanism"] = mechanism
        return element
    }

    private mutating func challenge(_ element: XMLElement) -> [Action] {
        guard phase == .loggingIn, case .scram(var scram) = login else { return [] }
        guard let answer = scram.answer(Self.decoded(element.text)) else {
            return [.fail(.denied("the server's challenge is not one that Petrel answers"))]
        }
        login = .scram(scram)
        return [.send(XMLElement("response", XMPPNames.sasl, text: Data(answer.utf8).base64EncodedString()))]
    }

    private mutating func success(_ element: XMLElement) -> [Action] {
        guard phase == .loggingIn else { return [] }
        if case .scram(let scram) = login, !scram.isProof(Self.decoded(element.text)) {
            return [.fail(.denied("the server does not prove that it knows the password: it may be another"))]
        }
        login = nil
        phase = .reopening
        return [.send(XMPPStanza.open(options.domain))]
    }

    private static func decoded(_ text: String) -> String {
        String(decoding: Data(base64Encoded: text) ?? Data(), as: UTF8.self)
    }

    private func streamError(_ element: XMLElement) -> [Action] {
        let reason = element.elements.first?.name ?? "error"
        let text = "the server ends the stream: \(reason)"
        return [.fail(["host-unknown", "not-authorized"].contains(reason) ? .denied(text) : .notSent(text))]
    }

    private mutating func query(_ element: XMLElement) -> [Action] {
        let (type, id) = (element["type"] ?? "", element["id"] ?? "")
        switch type {
        case "result" where id == Self.bindID && phase == .binding: return enterRooms()
        case "error" where id == Self.bindID:
            return [.fail(.notSent("no resource could be bound: \(element.stanzaError?.condition ?? "")"))]
        case "result", "error": return [.answer(id, element)]
        case "get", "set":
            // Whoever asks is answered, if only that nothing is known of it.
            var answer = XMLElement("iq", XMPPNames.client, ["type": "result", "id": id])
            answer.attributes["to"] = element["from"]
            if element.first("ping", XMPPNames.ping) == nil {
                answer.attributes["type"] = "error"
                answer.children = [
                    .element(
                        XMLElement(
                            "error", XMPPNames.client, ["type": "cancel"],
                            [XMLElement("service-unavailable", XMPPNames.stanzas)]))
                ]
            }
            return [.send(answer)]
        default: return []
        }
    }

    // MARK: Rooms

    private mutating func enterRooms() -> [Action] {
        phase = .entering
        pendingRooms = Set(options.rooms)
        let presence = Action.send(XMLElement("presence", XMPPNames.client))
        guard !pendingRooms.isEmpty else {
            phase = .ready
            return [presence, .ready]
        }
        return [presence] + options.rooms.map { .send(XMPPStanza.enter($0, nick: options.nick)) }
    }

    private mutating func presence(_ element: XMLElement) -> [Action] {
        let from = XMPPAddress(element["from"] ?? "")
        guard options.rooms.contains(from.bare), let nick = from.resource else { return [] }
        if let error = element.stanzaError { return refused(from.bare, error.condition) }
        guard let user = element.first("x", XMPPNames.mucUser) else { return [] }
        let codes = Set(user.elements.filter { $0.name == "status" }.compactMap { $0["code"] })
        let item = user.first("item", XMPPNames.mucUser)
        if element["type"] == "unavailable" {
            occupants[from.bare]?[nick] = nil
            guard codes.contains("110") else { return [] }
            return left(from.bare, codes, newNick: item?["nick"])
        }
        if occupants[from.bare]?.count ?? 0 < Self.maxOccupants {
            occupants[from.bare, default: [:]][nick] = Occupant(address: item?["jid"].map { XMPPAddress($0).bare })
        }
        guard codes.contains("110") else { return [] }
        nicks[from.bare] = nick
        return opened(from.bare, isNew: codes.contains("201")) + entered(from.bare)
    }

    /// A room that did not exist waits for its owner, who takes the server's own settings.
    private func opened(_ room: String, isNew: Bool) -> [Action] {
        guard isNew else { return [] }
        let form = XMLElement("x", XMPPNames.form, ["type": "submit"])
        let query = XMLElement("query", XMPPNames.mucOwner, [:], [form])
        return [.send(XMPPStanza.query("set", id: "petrel-room", to: room, query))]
    }

    private mutating func entered(_ room: String) -> [Action] {
        guard pendingRooms.remove(room) != nil, pendingRooms.isEmpty, phase == .entering else { return [] }
        phase = .ready
        return [.ready]
    }

    private mutating func left(_ room: String, _ codes: Set<String>, newNick: String?) -> [Action] {
        if codes.contains("303") {
            nicks[room] = newNick
            return []
        }
        (nicks[room], occupants[room]) = (nil, nil)
        guard !codes.contains("301") else { return [.note(error: "banned from \(room)")] }
        return [
            .note(error: "put out of \(room); entering again"),
            .send(XMPPStanza.enter(room, nick: options.nick)),
        ]
    }

    private mutating func refused(_ room: String, _ condition: String) -> [Action] {
        let tries = nickTries[room, default: 0] + 1
        nickTries[room] = tries
        if condition == "conflict", tries <= 5 {
            return [
                .send(XMPPStanza.enter(room, nick: options.nick + String(repeating: "_", count: tries)))
            ]
        }
        return [.note(error: "\(room) can't be entered: \(condition)")] + entered(room)
    }
}
