public import PetrelCore

// The shapes of StackStorm's routes under /rbac.

extension PermissionTable {
    static let document: ValueObject = {
        var document: ValueObject = [:]
        for type in ResourceType.allCases where type != .triggerType {
            let permissions = type.permissions.map { ($0.rawValue, Value.string($0.summary)) }
            if !permissions.isEmpty {
                document[type.rawValue] = .object(ValueObject(uniqueKeysWithValues: permissions))
            }
        }
        return document
    }()
}

extension RoleBook {
    /// All permission types by the resource types on which they can be granted, with what each allows.
    public static var permissionTypesDocument: ValueObject { PermissionTable.document }

    /// The permission types that can be granted on one type of resource; nil if there is no such type.
    public static func permissionTypesDocument(of resourceType: String) -> ValueObject? {
        PermissionTable.document[resourceType]?.object
    }

    /// All roles as the API shows them, the system's first.
    ///
    /// Ids are made from names, so that they stay when a file is read again.
    public func roleDocuments(digest: any Digest) -> [ValueObject] {
        SystemRole.allCases.map { $0.apiDocument(digest: digest) } + roles.map { $0.apiDocument(digest: digest) }
    }

    /// Who has which role, as the API shows it: by assignment, then by group.
    public func assignmentDocuments(digest: any Digest) -> [ValueObject] {
        let local = assignments.flatMap { assignment in
            assignment.roles.map { role in
                Self.document(
                    user: assignment.user, role: role, source: assignment.source, summary: assignment.summary,
                    isRemote: false, digest)
            }
        }
        let remote = remoteAssignments().map { user, role, mapping in
            Self.document(
                user: user, role: role, source: mapping.source, summary: "By membership in the group \(mapping.group)",
                isRemote: true, digest)
        }
        return local + remote
    }

    private static func document(
        user: String, role: String, source: String, summary: String?, isRemote: Bool, _ digest: any Digest
    ) -> ValueObject {
        var shown: ValueObject = [
            "id": .string(id("assignment", [user, role, source], digest)), "user": .string(user),
            "role": .string(role), "source": .string(source),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["is_remote"] = .bool(isRemote)
        return shown
    }

    fileprivate static func id(_ kind: String, _ parts: [String], _ digest: any Digest) -> String {
        // The length of each part keeps parts apart that hold the separator.
        let text = kind + parts.map { ":\($0.utf8.count):\($0)" }.joined()
        return String(digest.sha256(Array(text.utf8)).prefix(24))
    }
}

extension SystemRole {
    fileprivate func apiDocument(digest: any Digest) -> ValueObject {
        [
            "id": .string(RoleBook.id("role", [rawValue], digest)), "name": .string(rawValue),
            "description": .string(summary), "permission_grant_ids": [], "permission_grant_objects": [],
            "system": true,
        ]
    }
}

extension RoleDefinition {
    fileprivate func apiDocument(digest: any Digest) -> ValueObject {
        let shownGrants = grants.enumerated().map { index, grant in
            grant.apiDocument(id: RoleBook.id("grant", [name, String(index)], digest))
        }
        var shown: ValueObject = ["id": .string(RoleBook.id("role", [name], digest)), "name": .string(name)]
        if let summary { shown["description"] = .string(summary) }
        shown["permission_grant_ids"] = .array(shownGrants.compactMap { $0["id"] })
        shown["permission_grant_objects"] = .array(shownGrants.map(Value.object))
        shown["system"] = false
        return shown
    }
}

extension RoleGrant {
    fileprivate func apiDocument(id: String) -> ValueObject {
        var shown: ValueObject = ["id": .string(id)]
        if let resource {
            shown["resource_uid"] = .string(resource.description)
            shown["resource_type"] = .string(resource.type.rawValue)
        }
        shown["permission_types"] = .array(permissions.map { .string($0.rawValue) })
        return shown
    }
}
