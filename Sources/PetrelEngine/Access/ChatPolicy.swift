public import PetrelCore
import Synchronization

/// Where in chat something is asked for.
public struct ChatPlace: Sendable, Hashable {
    /// The adapter.
    public var adapter: AdapterName
    /// The platform's id of the channel.
    public var channel: String
    /// The channel's name, where it is known and has one.
    public var name: String?
    /// Whether nobody but the asker and Petrel sees it.
    public var isDirect: Bool
    /// The platform's id of the person who asks.
    public var person: String

    /// A place from its parts.
    public init(adapter: AdapterName, channel: String, name: String?, isDirect: Bool, person: String) {
        self.adapter = adapter
        self.channel = channel
        self.name = name
        self.isDirect = isDirect
        self.person = person
    }
}

/// Who may use which aliases where in chat, beyond what roles say: it takes away and never grants.
///
/// An alias that no rule names is left to the roles. One that rules name may be used where at least one of them has it.
public struct ChatPolicy: Sendable, Hashable {
    /// One line of the policy; an empty list means no restriction.
    public struct Rule: Sendable, Hashable {
        /// References of aliases; a `*` stands for any text.
        public var aliases: [String]
        /// Names of adapters.
        public var adapters: [String]
        /// Ids of channels, `#name`, or `direct`.
        public var channels: [String]
        /// Users, or `adapter:id` of people.
        public var users: [String]
        /// Names of roles, of which the asker must have one.
        public var roles: [String]
        /// What is said to those whom it keeps out, instead of the rule in words.
        public var reason: String?

        /// A rule from its parts.
        public init(
            aliases: [String], adapters: [String] = [], channels: [String] = [], users: [String] = [],
            roles: [String] = [], reason: String? = nil
        ) {
            self.aliases = aliases
            self.adapters = adapters
            self.channels = channels
            self.users = users
            self.roles = roles
            self.reason = reason
        }
    }

    /// The rules, in the order of the file.
    public var rules: [Rule]
    /// Why no alias may be used in chat at all; nil when the rules decide.
    public var closed: String?

    /// A policy of rules; without any, roles alone decide.
    public init(rules: [Rule] = [], closed: String? = nil) {
        self.rules = rules
        self.closed = closed
    }

    /// Why an alias may not be used by somebody in a place, as a clause; nil if it may.
    func refusal(of alias: String, to user: String, roles: () -> [String], at place: ChatPlace) -> String? {
        if let closed { return closed }
        let named = rules.filter { rule in rule.aliases.contains { isMatch($0, alias) } }
        guard !named.isEmpty else { return nil }
        let (names, people) = (roles(), [user, "\(place.adapter):\(place.person)"])
        if named.contains(where: { $0.admits(people, names, place) }) { return nil }
        return named.lazy.compactMap(\.reason).first
            ?? "\(alias) may be used only \(named.map(\.phrase).joined(separator: "; or "))"
    }
}

extension ChatPolicy.Rule {
    fileprivate func admits(_ people: [String], _ names: [String], _ place: ChatPlace) -> Bool {
        admits(place) && (users.isEmpty || users.contains(where: people.contains))
            && (roles.isEmpty || roles.contains(where: names.contains))
    }

    fileprivate func admits(_ place: ChatPlace) -> Bool {
        guard adapters.isEmpty || adapters.contains(place.adapter) else { return false }
        return channels.isEmpty
            || channels.contains { channel in
                channel == place.channel || (channel == "direct" && place.isDirect)
                    || (channel.hasPrefix("#") && !place.isDirect && place.name.map { "#" + $0 == channel } == true)
            }
    }

    /// The rule as the end of a sentence.
    fileprivate var phrase: String {
        var parts: [String] = []
        if !channels.isEmpty {
            parts.append(
                channels.map { $0 == "direct" ? "a direct message" : $0 }.joined(separator: " or ").prefixed("in "))
        }
        if !adapters.isEmpty { parts.append(adapters.joined(separator: " or ").prefixed("on ")) }
        if !users.isEmpty { parts.append(users.joined(separator: ", ").prefixed("by ")) }
        if !roles.isEmpty { parts.append(roles.joined(separator: " or ").prefixed("with the role ")) }
        return parts.isEmpty ? "elsewhere" : parts.joined(separator: ", ")
    }
}

extension String {
    fileprivate func prefixed(_ word: String) -> String { word + self }
}

/// Whether a text fits a form in which each `*` stands for any text; linear in both.
private func isMatch(_ form: String, _ text: String) -> Bool {
    let parts = form.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return form.hasSameBytes(as: text) }
    guard text.hasPrefix(first), text.count >= first.count + last.count else { return false }
    var rest = text.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let range = rest.firstRange(of: part) else { return false }
        rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(last)
}

/// The chat policy that is in force.
public final class LiveChatPolicy: Sendable {
    private let policy: Mutex<ChatPolicy>

    /// A live policy that begins with some rules.
    public init(_ policy: ChatPolicy = ChatPolicy()) { self.policy = Mutex(policy) }

    /// The policy of this moment.
    public var current: ChatPolicy { policy.withLock { $0 } }

    /// Puts another policy in force.
    public func replace(with policy: ChatPolicy) { self.policy.withLock { $0 = policy } }
}
