import FoundationEssentials
import PetrelCore

/// One connection to an IRC server as it looks from here: the log-in, the channels and who is in them.
///
/// It takes each line and says what is to be done about it.
struct IRCSession: Sendable {
    /// Something to be done.
    enum Action: Sendable, Hashable {
        case send(String)
        /// Logged in and in all channels that would have us: messages can come.
        case ready
        case heard(Heard)
        /// The server has dealt with all that was sent before the PING of this word.
        case pong(String)
        /// The server won't pass a message on to this channel or nick.
        case undeliverable(target: String, code: String, reason: String)
        /// To which account a nick is logged in; nil: to none, or there is nobody of that nick.
        case account(nick: String, String?)
        case note(error: String)
        /// The connection is of no use.
        case fail(PlatformFailure)
    }

    /// Somebody said something.
    struct Heard: Sendable, Hashable {
        var nick: String
        /// nil where the server says none.
        var account: String?
        /// A channel, or the bot's nick.
        var target: String
        var text: String
        /// The server's id of it.
        var id: String?
        var at: Instant?
        /// Whether the server says that a program wrote it.
        var isFromProgram: Bool
    }

    private enum Phase: Hashable { case negotiating, authenticating, registering, joining, ready }

    /// What would be of use to us.
    private static let usefulCaps: Set<String> = ["account-tag", "message-tags", "server-time"]
    private static let maxMembers = 20_000
    private static let botTags: Set<String> = ["bot", "draft/bot", "inspircd.org/bot"]
    private static let joinErrors: Set<String> = ["403", "405", "471", "473", "474", "475", "476", "477", "489", "520"]
    private static let sendErrors: Set<String> = ["401", "403", "404", "407", "413", "415", "477", "482", "531"]

    private let options: IRCOptions
    private var phase = Phase.negotiating
    private var offered: [String: String] = [:]
    private(set) var caps: Set<String> = []
    private(set) var nick: String
    private(set) var casing = IRCCase.rfc1459
    private(set) var lineLength = 512
    private var botMode: String?
    private var nickTries = 0
    private var pendingChannels: Set<String> = []
    /// The nicks in each channel, both folded; the value is the nick as it is written.
    private(set) var members: [String: [String: String]] = [:]
    /// The account that a WHOIS that is under way has told.
    private var told: [String: String] = [:]

    init(_ options: IRCOptions) {
        self.options = options
        nick = options.nick
    }

    /// The first thing to do.
    func begin() -> [Action] {
        [.send("CAP LS 302"), .send("NICK \(nick)"), .send("USER petrel 0 * :Petrel")]
    }

    /// Whether a name is a channel's.
    static func isChannel(_ name: String) -> Bool { name.first.map { "#&+!".contains($0) } ?? false }

    /// The nicks that would be called by their names in a conversation.
    func names(in channel: String) -> [String] {
        Array((members[casing.folded(channel)] ?? [:]).values).filter { casing.folded($0) != casing.folded(nick) }
    }

    func isIn(_ channel: String) -> Bool { members[casing.folded(channel)] != nil }

    /// Takes in a line.
    mutating func handle(_ line: IRCLine) -> [Action] {
        switch line.command {
        case "PING": return [.send("PONG :\(line[line.parameters.count - 1])")]
        case "PONG": return [.pong(line[line.parameters.count - 1])]
        case "ERROR": return [.note(error: line[0])]
        case "PRIVMSG": return heard(line)
        case "CAP": return capabilities(line)
        case "AUTHENTICATE": return phase == .authenticating && line[0] == "+" ? credentials() : []
        case "JOIN", "PART", "QUIT", "KICK", "NICK": return moved(line)
        default: return numeric(line)
        }
    }

    private mutating func numeric(_ line: IRCLine) -> [Action] {
        switch line.command {
        case "001":
            nick = line[0]
            phase = .joining
        case "005": learn(line)
        case "376", "422": return phase == .joining ? join() : []
        case "353": addMembers(line)
        case "366": return joined(line[1])
        case "330": told[casing.folded(line[1])] = line[2]
        case "318": return [.account(nick: line[1], told.removeValue(forKey: casing.folded(line[1])))]
        case "903": return phase == .authenticating ? registered() : []
        case "902", "904", "905", "906", "908":
            return [.fail(.denied("the server refuses the log-in to \(options.account ?? ""): \(line.last)"))]
        case "421" where line[1] == "CAP": return phase == .negotiating ? decide() : []
        case "432": return [.fail(.denied("the server won't have the nick \(nick): \(line.last)"))]
        case "433", "436", "437": return takeAnotherNick(line)
        case "464", "465": return [.fail(.denied(line.last))]
        default: return failed(line)
        }
        return []
    }

    private mutating func failed(_ line: IRCLine) -> [Action] {
        var actions: [Action] = []
        if Self.joinErrors.contains(line.command), pendingChannels.contains(casing.folded(line[1])) {
            actions.append(.note(error: "\(line[1]) can't be joined: \(line.last)"))
            return actions + joined(line[1])
        }
        if Self.sendErrors.contains(line.command) {
            actions.append(.undeliverable(target: line[1], code: line.command, reason: line.last))
        }
        return actions
    }

    // MARK: Log-in

    private mutating func capabilities(_ line: IRCLine) -> [Action] {
        switch line[1] {
        case "LS":
            for word in line.last.split(separator: " ").prefix(200) {
                let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                offered[parts[0]] = parts.count > 1 ? parts[1] : ""
            }
            return line[2] == "*" || phase != .negotiating ? [] : decide()
        case "ACK":
            caps.formUnion(line.last.split(separator: " ").map(String.init))
            guard phase == .negotiating else { return [] }
            guard caps.contains("sasl") else { return registered() }
            phase = .authenticating
            return [.send("AUTHENTICATE PLAIN")]
        case "NAK": return [.fail(.doubtful("the server takes back what it offered: \(line.last)"))]
        default: return []
        }
    }

    private mutating func decide() -> [Action] {
        if options.identity == .account, offered["account-tag"] == nil {
            let text =
                "the server does not say who is logged in (it has no account-tag); see identity in the adapter's manual"
            return [.fail(.denied(text))]
        }
        var wanted = Self.usefulCaps.intersection(offered.keys)
        if options.account != nil {
            let mechanisms = offered["sasl"].map { $0.isEmpty ? "PLAIN" : $0 } ?? ""
            guard mechanisms.split(separator: ",").contains("PLAIN") else {
                return [.fail(.denied("the server offers no log-in (SASL PLAIN) to the account of the bot"))]
            }
            wanted.insert("sasl")
        }
        guard !wanted.isEmpty else { return registered() }
        return [.send("CAP REQ :" + wanted.sorted().joined(separator: " "))]
    }

    /// In pieces of 400 characters, as the protocol wants it; one that is full is followed by another, if need be an empty
    /// one.
    private func credentials() -> [Action] {
        let account = options.account ?? ""
        let text = Data("\(account)\0\(account)\0\(options.password.reveal())".utf8).base64EncodedString()
        var pieces = stride(from: 0, to: text.utf8.count, by: 400).map { start in
            String(text.dropFirst(start).prefix(400))
        }
        if text.utf8.count.isMultiple(of: 400) { pieces.append("+") }
        return pieces.map { .send("AUTHENTICATE \($0)") }
    }

    private mutating func registered() -> [Action] {
        phase = .registering
        return offered.isEmpty ? [] : [.send("CAP END")]
    }

    private mutating func takeAnotherNick(_ line: IRCLine) -> [Action] {
        guard phase != .ready, phase != .joining else { return [] }
        nickTries += 1
        guard nickTries <= 5 else { return [.fail(.notSent("the nick \(options.nick) is in use"))] }
        nick = options.nick + String(repeating: "_", count: nickTries)
        return [.send("NICK \(nick)")]
    }

    private mutating func learn(_ line: IRCLine) {
        for word in line.parameters.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "CASEMAPPING": casing = IRCCase(rawValue: parts[1]) ?? .ascii
            case "LINELEN": lineLength = min(4096, max(512, Int(parts[1]) ?? 512))
            case "BOT": botMode = parts[1].count == 1 ? parts[1] : nil
            default: break
            }
        }
    }

    private mutating func join() -> [Action] {
        let mode = botMode.map { [Action.send("MODE \(nick) +\($0)")] } ?? []
        pendingChannels = Set(options.channels.map { casing.folded(String($0.prefix { $0 != " " })) })
        guard !pendingChannels.isEmpty else {
            phase = .ready
            return mode + [.ready]
        }
        return mode + options.channels.map { .send("JOIN \($0)") }
    }

    // MARK: Channels

    private mutating func joined(_ channel: String) -> [Action] {
        guard pendingChannels.remove(casing.folded(channel)) != nil, pendingChannels.isEmpty, phase == .joining
        else { return [] }
        phase = .ready
        return [.ready]
    }

    private mutating func addMembers(_ line: IRCLine) {
        let channel = casing.folded(line[2])
        for word in line.last.split(separator: " ") {
            let nick = String(word.drop { "~&@%+".contains($0) }.prefix { $0 != "!" })
            guard members[channel]?.count ?? 0 < Self.maxMembers else { return }
            members[channel, default: [:]][casing.folded(nick)] = nick
        }
    }

    private mutating func moved(_ line: IRCLine) -> [Action] {
        let who = casing.folded(line.nick)
        let isMe = who == casing.folded(nick)
        let channel = casing.folded(line[0])
        switch line.command {
        case "JOIN":
            guard members[channel]?.count ?? 0 < Self.maxMembers else { return [] }
            members[channel, default: [:]][who] = line.nick
        case "PART": if isMe { members[channel] = nil } else { members[channel]?[who] = nil }
        case "QUIT": for channel in members.keys { members[channel]?[who] = nil }
        case "NICK":
            for channel in members.keys where members[channel]?.removeValue(forKey: who) != nil {
                members[channel]?[casing.folded(line[0])] = line[0]
            }
            if isMe { nick = line[0] }
        case "KICK" where casing.folded(line[1]) == casing.folded(nick):
            members[channel] = nil
            let wanted = options.channels.first { casing.folded(String($0.prefix { $0 != " " })) == channel }
            return [.note(error: "kicked from \(line[0]): \(line[2])")] + (wanted.map { [.send("JOIN \($0)")] } ?? [])
        case "KICK": members[channel]?[casing.folded(line[1])] = nil
        default: break
        }
        return []
    }

    // MARK: Messages

    private func heard(_ line: IRCLine) -> [Action] {
        guard phase == .ready || phase == .joining, line.source.contains("!"),
            casing.folded(line.nick) != casing.folded(nick)
        else { return [] }
        var text = line[1]
        if text.hasPrefix("\u{1}") {
            // Of what programs say to each other this way only `/me` is speech.
            guard text.hasPrefix("\u{1}ACTION ") else { return [] }
            text = String(text.dropFirst(8).prefix { $0 != "\u{1}" })
        }
        let account = line.tags["account"].flatMap { $0.isEmpty || $0 == "*" ? nil : $0 }
        return [
            .heard(
                Heard(
                    nick: line.nick, account: account, target: line[0], text: text, id: line.tags["msgid"],
                    at: line.tags["time"].flatMap(Instant.init),
                    isFromProgram: !Self.botTags.isDisjoint(with: line.tags.keys)
                ))
        ]
    }
}

extension IRCLine {
    /// The last parameter, in which words for people stand.
    fileprivate var last: String { parameters.last ?? "" }
}
