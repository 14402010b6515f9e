public import PetrelCore

/// What names and grants of role files must keep to; whoever reads such files asks here.
public enum RoleRules {
    private static let maxNameBytes = 255

    /// Refuses a name that no role of this installation may have.
    public static func checkRoleName(_ name: String) throws(CoreError) {
        try checkName(name, "a role's name")
        let lowered = name.lowercased()
        guard SystemRole(rawValue: lowered) == nil, Role(rawValue: lowered) == nil else {
            throw CoreError(
                .invalidInput, "'\(name)' is the name of a system role, which can't be defined",
                hint: "Choose another name")
        }
    }

    /// Refuses a name that can't be a user's, or that looks like another one's.
    public static func checkUserName(_ name: String) throws(CoreError) { try checkName(name, "a user's name") }

    /// Refuses a name that can't be a group's, or that looks like another one's.
    public static func checkGroupName(_ name: String) throws(CoreError) { try checkName(name, "a group's name") }

    /// Refuses a grant that could give nothing, or that no role may give.
    public static func checkGrant(permissionType: String, resourceUID: String?) throws(CoreError) {
        _ = try RoleGrant(permissionTypes: [permissionType], resourceUID: resourceUID)
    }

    /// Refuses a uid that no resource can have.
    public static func checkResource(_ uid: String) throws(CoreError) { _ = try ResourceUID(uid) }

    /// Whether a name is that of a system role, which can be assigned without being defined.
    public static func isSystemRole(_ name: String) -> Bool {
        SystemRole.allCases.contains { $0.rawValue.hasSameBytes(as: name) }
    }

    static func permission(_ name: String, on resource: ResourceUID?) throws(CoreError) -> Permission {
        guard name.utf8.allSatisfy({ $0 < 0x80 }), let permission = Permission(rawValue: name) else {
            throw CoreError(
                .invalidInput, "'\(name)' is no permission type",
                hint: "There are no wildcards; \(choices(on: resource))")
        }
        guard permission.row.granting != .nowhere else {
            throw CoreError(
                .invalidInput, "\(name) can't be granted by a role", hint: "Assign the role admin to who needs it")
        }
        let allowed = resource?.type.permissions ?? PermissionTable.global
        guard allowed.contains(permission) else {
            let place = resource.map { "on \($0)" } ?? "without a resource_uid"
            throw CoreError(
                .invalidInput, "\(name) can't be granted \(place)",
                hint: resource == nil && permission.row.granting == .resource
                    ? "Add a resource_uid" : choices(on: resource))
        }
        return permission
    }

    private static func choices(on resource: ResourceUID?) -> String {
        guard let resource else {
            return "without a resource_uid: " + PermissionTable.global.map(\.rawValue).joined(separator: ", ")
        }
        return "on \(resource.type.rawValue): " + resource.type.permissions.map(\.rawValue).joined(separator: ", ")
    }

    /// Letters that pass for others are the classic way to be taken for somebody else, so few are let in.
    private static func checkName(_ name: String, _ what: String) throws(CoreError) {
        guard !name.isEmpty else { throw CoreError(.invalidInput, "\(what) is empty", hint: "Give a name") }
        guard name.utf8.count <= maxNameBytes else {
            throw CoreError(.invalidInput, "\(what) has more than \(maxNameBytes) bytes", hint: "Shorten it")
        }
        guard let odd = name.unicodeScalars.first(where: { !isPlain($0) }) else {
            guard name.utf8.first != 0x20, name.utf8.last != 0x20 else {
                throw CoreError(.invalidInput, "'\(name)' begins or ends with a blank", hint: "Remove it")
            }
            guard !name.utf8.contains(where: { "*?".utf8.contains($0) }) else {
                throw CoreError(
                    .invalidInput, "'\(name)' has a wildcard; \(what) stands for itself only",
                    hint: "Write one file for each")
            }
            return
        }
        let digits = String(odd.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        throw CoreError(
            .invalidInput, "\(what) has the character \(code), which can pass for another",
            hint: "Use ASCII or Latin letters with accents, each as one character")
    }

    /// ASCII without control characters, and the letters of Latin-1 and Latin Extended-A that look like no other.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: true
        case 0xD7, 0xF7, 0x130...0x133, 0x138, 0x13F, 0x140, 0x149, 0x17F: false
        case 0xC0...0x17F: true
        default: false
        }
    }
}
