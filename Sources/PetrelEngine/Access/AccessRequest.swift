public import PetrelCore

/// One question to the decision function.
public struct AccessRequest: Sendable, Hashable {
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
    /// The resource, for the grants of roles; without it only what is granted for the whole service counts.
    public var resourceUID: ResourceUID?
    /// The most that the asker may be: set for the token of a running action.
    ///
    /// Above it neither their own level nor an assigned system role counts; roles of the installation stay.
    public var ceiling: Role?
    /// Where in chat it is asked; the chat policy is looked at only then.
    public var place: ChatPlace?

    /// A question.
    public init(
        _ identity: Identity, _ permission: Permission, on resource: String = "", leastRole: Role? = nil,
        owner: String? = nil, uid: ResourceUID? = nil, ceiling: Role? = nil, place: ChatPlace? = nil
    ) {
        self.identity = identity
        self.permission = permission
        self.resource = resource
        self.leastRole = leastRole
        self.owner = owner
        resourceUID = uid
        self.ceiling = ceiling ?? identity.ceiling
        self.place = place
    }

    /// What the reason calls the thing.
    var subject: String { resource.isEmpty ? resourceUID?.description ?? permission.rawValue : resource }

    /// The level that the asker brings along, as far as it counts here.
    var ownRole: Role { ceiling.map { min($0, identity.role) } ?? identity.role }

    /// The least role that suffices without a grant; never none.
    var neededLevel: Role {
        if resourceUID?.holder != nil { return .admin }
        let level =
            switch permission {
            case .aliasExecute: leastRole ?? .operator
            default: max(permission.leastRole, leastRole ?? .none)
            }
        return max(level, .starter)
    }

    /// The least level at which it needs no permission because it is the asker's own: their execution, datastore key or
    /// API key; nil if it isn't.
    var ownLevel: Role? {
        guard !identity.user.isEmpty else { return nil }
        switch permission {
        case .executionView, .executionStop, .apiKeyView, .apiKeyDelete: return isUser(owner) ? .starter : nil
        // Changing a key is also to switch on again what an administrator switched off.
        case .apiKeyModify: return isUser(owner) ? .operator : nil
        case .keyList where resourceUID == nil: return .starter
        // The owner of a system key is whoever runs an action of the pack that the key's name begins with.
        case .keyList, .keyView, .keySet, .keyDelete, .keyAll:
            let isOwned = resourceUID?.type == .key && isUser(owner)
            return isOwned || isUser(resourceUID?.holder) ? .starter : nil
        default: return nil
        }
    }

    private func isUser(_ name: String?) -> Bool { name?.hasSameBytes(as: identity.user) ?? false }
}
