import PetrelCore

/// The answer, with its reason: shown to the asker and kept in the audit trail.
public struct AccessDecision: Sendable, Hashable {
    /// What the answer rests on; put into words only when somebody reads them.
    enum Basis: Sendable, Hashable {
        case level(Role, user: String)
        case observer(user: String)
        case own(user: String)
        indirect case grant(role: String, place: String, AccessRequest)
        indirect case refused(Refusal)
        indirect case isolated(AccessRequest)
        case stated(String)
    }

    struct Refusal: Sendable, Hashable {
        var request: AccessRequest
        var holding: RoleBook.Holding
        var book: RoleBook
    }

    /// Whether they may.
    public let isAllowed: Bool
    let basis: Basis

    /// An answer with a reason of its own.
    public init(isAllowed: Bool, reason: String) { self.init(isAllowed: isAllowed, .stated(reason)) }

    init(isAllowed: Bool, _ basis: Basis) {
        self.isAllowed = isAllowed
        self.basis = basis
    }

    /// Which role allowed it; or what was needed, which roles give it and which ones the asker has: a clause without a
    /// period.
    public var reason: String {
        switch basis {
        case .level(let role, let user): "\(user) has the role \(role.rawValue)"
        case .observer(let user): "\(user) has the role \(SystemRole.observer.rawValue)"
        case .own(let user): "it is \(user)'s own"
        case .grant(let role, let place, let request):
            "\(request.identity.user) has the role \(role), which covers \(request.permission) on \(place)"
        case .refused(let refusal): refusal.sentence
        case .isolated(let request):
            "\(request.subject) belongs to \(request.owner ?? "somebody else"), and users see only what is their own"
        case .stated(let reason): reason
        }
    }

    /// The role that allowed it; nil if none had to, or if it was refused.
    public var role: String? {
        switch basis {
        case .level(let role, _): role.rawValue
        case .observer: SystemRole.observer.rawValue
        case .grant(let role, _, _): role
        case .own, .refused, .isolated, .stated: nil
        }
    }

    /// The roles that would have allowed what was refused, the system role first.
    public var givers: [String] {
        if case .refused(let refusal) = basis { refusal.givers } else { [] }
    }

    /// A refusal in the words in which StackStorm's API gives it, for clients that read them.
    public var faultstring: String {
        switch basis {
        case .refused(let refusal):
            let place = refusal.request.resourceUID.map { " on resource \"\($0)\"" } ?? ""
            return "User \"\(refusal.request.identity.user)\" doesn't have required permission "
                + "\"\(refusal.request.permission)\"\(place)"
        case .isolated(let request):
            return "User \"\(request.identity.user)\" doesn't have access to resource "
                + "\"\(request.resourceUID?.description ?? request.subject)\" due to resource permission isolation."
        default: return reason
        }
    }
}

extension AccessDecision.Refusal {
    private static let mostNamed = 5

    var givers: [String] {
        [request.neededLevel.rawValue] + book.givers(of: request.permission, on: request.resourceUID)
    }

    var sentence: String {
        let place = request.resourceUID.map { $0.description == request.subject ? "" : " on \($0)" } ?? ""
        let permission = request.subject == request.permission.rawValue ? "" : " (\(request.permission)\(place))"
        let owner = request.owner.map { "; it belongs to \($0.isEmpty ? "nobody" : $0)" } ?? ""
        return "\(request.subject) needs the role \(named(givers, "or"))\(permission)\(owner); "
            + "\(request.identity.user) has \(had)"
    }

    private var had: String {
        let level = request.ownRole
        let own = level == .none || holding.names.contains(level.rawValue) ? [] : [level.rawValue]
        let roles = own + holding.names
        return roles.isEmpty ? "no role" : "the role\(roles.count == 1 ? "" : "s") \(named(roles, "and"))"
    }

    private func named(_ names: [String], _ word: String) -> String {
        let shown = Array(names.prefix(Self.mostNamed))
        let rest = names.count - shown.count
        let last = rest > 0 ? "\(rest) more" : shown.last ?? ""
        let first = rest > 0 ? shown : shown.dropLast()
        return first.isEmpty ? last : "\(first.joined(separator: ", ")) \(word) \(last)"
    }
}
