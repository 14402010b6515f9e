import PetrelCore
import Synchronization

/// All roles and who has them, at one moment.
public struct RoleBook: Sendable, Hashable {
    /// What one user holds beside the level that their identity comes with.
    struct Holding: Sendable, Hashable {
        /// The highest level among the system roles.
        var level = Role.none
        var isObserver = false
        /// System roles and roles of the installation, as assigned.
        var names: [String] = []
        /// Those of the installation.
        var custom: [ExactName] = []

        mutating func add(_ name: String) {
            guard !names.contains(where: { $0.hasSameBytes(as: name) }) else { return }
            names.append(name)
            guard let system = SystemRole(rawValue: name) else { return custom.append(ExactName(name)) }
            if let level = system.level { self.level = max(self.level, level) } else { isObserver = true }
        }
    }

    /// The roles of this installation, by name.
    public let roles: [RoleDefinition]
    /// What users were given, by user.
    public let assignments: [RoleAssignment]
    /// What groups give, by group.
    public let mappings: [RoleMapping]
    private let coverage: [ExactName: RoleCoverage]
    private let held: [ExactName: Holding]
    private let mapped: [ExactName: RoleMapping]
    private var groupsByUser: [ExactName: [String]] = [:]

    /// A book of definitions; what is not right in it gives nothing.
    ///
    /// Left out are roles whose name is refused or taken, users and groups whose name is refused, and roles that don't
    /// exist. Whoever reads the definitions tells of it; see ``RoleRules``.
    public init(roles: [RoleDefinition] = [], assignments: [RoleAssignment] = [], mappings: [RoleMapping] = []) {
        let kept = Self.kept(roles, name: \.name, check: RoleRules.checkRoleName)
        let coverage = Dictionary(
            kept.map { (ExactName($0.name), RoleCoverage($0.grants)) }, uniquingKeysWith: { first, _ in first })
        let exists = { (name: String) in RoleRules.isSystemRole(name) || coverage[ExactName(name)] != nil }
        let given = assignments.filter { Self.isFine($0.user, RoleRules.checkUserName) }.map { assignment in
            RoleAssignment(
                user: assignment.user, roles: assignment.roles.filter(exists), summary: assignment.summary,
                source: assignment.source)
        }
        let groups = Self.kept(mappings, name: \.group, check: RoleRules.checkGroupName).map { mapping in
            RoleMapping(group: mapping.group, roles: mapping.roles.filter(exists), source: mapping.source)
        }
        var held: [ExactName: Holding] = [:]
        for assignment in given {
            for role in assignment.roles { held[ExactName(assignment.user), default: Holding()].add(role) }
        }
        self.roles = kept.sorted { $0.name < $1.name }
        self.assignments = given.sorted { $0.user < $1.user }
        self.mappings = groups.sorted { $0.group < $1.group }
        self.coverage = coverage
        self.held = held
        mapped = Dictionary(groups.map { (ExactName($0.group), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The groups of users, as their log-in told them.
    public var groups: [(user: String, groups: [String])] {
        groupsByUser.map { ($0.key.text, $0.value) }.sorted { $0.user < $1.user }
    }

    /// Notes the groups of a user, instead of those noted before.
    ///
    /// The first thousand count. A user whose name is refused gets nothing from groups.
    public mutating func setGroups(_ groups: some Sequence<String>, of user: String) {
        guard Self.isFine(user, RoleRules.checkUserName) else { return }
        let kept = Array(groups.prefix(1000))
        groupsByUser[ExactName(user)] = kept.isEmpty ? nil : kept
    }

    /// The same definitions' successor: other definitions, the same groups.
    func replacingDefinitions(with other: RoleBook) -> RoleBook {
        var next = other
        next.groupsByUser = groupsByUser
        return next
    }

    /// What a user was given, by assignment and by their groups.
    func holding(of user: String) -> Holding {
        let name = ExactName(user)
        var holding = held[name] ?? Holding()
        for mapping in remoteMappings(of: name) { for role in mapping.roles { holding.add(role) } }
        return holding
    }

    /// The first of a user's roles that covers a permission, and on what.
    func grant(of permission: Permission, on uid: ResourceUID?, in holding: Holding) -> (role: String, place: String)? {
        for name in holding.custom {
            if let place = coverage[name]?.place(of: permission, on: uid) { return (name.text, place) }
        }
        return nil
    }

    /// The roles of this installation that would give a permission.
    func givers(of permission: Permission, on uid: ResourceUID?) -> [String] {
        roles.map(\.name).filter { coverage[ExactName($0)]?.place(of: permission, on: uid) != nil }
    }

    /// Assignments that follow from groups, for the API.
    func remoteAssignments() -> [(user: String, role: String, mapping: RoleMapping)] {
        groupsByUser.keys.sorted { $0.text < $1.text }.flatMap { user in
            remoteMappings(of: user).flatMap { mapping in mapping.roles.map { (user.text, $0, mapping) } }
        }
    }

    private func remoteMappings(of user: ExactName) -> [RoleMapping] {
        groupsByUser[user]?.compactMap { mapped[ExactName($0)] } ?? []
    }

    private static func isFine(_ name: String, _ check: (String) throws(CoreError) -> Void) -> Bool {
        do throws(CoreError) { try check(name) } catch { return false }
        return true
    }

    /// Those whose name is fine, the first of each name.
    private static func kept<Item>(
        _ items: [Item], name: (Item) -> String, check: (String) throws(CoreError) -> Void
    ) -> [Item] {
        var names: Set<ExactName> = []
        return items.filter { isFine(name($0), check) && names.insert(ExactName(name($0))).inserted }
    }
}

/// The role book that is in force, replaced as a whole when the definitions change.
public final class LiveRoleBook: Sendable {
    private let book: Mutex<RoleBook>

    /// A live book that begins with some definitions.
    public init(_ book: RoleBook = RoleBook()) { self.book = Mutex(book) }

    /// The book of this moment.
    public var current: RoleBook { book.withLock { $0 } }

    /// Puts other definitions in force; the groups of users stay.
    public func replace(with definitions: RoleBook) {
        book.withLock { $0 = $0.replacingDefinitions(with: definitions) }
    }

    /// Notes the groups of a user, as a log-in back-end tells them.
    public func setGroups(_ groups: some Sequence<String>, of user: String) {
        book.withLock { $0.setGroups(groups, of: user) }
    }
}
