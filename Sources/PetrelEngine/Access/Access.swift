public import PetrelCore

/// Decides who may do what; every access from chat, API and command line comes through ``decide(_:)``.
///
/// A user has what the level of their identity gives, what their roles grant and what their groups' roles grant.
/// Nothing takes away, except that the chat policy says where in chat an alias may be used. docs/access.md tells users the rules that stand here.
public struct Access: Sendable {
    private let book: LiveRoleBook
    private let systemUser: String?
    private let chatPolicy: LiveChatPolicy

    /// Makes the decision function.
    /// - Parameters:
    ///   - book: the roles and who has them.
    ///   - systemUser: with a name everybody but administrators sees executions and rules of their own and of that user
    ///     only: StackStorm's `permission_isolation` with its system user.
    ///   - chatPolicy: where in chat aliases may be used; it holds for administrators, too.
    public init(
        book: LiveRoleBook = LiveRoleBook(), isolatingAllBut systemUser: String? = nil,
        chatPolicy: LiveChatPolicy = LiveChatPolicy()
    ) {
        self.book = book
        self.systemUser = systemUser
        self.chatPolicy = chatPolicy
    }

    /// Whether the identity may do it, and why.
    ///
    /// Whatever is not allowed by a line here is refused.
    public func decide(_ request: AccessRequest) -> AccessDecision {
        if let sensor = request.identity.sensor { return SensorRights.decision(on: request, by: sensor) }
        let decision = decideByRoles(request)
        guard decision.isAllowed, let place = request.place, request.permission == .aliasExecute else {
            return decision
        }
        let refusal = chatPolicy.current.refusal(
            of: request.resource, to: request.identity.user, roles: { roles(of: request.identity) }, at: place)
        return refusal.map { AccessDecision(isAllowed: false, reason: $0) } ?? decision
    }

    private func decideByRoles(_ request: AccessRequest) -> AccessDecision {
        let user = request.identity.user
        let own = request.ownRole
        if own == .admin { return AccessDecision(isAllowed: true, .level(own, user: user)) }
        let needed = request.neededLevel
        // Most questions end here, without a look into the book.
        if own >= needed, !isIsolated(request) {
            return AccessDecision(isAllowed: true, .level(own, user: user))
        }
        let book = book.current
        let holding = book.holding(of: user)
        let level = max(own, min(holding.level, request.ceiling ?? .admin))
        if level == .admin { return AccessDecision(isAllowed: true, .level(level, user: user)) }
        if isIsolated(request) { return AccessDecision(isAllowed: false, .isolated(request)) }
        if level >= needed { return AccessDecision(isAllowed: true, .level(level, user: user)) }
        // Whoever holds any role counts as a starter here.
        if let least = request.ownLevel, max(level, holding.names.isEmpty ? .none : .starter) >= least {
            return AccessDecision(isAllowed: true, .own(user: user))
        }
        if holding.isObserver, request.resourceUID?.holder == nil, PermissionTable.observed.contains(request.permission)
        {
            return AccessDecision(isAllowed: true, .observer(user: user))
        }
        if let grant = book.grant(of: request.permission, on: request.resourceUID, in: holding) {
            return AccessDecision(isAllowed: true, .grant(role: grant.role, place: grant.place, request))
        }
        return AccessDecision(isAllowed: false, .refused(.init(request: request, holding: holding, book: book)))
    }

    /// The first refusal among several questions, or the answer to the last.
    ///
    /// A rule takes three: to create it, to run its action and, where it has a webhook, to create that.
    public func decide(all requests: [AccessRequest]) -> AccessDecision {
        var last = AccessDecision(isAllowed: false, reason: "nothing was asked")
        for request in requests {
            last = decide(request)
            if !last.isAllowed { break }
        }
        return last
    }

    /// Whether somebody administers Petrel: may see secrets, decrypt keys, act for other users, list without a limit.
    public func isAdministrator(_ identity: Identity, ceiling: Role? = nil) -> Bool {
        decide(AccessRequest(identity, .administer, ceiling: ceiling)).isAllowed
    }

    /// The names of all roles that somebody has, their level's first.
    public func roles(of identity: Identity) -> [String] {
        let level = identity.role == .none ? [] : [identity.role.rawValue]
        return level + book.current.holding(of: identity.user).names.filter { $0 != identity.role.rawValue }
    }

    /// Whether somebody has a role by that very name, as inquiries ask it.
    public func has(_ role: String, _ identity: Identity) -> Bool {
        roles(of: identity).contains { $0.hasSameBytes(as: role) }
    }

    /// The users whose executions and rules somebody sees in lists; nil: all.
    public func visibleUsers(to identity: Identity) -> [String]? {
        guard let systemUser, !isAdministrator(identity) else { return nil }
        return [identity.user, systemUser]
    }

    private func isIsolated(_ request: AccessRequest) -> Bool {
        guard let systemUser, let owner = request.owner else { return false }
        switch request.permission.resourceType {
        case .execution, .rule:
            return !owner.hasSameBytes(as: request.identity.user) && !owner.hasSameBytes(as: systemUser)
        default: return false
        }
    }
}
