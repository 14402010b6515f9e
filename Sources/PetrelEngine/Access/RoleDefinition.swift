public import PetrelCore

/// One entry of a role: permissions, on one resource or for the whole service.
public struct RoleGrant: Sendable, Hashable {
    /// What is granted, in the order of the file.
    public let permissions: [Permission]
    /// On what; nil for the whole service.
    public let resource: ResourceUID?

    /// A grant as a role file writes it.
    /// - Throws: `invalidInput` if one of the permissions does not exist or cannot be granted there.
    public init(permissionTypes: [String], resourceUID: String?) throws(CoreError) {
        resource = if let resourceUID { try ResourceUID(resourceUID) } else { nil }
        var permissions: [Permission] = []
        for name in permissionTypes {
            permissions.append(try RoleRules.permission(name, on: resource))
        }
        self.permissions = permissions
    }
}

/// A role that people of this installation made up.
public struct RoleDefinition: Sendable, Hashable {
    /// The name by which it is assigned.
    public let name: String
    /// The file's `description`.
    public let summary: String?
    /// What it grants; the sum of all counts.
    public let grants: [RoleGrant]

    /// A role from its parts.
    public init(name: String, summary: String? = nil, grants: [RoleGrant]) {
        self.name = name
        self.summary = summary
        self.grants = grants
    }
}

/// Roles that are given to a user.
public struct RoleAssignment: Sendable, Hashable {
    /// The user's name, which must be equal byte by byte.
    public let user: String
    /// Names of system roles and of roles of this installation.
    public let roles: [String]
    /// The file's `description`.
    public let summary: String?
    /// Where it is written, such as `assignments/ann.yaml`.
    public let source: String

    /// An assignment from its parts.
    public init(user: String, roles: [String], summary: String? = nil, source: String) {
        self.user = user
        self.roles = roles
        self.summary = summary
        self.source = source
    }
}

/// Roles that are given to whoever belongs to a group of a log-in back-end.
public struct RoleMapping: Sendable, Hashable {
    /// The group's name as the back-end tells it, which must be equal byte by byte.
    public let group: String
    /// Names of system roles and of roles of this installation.
    public let roles: [String]
    /// Where it is written, such as `mappings/admins.yaml`.
    public let source: String

    /// A mapping from its parts.
    public init(group: String, roles: [String], source: String) {
        self.group = group
        self.roles = roles
        self.source = source
    }
}
