public import PetrelCore

/// What somebody wants to do, in StackStorm's names.
public enum Permission: String, Sendable, CaseIterable {
    case actionList = "action_list"
    case actionView = "action_view"
    case actionExecute = "action_execute"
    case aliasList = "action_alias_list"
    case aliasView = "action_alias_view"
    case aliasMatch = "action_alias_match"
    case aliasHelp = "action_alias_help"
    case executionList = "execution_list"
    case executionView = "execution_view"
    case executionStop = "execution_stop"
    case executionReRun = "execution_rerun"
    case executionFilters = "execution_views_filters_list"
    case runnerList = "runner_type_list"
    case runnerView = "runner_type_view"
    case packList = "pack_list"
    case packView = "pack_view"
    case auditList = "audit_list"
    case apiKeyList = "api_key_list"
    case apiKeyView = "api_key_view"
    case apiKeyCreate = "api_key_create"
    case apiKeyModify = "api_key_modify"
    case apiKeyDelete = "api_key_delete"
    case streamView = "stream_view"
    case serviceList = "service_registry_list"
    /// Speaking in the local room and reading it. Ours.
    case roomUse = "room_use"
    /// Speaking in the local room as somebody else. Ours.
    case roomImpersonate = "room_impersonate"
    /// Running an action through an alias. Ours: StackStorm knows only the action's permission.
    case aliasExecute = "action_alias_execute"
}

/// One question to the decision function.
public struct AccessRequest: Sendable {
    /// Who asks.
    public var identity: Identity
    /// What they want to do.
    public var permission: Permission
    /// What it is about, for the reason: an action's or alias's reference, an execution's id.
    public var resource: String
    /// The least role that the resource asks for, where it says so.
    public var leastRole: Role?
    /// The user who owns the resource, such as the one who started an execution.
    public var owner: String?

    /// A question.
    public init(
        _ identity: Identity, _ permission: Permission, on resource: String = "", leastRole: Role? = nil,
        owner: String? = nil
    ) {
        self.identity = identity
        self.permission = permission
        self.resource = resource
        self.leastRole = leastRole
        self.owner = owner
    }
}

/// The answer, with its reason: shown to the asker and kept in the audit trail.
public struct AccessDecision: Sendable, Hashable {
    /// Whether they may.
    public var isAllowed: Bool
    /// The role held and, in a refusal, the role needed: a clause without a period.
    public var reason: String

    /// An answer.
    public init(isAllowed: Bool, reason: String) {
        self.isAllowed = isAllowed
        self.reason = reason
    }
}

/// Decides who may do what; every access from chat, API and command line comes through ``decide(_:)``.
public struct Access: Sendable {
    /// Makes the decision function.
    public init() {}

    /// Whether the identity may do it, and why.
    ///
    /// Whatever is not allowed by a line here is refused.
    public func decide(_ request: AccessRequest) -> AccessDecision {
        let identity = request.identity
        let needed = leastRole(for: request)
        if identity.role >= needed, needed > .none {
            return AccessDecision(isAllowed: true, reason: "\(identity.user) has the role \(identity.role.rawValue)")
        }
        let subject = request.resource.isEmpty ? request.permission.rawValue : request.resource
        return AccessDecision(
            isAllowed: false,
            reason: "\(subject) needs the role \(needed.rawValue); \(identity.user) has \(article(identity.role))")
    }

    private func leastRole(for request: AccessRequest) -> Role {
        switch request.permission {
        case .aliasHelp, .aliasMatch: .starter
        case .aliasExecute: max(request.leastRole ?? .operator, .starter)
        case .executionStop: request.owner == request.identity.user ? .starter : .admin
        case .actionList, .actionView, .aliasList, .aliasView, .executionList, .executionView, .runnerList,
            .runnerView, .packList, .packView, .executionReRun, .executionFilters:
            .operator
        case .streamView, .serviceList, .apiKeyList, .apiKeyCreate: .operator
        case .apiKeyView, .apiKeyModify, .apiKeyDelete: request.owner == request.identity.user ? .operator : .admin
        case .actionExecute, .auditList, .roomUse, .roomImpersonate: .admin
        }
    }

    private func article(_ role: Role) -> String { role == .none ? "no role" : "the role \(role.rawValue)" }
}
