import Foundation
import PetrelCore
import PetrelSystem
import Synchronization

/// What a person saw the bot say.
public struct SeenPost: Sendable {
    /// The channel, room or, where it was said in private, who it was said to or by.
    public var place: String
    /// What was said.
    public var text: String
    /// What tells it from others.
    public var id: String
}

/// Somebody on a real chat server, by a program of their own.
public protocol ChatGuest: Sendable {
    /// Says something; returns when the server has it.
    func say(_ text: String, to place: String) async throws
    /// What the bot has said until now, as it was seen.
    func seen() async throws -> [SeenPost]
}

/// Lines or stanzas that come over a connection; they are read while somebody waits for one.
private final class Arrivals: Sendable {
    private let connection: WebSocketConnection
    private let items = Mutex<[String]>([])

    init(_ connection: WebSocketConnection) { self.connection = connection }

    var all: [String] { items.withLock(\.self) }

    /// Reads until one came for which something holds.
    func wait(_ what: String, _ holds: (String) -> Bool) async throws {
        if all.contains(where: holds) { return }
        while case .text(let item)? = try await connection.receive() {
            if item.hasPrefix("PING") { try await connection.send(.text("PONG" + item.dropFirst(4))) }
            items.withLock { $0.append(item) }
            if holds(item) { return }
        }
        throw TestProgram.Failure(description: "\(what) did not come: \(all.suffix(5))")
    }
}

/// Somebody on IRC.
public final class IRCGuest: ChatGuest {
    private let connection: WebSocketConnection
    private let arrivals: Arrivals
    private let bot: String
    private let count = Mutex(0)

    /// Comes to a channel.
    /// - Parameters:
    ///   - nick: one that begins with `guest` is not logged in to services.
    ///   - isProgram: whether the server shall tell all that this is a program.
    public init(_ url: String, nick: String, channel: String, bot: String, isProgram: Bool = false) async throws {
        var request = WebSocketRequest(url: url)
        request.headers = [(name: "Origin", value: "http://localhost")]
        connection = try await WebSocketConnection.connect(request)
        arrivals = Arrivals(connection)
        self.bot = bot
        for line in ["NICK \(nick)", "USER \(nick) 0 * :\(nick)"] { try await send(line) }
        try await arrivals.wait("a welcome") { $0.contains(" 376 ") }
        if !nick.hasPrefix("guest") { try await arrivals.wait("the account") { $0.contains(" 900 ") } }
        if isProgram { try await send("MODE \(nick) +B") }
        try await send("JOIN \(channel)")
        try await arrivals.wait("the channel") { $0.contains(" 366 ") }
    }

    private func send(_ line: String) async throws { try await connection.send(.text(line)) }

    /// See ``ChatGuest/say(_:to:)``.
    public func say(_ text: String, to place: String) async throws {
        try await send("PRIVMSG \(place) :\(text)")
        try await settle()
    }

    /// After the answer to this the server has handed over all that it had before.
    private func settle() async throws {
        let word = count.withLock { count in
            count += 1
            return "settle\(count)"
        }
        try await send("PING \(word)")
        try await arrivals.wait("an answer") { $0.hasSuffix(word) && $0.contains("PONG") }
    }

    /// See ``ChatGuest/seen()``.
    public func seen() async throws -> [SeenPost] {
        try await settle()
        return arrivals.all.enumerated().compactMap { index, line in
            guard line.hasPrefix(":\(bot)!") else { return nil }
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            guard words.count == 4, words[1] == "PRIVMSG" else { return nil }
            return SeenPost(place: words[2], text: String(words[3].dropFirst()), id: String(index))
        }
    }

    /// Waits for a line in which something stands.
    public func waitForLine(_ part: String) async throws { try await arrivals.wait(part) { $0.contains(part) } }
}

/// Somebody on XMPP.
public final class XMPPGuest: ChatGuest {
    private static let limits = Limits(maxBytes: 1 << 20, maxDepth: 64, maxNodes: 20_000)
    private let connection: WebSocketConnection
    private let arrivals: Arrivals
    private let bot: String
    private let room: String
    private let count = Mutex(0)

    /// Logs in and comes to a room.
    public init(_ url: String, user: String, room: String, bot: String) async throws {
        var request = WebSocketRequest(url: url)
        request.subprotocols = ["xmpp"]
        connection = try await WebSocketConnection.connect(request)
        arrivals = Arrivals(connection)
        (self.bot, self.room) = (bot, room)
        let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>"
        let secret = Data("\0\(user)\0secret".utf8).base64EncodedString()
        try await send(open)
        try await arrivals.wait("the log-ins") { $0.contains("PLAIN") }
        try await send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>\(secret)</auth>")
        try await arrivals.wait("the log-in") { $0.contains("<success") }
        try await send(open)
        let client = "xmlns='jabber:client'"
        try await send("<iq \(client) type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        try await arrivals.wait("an address") { $0.contains("<jid>") }
        try await send("<presence \(client)/>")
        try await send(
            "<presence \(client) to='\(room)/\(user)'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        try await arrivals.wait("the room") { $0.contains("code='110'") }
    }

    private func send(_ text: String) async throws { try await connection.send(.text(text)) }

    private func next() -> String {
        count.withLock { count in
            count += 1
            return "guest\(count)"
        }
    }

    /// See ``ChatGuest/say(_:to:)``.
    public func say(_ text: String, to place: String) async throws {
        let type = place == room ? "groupchat" : "chat"
        let message = XMLElement(
            "message", "jabber:client", ["to": place, "type": type, "id": next()],
            [XMLElement("body", "jabber:client", text: text)])
        try await send(message.xml)
        try await settle()
    }

    private func settle() async throws {
        let id = next()
        try await send(
            "<iq xmlns='jabber:client' type='get' to='localhost' id='\(id)'><ping xmlns='urn:xmpp:ping'/></iq>")
        try await arrivals.wait("an answer") { $0.hasPrefix("<iq") && $0.contains("'\(id)'") }
    }

    /// See ``ChatGuest/seen()``.
    public func seen() async throws -> [SeenPost] {
        try await settle()
        return try arrivals.all.filter { $0.hasPrefix("<message") }.compactMap { text in
            let message = try XMLReader.element(text, limits: Self.limits)
            guard let from = message["from"], message["type"] != "error",
                from == "\(room)/\(bot)" || from.hasPrefix("\(bot)@localhost"),
                let body = message.first("body", "jabber:client")?.text
            else { return nil }
            return SeenPost(
                place: String(from.prefix { $0 != "/" }), text: body, id: message["id"] ?? "")
        }
    }
}
