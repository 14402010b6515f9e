import FoundationEssentials
public import PetrelCore
import PetrelSystem

/// Reads the files that say who may do what: `roles/`, `assignments/` and `mappings/` below one folder, as StackStorm
/// lays them out.
///
/// A file that is wrong gives nothing, and neither does the version of it that was good before: what an administrator
/// meant to take away must not stay because of a slip. The others stand.
public struct RoleFiles: Sendable {
    /// What names and grants must keep to; the engine knows it.
    public struct Rules: Sendable {
        /// Refuses a name with the reason.
        public typealias Check = @Sendable (String) throws(CoreError) -> Void
        /// Refuses names that no role may have.
        public var checkRoleName: Check
        /// Refuses names that no user may have.
        public var checkUserName: Check
        /// Refuses names that no group may have.
        public var checkGroupName: Check
        /// Refuses uids that no resource can have.
        public var checkResource: Check
        /// Refuses a permission type that can't be granted on a resource, or for the whole service.
        public var checkGrant: @Sendable (_ permissionType: String, _ resourceUID: String?) throws(CoreError) -> Void
        /// Whether a role exists without being defined.
        public var isSystemRole: @Sendable (String) -> Bool

        /// The rules.
        public init(
            checkRoleName: @escaping Check, checkUserName: @escaping Check, checkGroupName: @escaping Check,
            checkResource: @escaping Check,
            checkGrant:
                @escaping @Sendable (_ permissionType: String, _ resourceUID: String?) throws(CoreError) -> Void,
            isSystemRole: @escaping @Sendable (String) -> Bool
        ) {
            self.checkRoleName = checkRoleName
            self.checkUserName = checkUserName
            self.checkGroupName = checkGroupName
            self.checkResource = checkResource
            self.checkGrant = checkGrant
            self.isSystemRole = isSystemRole
        }
    }

    /// A role as its file defines it.
    public struct Role: Sendable, Hashable {
        /// The role's name.
        public var name: String
        /// The role's `description`.
        public var summary: String?
        /// What it grants, each on a resource or, with nil, for the whole service.
        public var grants: [Grant]
    }

    /// One of a role's `permission_grants`.
    public struct Grant: Sendable, Hashable {
        /// The `resource_uid`; nil: the whole service.
        public var resourceUID: String?
        /// The `permission_types`.
        public var permissionTypes: [String]
    }

    /// Roles for a user or a group, as a file gives them.
    public struct Holder: Sendable, Hashable {
        /// The user or the group.
        public var name: String
        /// The file's `description`.
        public var summary: String?
        /// The roles; each of them exists.
        public var roles: [String]
        /// The file below the folder, such as `assignments/ann.yaml`.
        public var source: String
    }

    /// All that the files give, and what is wrong with them.
    public struct Content: Sendable {
        /// Enabled roles, by file name.
        public var roles: [Role] = []
        /// Enabled assignments of roles to users, by file name.
        public var assignments: [Holder] = []
        /// Enabled mappings of groups to roles, by file name.
        public var mappings: [Holder] = []
        /// Errors and warnings, each with its place.
        public var problems: [PackError] = []
    }

    private static let maxFiles = 10_000

    private let folder: String
    private let rules: Rules

    /// Files below a folder, which need not exist.
    public init(folder: String, rules: Rules) {
        self.folder = folder
        self.rules = rules
    }

    /// Reads all files.
    public func read() -> Content {
        var reading = Reading(folder: folder, rules: rules, maxFiles: Self.maxFiles)
        reading.roles()
        reading.holders("assignments", "username", rules.checkUserName, into: \.assignments)
        reading.holders("mappings", "group", rules.checkGroupName, into: \.mappings)
        return reading.content
    }
}

/// One pass over the files.
private struct Reading {
    let folder: String
    let rules: RoleFiles.Rules
    let maxFiles: Int
    var content = RoleFiles.Content()
    /// Roles that are defined, whether enabled or not; by bytes, as names are compared wherever access is decided.
    private var isEnabled: [[UInt8]: Bool] = [:]

    init(folder: String, rules: RoleFiles.Rules, maxFiles: Int) {
        self.folder = folder
        self.rules = rules
        self.maxFiles = maxFiles
    }

    // MARK: - Roles

    mutating func roles() {
        var taken = TakenNames()
        for name in files("roles") {
            read("roles/" + name) { reading, metadata throws(PackError) in
                let role = try reading.role(metadata, &taken)
                if let role { reading.content.roles.append(role) }
            }
        }
    }

    /// The role of a file; nil if it is disabled.
    private mutating func role(_ metadata: Metadata, _ taken: inout TakenNames) throws(PackError) -> RoleFiles.Role? {
        try metadata.allowOnly(["name", "description", "enabled", "permission_grants"])
        let name = try metadata.name("name", rules.checkRoleName)
        guard try metadata.truth("enabled", default: true) else {
            if isEnabled[Array(name.utf8)] == nil { isEnabled[Array(name.utf8)] = false }
            return nil
        }
        try taken.take(name, "name", metadata)
        let path = ["permission_grants"]
        var grants: [RoleFiles.Grant] = []
        for (index, entry) in try metadata.list(metadata.members["permission_grants"], path).enumerated() {
            grants.append(try grant(entry, path + [String(index)], metadata))
        }
        let summary = try metadata.optionalText("description")
        isEnabled[Array(name.utf8)] = true
        return RoleFiles.Role(name: name, summary: summary, grants: grants)
    }

    private func grant(_ entry: Value, _ path: [String], _ metadata: Metadata) throws(PackError) -> RoleFiles.Grant {
        guard let object = entry.object else {
            throw metadata.problem(path, "a grant must hold keys and values, not \(entry.typeName)")
        }
        try metadata.allowOnly(["resource_uid", "permission_types"], at: path, in: object)
        let uid = try uid(object["resource_uid"], path + ["resource_uid"], metadata)
        let path = path + ["permission_types"]
        let types = try metadata.texts(object["permission_types"], path)
        for (index, type) in types.enumerated() {
            try metadata.check(path + [String(index)]) { () throws(CoreError) in try rules.checkGrant(type, uid) }
        }
        return RoleFiles.Grant(resourceUID: uid, permissionTypes: types)
    }

    private func uid(_ value: Value?, _ path: [String], _ metadata: Metadata) throws(PackError) -> String? {
        guard let value else { return nil }
        // Empty, it would silently grant for the whole service.
        guard let text = value.string, !text.isEmpty else {
            let what = value.isNull || value.string != nil ? "empty" : value.typeName
            throw metadata.problem(
                path, "'resource_uid' must be text, not \(what)",
                hint: "Leave the key out to grant for the whole service")
        }
        try metadata.check(path) { () throws(CoreError) in try rules.checkResource(text) }
        return text
    }

    // MARK: - Assignments and mappings

    mutating func holders(
        _ kind: String, _ key: String, _ check: @escaping RoleFiles.Rules.Check,
        into list: WritableKeyPath<RoleFiles.Content, [RoleFiles.Holder]>
    ) {
        var taken = TakenNames()
        for name in files(kind) {
            read(kind + "/" + name) { reading, metadata throws(PackError) in
                try metadata.allowOnly([key, "description", "enabled", "roles", "file_path"])
                let holder = try metadata.name(key, check)
                guard try metadata.truth("enabled", default: true) else { return }
                try taken.take(holder, key, metadata)
                let found = RoleFiles.Holder(
                    name: holder, summary: try metadata.optionalText("description"),
                    roles: try reading.existingRoles(metadata), source: kind + "/" + name)
                reading.content[keyPath: list].append(found)
            }
        }
    }

    /// The roles that a file gives and that exist; the others go to the problems.
    private mutating func existingRoles(_ metadata: Metadata) throws(PackError) -> [String] {
        guard metadata.members["roles"] != nil else {
            throw metadata.problem([], "'roles' is a required property", hint: "Add a line \"roles: [ROLE]\"")
        }
        var roles: [String] = []
        for (index, role) in try metadata.texts(metadata.members["roles"], ["roles"]).enumerated() {
            let state = rules.isSystemRole(role) ? true : isEnabled[Array(role.utf8)]
            if state == true {
                roles.append(role)
            } else {
                content.problems.append(metadata.missing(role, at: ["roles", String(index)], isDisabled: state != nil))
            }
        }
        return roles
    }

    // MARK: - Files

    /// The names of a folder's files, in the order in which they count.
    private mutating func files(_ kind: String) -> [String] {
        let path = folder + "/" + kind
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .filter { !$0.hasPrefix(".") }
        for name in names where name.hasSuffix(".yml") {
            content.problems.append(
                PackError(
                    .warning, "\(path)/\(name) is not read", hint: "Its name must end in .yaml",
                    location: Location(file: path + "/" + name)))
        }
        let files = names.filter { $0.hasSuffix(".yaml") }
        if files.count > maxFiles {
            content.problems.append(
                PackError(
                    .unreadable, "\(path) holds \(files.count) files; the first \(maxFiles) are read",
                    hint: "Put people into groups and map those", location: Location(file: path)))
        }
        return Array(files.prefix(maxFiles))
    }

    /// Reads one file and takes it; what is wrong with it goes to the problems.
    private mutating func read(
        _ name: String, _ take: (inout Reading, Metadata) throws(PackError) -> Void
    ) {
        let path = folder + "/" + name
        do throws(PackError) {
            let metadata = try Metadata(try bytes(of: path), file: path)
            // Of two equal keys the last would count, whichever the author believes in.
            if let repeated = metadata.warnings.first {
                throw PackError(.badYAML, repeated.message, hint: repeated.hint, location: repeated.location)
            }
            try take(&self, metadata)
        } catch { content.problems.append(error) }
    }

    /// A file's bytes, bounded; a link may not lead out of the folder.
    private mutating func bytes(of path: String) throws(PackError) -> [UInt8] {
        let place = Location(file: path)
        guard let real = realPath(path), let root = realPath(folder), real.hasPrefix(root + "/") else {
            throw PackError(
                .unreadable, "\(path) leads out of \(folder), or to nothing", hint: "Put the file itself there",
                location: place)
        }
        let most = Limits.contentFile.maxBytes
        guard isRegularFile(real), let bytes = readFile(real, limit: most + 1) else {
            throw PackError(
                .unreadable, "\(path) can't be read", hint: "Check its owner and rights", location: place)
        }
        guard bytes.count <= most else {
            throw PackError(.unreadable, "\(path) has more than \(most) bytes", hint: "Split it", location: place)
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: real)
        if let rights = attributes?[.posixPermissions] as? Int, rights & 0o002 != 0 {
            content.problems.append(
                PackError(
                    .warning, "every account of this machine may change \(path), and so give itself any role",
                    hint: "chmod o-w \(path)", location: place))
        }
        return bytes
    }
}

/// Names that files of one kind have used.
private struct TakenNames {
    private var nameByFolded: [String: String] = [:]

    /// Refuses a name that another file has, in whichever capitals.
    mutating func take(_ name: String, _ key: String, _ metadata: Metadata) throws(PackError) {
        let folded = name.lowercased()
        guard let other = nameByFolded[folded] else {
            nameByFolded[folded] = name
            return
        }
        guard other != name else {
            var error = metadata.problem(
                [key], "\(key) \"\(name)\" stands in another file already, which is used", hint: "Join the two")
            error.code = .duplicate
            throw error
        }
        throw metadata.problem(
            [key], "\(key) \"\(name)\" differs from \"\(other)\" in another file by capitals only",
            hint: "Names must fit exactly: keep the one that people log in with")
    }
}

extension Metadata {
    /// The text of a key, which nothing but text can give: YAML makes a truth of `yes` and a number of `012`.
    fileprivate func name(_ key: String, _ check: RoleFiles.Rules.Check) throws(PackError) -> String {
        guard let value = members[key] else {
            throw problem([], "'\(key)' is a required property", hint: "Add a line \"\(key): …\"")
        }
        guard let name = value.string else {
            throw problem([key], "'\(key)' must be text, not \(value.typeName)", hint: "Put it in quotes")
        }
        try self.check([key]) { () throws(CoreError) in try check(name) }
        return name
    }

    fileprivate func list(_ value: Value?, _ path: [String]) throws(PackError) -> [Value] {
        switch value {
        case nil: return []
        case .array(let items): return items
        case .some(let other):
            let name = path.last { Int($0) == nil } ?? ""
            throw problem(path, "'\(name)' must be a list, not \(other.typeName)", hint: "Write \(name): [ONE, TWO]")
        }
    }

    /// A list of texts, none of them twice.
    fileprivate func texts(_ value: Value?, _ path: [String]) throws(PackError) -> [String] {
        var texts: [String] = []
        for (index, item) in try list(value, path).enumerated() {
            let place = path + [String(index)]
            guard let text = item.string else {
                throw problem(place, "\(item.pythonText) must be text, not \(item.typeName)", hint: "Put it in quotes")
            }
            guard !texts.contains(text) else { throw problem(place, "'\(text)' is listed twice", hint: "Remove one") }
            texts.append(text)
        }
        return texts
    }

    /// An engine's objection, with its place in the file.
    fileprivate func check(_ path: [String], _ body: () throws(CoreError) -> Void) throws(PackError) {
        do throws(CoreError) { try body() } catch { throw problem(path, error.message, hint: error.hint) }
    }

    fileprivate func missing(_ role: String, at path: [String], isDisabled: Bool) -> PackError {
        guard isDisabled else {
            return problem(
                path, "there is no role '\(role)'; it is not given",
                hint: "Correct the name, or define the role in roles/\(role).yaml")
        }
        var warning = problem(path, "the role '\(role)' is disabled; it is not given")
        warning.code = .warning
        return warning
    }
}
