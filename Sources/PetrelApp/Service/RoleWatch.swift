import FoundationEssentials
import Logging
import PetrelCore
import PetrelEngine
import PetrelPacks
import PetrelSystem
import Synchronization

/// Reads the files of roles, assignments and group mappings, again whenever they change.
///
/// A file that is wrong drops out, with a line in the log: it grants nothing until it is mended.
final class RoleWatch: Sendable {
    private let folder: String
    private let book: LiveRoleBook
    private let logger: Logger
    private let told = Mutex<Set<String>>([])

    init(folder: String, book: LiveRoleBook, logger: Logger) {
        self.folder = folder
        self.book = book
        self.logger = logger
    }

    /// Reads everything once.
    func load() {
        let content = RoleFiles(folder: folder, rules: .engine).read()
        tell(content.problems.map(\.description))
        do throws(CoreError) {
            book.replace(with: try RoleBook(content))
        } catch {
            logger.error("roles are as they were: \(error.message)")
        }
    }

    /// Reads after each burst of changes, until the task is cancelled.
    func run() async {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for await _ in FolderWatch(folders: [folder]).changes { load() }
    }

    private func tell(_ problems: [String]) {
        let fresh = told.withLock { told in
            let fresh = problems.filter { !told.contains($0) }
            told = Set(problems)
            return fresh
        }
        for problem in fresh { logger.error("\(problem)") }
    }
}

extension RoleFiles.Rules {
    /// The engine's rules of names, resources and permissions.
    static let engine = RoleFiles.Rules(
        checkRoleName: { name throws(CoreError) in try RoleRules.checkRoleName(name) },
        checkUserName: { name throws(CoreError) in try RoleRules.checkUserName(name) },
        checkGroupName: { name throws(CoreError) in try RoleRules.checkGroupName(name) },
        checkResource: { uid throws(CoreError) in try RoleRules.checkResource(uid) },
        checkGrant: { type, uid throws(CoreError) in
            try RoleRules.checkGrant(permissionType: type, resourceUID: uid)
        },
        isSystemRole: { RoleRules.isSystemRole($0) })
}

extension RoleBook {
    /// The book of what the files hold.
    init(_ content: RoleFiles.Content) throws(CoreError) {
        var roles: [RoleDefinition] = []
        for role in content.roles {
            var grants: [RoleGrant] = []
            for grant in role.grants {
                grants.append(try RoleGrant(permissionTypes: grant.permissionTypes, resourceUID: grant.resourceUID))
            }
            roles.append(RoleDefinition(name: role.name, summary: role.summary, grants: grants))
        }
        self.init(
            roles: roles,
            assignments: content.assignments.map {
                RoleAssignment(user: $0.name, roles: $0.roles, summary: $0.summary, source: $0.source)
            },
            mappings: content.mappings.map { RoleMapping(group: $0.name, roles: $0.roles, source: $0.source) })
    }
}
