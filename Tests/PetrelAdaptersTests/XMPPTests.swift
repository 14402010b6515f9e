import Foundation
import PetrelCore
import PetrelSystem
import Testing

@testable import PetrelAdapters

@Suite("XMPP")
struct XMPPTests {
    private let options = XMPPOptions(
        name: "xmpp", url: "wss://example.com", address: "petrel@example.com", password: Secret("pencil"),
        rooms: ["ops@rooms.example.com"])
    private let now = Instant(microseconds: 1_700_000_000_000_000)

    private func element(_ text: String) throws -> XMLElement {
        try XMLReader.element(text, limits: XMPPStanza.limits)
    }

    @Test("SCRAM answers as RFC 5802 and RFC 7677 show it, and knows the server's proof")
    func scram() {
        var login = SCRAMLogin(.sha1, user: "user", password: Secret("pencil"), nonce: "fyko+d2lbbFgONRv9qkxdawL")
        #expect(login.first == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")
        let nonce = "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
        #expect(
            login.answer("r=\(nonce),s=QSXCR+Q6sek8bf92,i=4096") == "c=biws,r=\(nonce),p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
        #expect(login.isProof("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=") && !login.isProof("v=rmF9pqV8S7suAoZWja4dJRkFsKZ="))
        var newer = SCRAMLogin(.sha256, user: "user", password: Secret("pencil"), nonce: "rOprNGfwEbeRWgbNEkqO")
        let long = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        #expect(
            newer.answer("r=\(long),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
                == "c=biws,r=\(long),p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        #expect(newer.isProof("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))
    }

    @Test(
        "a challenge with another nonce, few or far too many rounds, or an extension is not answered",
        arguments: [
            "r=other,s=QSXCR+Q6sek8bf92,i=4096", "r=abc,s=QSXCR+Q6sek8bf92,i=4096", "r=abcd,s=QSXCR+Q6sek8bf92,i=1",
            "r=abcd,s=QSXCR+Q6sek8bf92,i=2000000000", "r=abcd,s=,i=4096", "m=x,r=abcd,s=QSXCR+Q6sek8bf92,i=4096", "",
        ])
    func badChallenges(_ challenge: String) {
        var login = SCRAMLogin(.sha256, user: "u", password: Secret("p"), nonce: "abc")
        #expect(login.answer(challenge) == nil)
        #expect(!login.isProof("v="))
    }

    @Test("the strongest log-in is taken, and a server that can't prove itself is refused")
    func login() throws {
        func begun(_ mechanisms: [String]) throws -> (XMPPSession, [XMPPSession.Action]) {
            var session = XMPPSession(options, nonce: "abc")
            _ = session.begin()
            let list = mechanisms.map { "<mechanism>\($0)</mechanism>" }.joined()
            let actions = session.handle(
                try element(
                    "<s:features xmlns:s='http://etherx.jabber.org/streams'><mechanisms "
                        + "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\(list)</mechanisms></s:features>"))
            return (session, actions)
        }
        for (offered, taken) in [
            (["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"], "SCRAM-SHA-256"), (["PLAIN", "SCRAM-SHA-1"], "SCRAM-SHA-1"),
            (["PLAIN"], "PLAIN"),
        ] {
            guard case .send(let auth)? = try begun(offered).1.first else {
                Issue.record("\(offered) gave nothing")
                continue
            }
            #expect(auth["mechanism"] == taken)
        }
        guard case .fail(.denied)? = try begun(["DIGEST-MD5"]).1.first else {
            Issue.record("DIGEST-MD5 was taken")
            return
        }
        var (session, _) = try begun(["SCRAM-SHA-256"])
        let success = try element("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj1hYmM=</success>")
        guard case .fail(.denied)? = session.handle(success).first else {
            Issue.record("a success without a proof was believed")
            return
        }
    }

    /// A reading in a room where ann hides behind no nick and bob behind his.
    private func reading(_ message: String) throws -> XMPPInbound.Reading {
        let inbound = XMPPInbound(
            options: options, nicks: ["ops@rooms.example.com": "petrel"],
            occupants: [
                "ops@rooms.example.com": [
                    "Ann": .init(address: "ann@example.com"), "bob": .init(address: nil),
                    "petrel": .init(address: "petrel@example.com"),
                ]
            ], now: now)
        return inbound.reading(try element(message))
    }

    private func message(_ text: String) throws -> InboundMessage? {
        if case .message(let message) = try reading(text) { message } else { nil }
    }

    private let client = "xmlns='jabber:client'"

    @Test("who speaks in a room is whom the room shows, never what the message says")
    func speakers() throws {
        let body = "<body>petrel: date</body>"
        let said = try #require(
            try message(
                "<message \(client) from='ops@rooms.example.com/Ann' type='groupchat' id='1'>\(body)<x "
                    + "xmlns='http://jabber.org/protocol/muc#user'><item jid='root@example.com'/></x></message>"))
        #expect(
            said.sender.id == "ann@example.com" && said.sender.name == "Ann" && said.isAddressed && said.text == "date")
        guard
            case .unidentified = try reading(
                "<message \(client) from='ops@rooms.example.com/bob' type='groupchat'>\(body)</message>")
        else {
            Issue.record("bob was believed")
            return
        }
        for from in ["ops@rooms.example.com/petrel", "ops@rooms.example.com", "other@rooms.example.com/Ann"] {
            #expect(try message("<message \(client) from='\(from)' type='groupchat'>\(body)</message>") == nil)
        }
        // Private messages in a room, errors, headlines and what a server says are nobody's commands.
        for (from, type) in [
            ("ops@rooms.example.com/Ann", "chat"), ("ann@example.com/x", "error"), ("ann@example.com/x", "headline"),
            ("example.com", "chat"), ("petrel@example.com/other", "chat"),
        ] {
            #expect(try message("<message \(client) from='\(from)' type='\(type)'>\(body)</message>") == nil)
        }
    }

    @Test("a copy of somebody else's message, as carbons bring it, is not believed")
    func carbons() throws {
        let text =
            "<message \(client) from='mallory@evil.example/x' type='chat'><received xmlns='urn:xmpp:carbons:2'><forwarded "
            + "xmlns='urn:xmpp:forward:0'><message \(client) from='ann@example.com/x' type='chat'><body>!run id</body>"
            + "</message></forwarded></received></message>"
        #expect(try message(text) == nil)
    }

    @Test("the key is the archive's id if the archive itself gave it, else the sender's own under the sender's name")
    func keys() throws {
        func key(_ by: String) throws -> String? {
            try message(
                "<message \(client) from='ann@example.com/x' type='chat' id='m1'><body>date</body><stanza-id "
                    + "xmlns='urn:xmpp:sid:0' by='\(by)' id='A7'/></message>")?.key.eventID
        }
        #expect(try key("petrel@example.com") == "ann@example.com A7")
        #expect(try key("ann@example.com") == "ann@example.com ann@example.com m1")
    }

    @Test("a message that the server kept has the time at which it was said")
    func kept() throws {
        let said = try message(
            "<message \(client) from='ann@example.com/x' type='chat' id='1'><body>date</body><delay "
                + "xmlns='urn:xmpp:delay' from='example.com' stamp='2026-11-21T10:00:00Z'/></message>")
        #expect(said?.sentAt == Instant("2026-11-21T10:00:00Z"))
        let faked = try message(
            "<message \(client) from='ann@example.com/x' type='chat' id='1'><body>date</body><delay "
                + "xmlns='urn:xmpp:delay' from='ann@example.com' stamp='2026-11-21T10:00:00Z'/></message>")
        #expect(faked?.sentAt == now)
    }
}
