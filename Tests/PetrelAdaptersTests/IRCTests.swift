import PetrelCore
import Testing

@testable import PetrelAdapters

@Suite("IRC")
struct IRCTests {
    private let options = IRCOptions(
        name: "irc", url: "wss://irc.example.net", account: "bot", password: Secret("secret"), channels: ["#Ops"])

    private func session(_ lines: [String], options: IRCOptions? = nil) -> (IRCSession, [IRCSession.Action]) {
        var session = IRCSession(options ?? self.options)
        var actions = session.begin()
        for line in lines.compactMap(IRCLine.init) { actions = session.handle(line) }
        return (session, actions)
    }

    private static let login = [
        ":s CAP * LS * :account-tag message-tags", ":s CAP * LS :sasl=PLAIN,EXTERNAL server-time",
        ":s CAP * ACK :account-tag message-tags sasl server-time", "AUTHENTICATE +", ":s 903 petrel :ok",
        ":s 001 petrel :hi", ":s 005 petrel CASEMAPPING=ascii BOT=B LINELEN=600 :are", ":s 376 petrel :end",
    ]
    private static let joined = [
        ":petrel!p@h JOIN :#Ops", ":s 353 petrel = #Ops :@ann +Bob[x] petrel", ":s 366 petrel #Ops :end",
    ]

    @Test("a line falls into tags, source, command and parameters")
    func line() throws {
        let line = try #require(
            IRCLine("@time=2026-11-21T10:00:00.000Z;a=x\\:\\s\\\\y;b :ann!u@h privmsg #c :hello :there"))
        #expect(line.tags == ["time": "2026-11-21T10:00:00.000Z", "a": "x; \\y", "b": ""])
        #expect(line.nick == "ann" && line.command == "PRIVMSG" && line.parameters == ["#c", "hello :there"])
        #expect(IRCLine("") == nil && IRCLine("@a=b") == nil && IRCLine(":x") == nil)
        #expect(IRCLine("PING x\r\nQUIT")?.parameters == ["x"])
        #expect(IRCLine(String(repeating: "a", count: 20_000)) == nil)
    }

    @Test("the log-in asks for what tells who speaks, and the channels are joined after it")
    func login() {
        var session = IRCSession(options)
        #expect(session.begin().first == .send("CAP LS 302"))
        var sent: [[IRCSession.Action]] = []
        for text in Self.login { if let line = IRCLine(text) { sent.append(session.handle(line)) } }
        #expect(sent[1] == [.send("CAP REQ :account-tag message-tags sasl server-time")])
        #expect(sent[2] == [.send("AUTHENTICATE PLAIN")])
        #expect(sent[3] == [.send("AUTHENTICATE Ym90AGJvdABzZWNyZXQ=")])
        #expect(sent[4] == [.send("CAP END")])
        #expect(sent[7] == [.send("MODE petrel +B"), .send("JOIN #Ops")])
        #expect(session.lineLength == 600)
        let (joined, last) = self.session(Self.login + Self.joined)
        #expect(last == [.ready] && joined.isIn("#ops"))
        #expect(Set(joined.names(in: "#OPS")) == ["ann", "Bob[x]"])
    }

    @Test("a server that does not tell who is logged in, or does not let the bot log in, is refused")
    func refusals() {
        for lines in [
            [":s CAP * LS :message-tags sasl"], [":s CAP * LS :account-tag"],
            [":s CAP * LS :account-tag sasl=EXTERNAL"],
            [":s 421 * CAP :Unknown command"], Self.login.prefix(4) + [":s 904 petrel :no"], [":s 465 * :banned"],
        ] as [[String]] {
            guard case .fail(.denied)? = session(Array(lines)).1.first else {
                Issue.record("\(lines.last ?? "") was taken")
                continue
            }
        }
        let open = IRCOptions(name: "irc", url: "", identity: .nick)
        #expect(session([":s 421 * CAP :Unknown command"], options: open).1 == [])
    }

    @Test("a nick that is taken is left to its owner")
    func nicks() {
        #expect(session([":s 433 * petrel :in use"]).1 == [.send("NICK petrel_")])
        let all = (0..<6).map { _ in ":s 433 * petrel :in use" }
        guard case .fail(.notSent)? = session(all).1.first else {
            Issue.record("it tries for ever")
            return
        }
    }

    @Test("who is where is known through joins, parts, kicks, quits and new nicks")
    func members() {
        let moves = [
            ":Cid!c@h JOIN #ops", ":ann!a@h NICK :Anna", ":bob[x]!b@h QUIT :gone", ":Anna!a@h KICK #Ops cid :out",
        ]
        #expect(session(Self.login + Self.joined + moves).0.names(in: "#ops") == ["Anna"])
        let kicked = session(Self.login + Self.joined + [":ann!a@h KICK #ops petrel :out"])
        #expect(!kicked.0.isIn("#ops") && kicked.1.contains(.send("JOIN #Ops")))
        let renamed = session(Self.login + Self.joined + [":petrel!p@h NICK petrel2"])
        #expect(renamed.0.nick == "petrel2" && Set(renamed.0.names(in: "#ops")) == ["ann", "Bob[x]"])
    }

    @Test("the account comes from the server's tag alone, whatever the nick or the text says")
    func accounts() throws {
        func heard(_ line: String) -> IRCSession.Heard? {
            guard case .heard(let heard)? = session(Self.login + Self.joined + [line]).1.first else { return nil }
            return heard
        }
        #expect(heard("@account=ann;msgid=7 :mallory!u@h PRIVMSG #Ops :!date")?.account == "ann")
        #expect(heard(":ann!u@h PRIVMSG #Ops :@account=ann !date")?.account == nil)
        #expect(heard("@account=* :ann!u@h PRIVMSG #Ops :!date")?.account == nil)
        #expect(heard("@account= :ann!u@h PRIVMSG #Ops :!date")?.account == nil)
        #expect(heard("@inspircd.org/bot :robot!u@h PRIVMSG #Ops :!date")?.isFromProgram == true)
        #expect(heard(":a!u@h PRIVMSG #Ops :\u{1}ACTION waves\u{1}")?.text == "waves")
        #expect(heard(":a!u@h PRIVMSG #Ops :\u{1}VERSION\u{1}") == nil)
        #expect(heard(":a!u@h NOTICE #Ops :!date") == nil)
        #expect(heard(":petrel!u@h PRIVMSG #Ops :!date") == nil)
        #expect(heard(":services.example PRIVMSG #Ops :!date") == nil)
    }

    @Test("WHOIS tells the account, or that there is none")
    func whois() {
        let ready = Self.login + Self.joined
        let known = session(ready + [":s 330 petrel Ann Ann7 :is logged in as", ":s 318 petrel ann :end"])
        #expect(known.1 == [.account(nick: "ann", "Ann7")])
        #expect(session(ready + [":s 318 petrel bob :end"]).1 == [.account(nick: "bob", nil)])
    }

    @Test("names are folded as the server folds them")
    func folding() {
        #expect(IRCCase.rfc1459.folded("A[]\\^é") == "a{}|~é")
        #expect(IRCCase.strict.folded("A[^") == "a{^")
        #expect(IRCCase.ascii.folded("A[") == "a[")
    }

    @Test("a text becomes lines that fit, without fences, commands to others or calls")
    func lines() {
        let text = "```sh\none\n\n!op mallory\nann: look\n```\n./run.sh\tx"
        #expect(
            IRCText.lines(text, maxBytes: 400, names: ["ann"], allowsMentions: false)
                == ["one", "\u{200B}!op mallory", "a\u{200B}nn: look", "./run.sh    x"])
        let long = String(repeating: "wörd ", count: 400)
        let lines = IRCText.lines(long, maxBytes: 100, names: [], allowsMentions: false)
        #expect(
            lines.allSatisfy { $0.utf8.count <= 100 } && lines.joined(separator: " ") == long.trimmingBlanksAtEnds())
        let solid = IRCText.lines(String(repeating: "😀", count: 100), maxBytes: 90, names: [], allowsMentions: false)
        #expect(solid.joined().count == 100 && solid.allSatisfy { $0.utf8.count <= 90 })
        #expect(IRCText.lines(" \n```\n```", maxBytes: 400, names: [], allowsMentions: false) == [PlainText.empty])
    }

    @Test("colours and weights that people's programs send are left out")
    func typed() {
        #expect(IRCText.typed("\u{2}!date\u{2} \u{3}04,12red\u{3} \u{3}5,x \u{4}ff0000hex\u{F}") == "!date red ,x hex")
    }

    @Test("an address that others could read is not used")
    func confidential() {
        for url in ["wss://irc.example.net", "ws://127.0.0.1:80/x", "ws://localhost/", "ws://[::1]:7"] {
            #expect(isConfidential(url))
        }
        for url in [
            "ws://irc.example.net", "ws://127.0.0.1.example.net", "ws://localhost.example.net:80", "http://x", "",
        ] {
            #expect(!isConfidential(url))
        }
    }
}
