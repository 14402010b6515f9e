import Foundation
import PetrelCore
import PetrelEngine
import PetrelPacks
import Testing

extension RoleFiles.Rules {
    /// The engine's rules, as the service gives them.
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
    /// The book of what files hold, as the service makes it.
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

@Suite("Role files")
struct RoleFilesTests {
    /// A folder of its own for each test, gone with it.
    private final class Folder {
        let path: String

        init(_ files: [String: String]) throws {
            path = NSTemporaryDirectory() + "petrel-roles-" + UUID().uuidString
            for kind in ["roles", "assignments", "mappings"] {
                try FileManager.default.createDirectory(atPath: path + "/" + kind, withIntermediateDirectories: true)
            }
            for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name)) }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func read() -> RoleFiles.Content { RoleFiles(folder: path, rules: .engine).read() }
    }

    private static let deployer = """
        ---
        name: deployer
        description: "Deploys the shop"
        enabled: true
        permission_grants:
          - resource_uid: pack:web
            permission_types: [action_execute, action_view]
          - permission_types:
              - action_list
        """

    @Test("files in StackStorm's format give roles to users and groups")
    func reads() throws {
        let folder = try Folder([
            "roles/deployer.yaml": Self.deployer,
            "assignments/ann.yaml": "username: ann\ndescription: on call\nroles: [deployer, observer]\n",
            "mappings/ops.yaml": "group: \"cn=ops,dc=example\"\nroles:\n  - admin\n",
        ])
        let content = folder.read()
        #expect(content.problems.isEmpty)
        #expect(content.roles.first?.grants.map(\.resourceUID) == ["pack:web", nil])
        #expect(content.assignments.first?.source == "assignments/ann.yaml")
        #expect(content.mappings.first?.name == "cn=ops,dc=example")
        var book = try RoleBook(content)
        book.setGroups(["cn=ops,dc=example"], of: "bob")
        let access = Access(book: LiveRoleBook(book))
        let deploy = ResourceUID.action(ContentRef(pack: "web", name: "deploy"))
        let ann = Identity(user: "ann", role: .none)
        #expect(access.decide(AccessRequest(ann, .actionExecute, uid: deploy)).role == "deployer")
        #expect(access.decide(AccessRequest(ann, .ruleList)).role == "observer")
        #expect(!access.decide(AccessRequest(ann, .actionModify, uid: deploy)).isAllowed)
        #expect(access.isAdministrator(Identity(user: "bob", role: .none)))
    }

    @Test("what is disabled gives nothing")
    func disabled() throws {
        let folder = try Folder([
            "roles/old.yaml": "name: old\nenabled: no\npermission_grants: [{permission_types: [pack_install]}]\n",
            "assignments/ann.yaml": "username: ann\nroles: [old, starter]\n",
            "assignments/bob.yaml": "username: bob\nenabled: false\nroles: [admin]\n",
            "mappings/ops.yaml": "group: ops\nenabled: False\nroles: [admin]\n",
        ])
        let content = folder.read()
        #expect(content.roles.isEmpty && content.mappings.isEmpty)
        #expect(content.assignments.map(\.roles) == [["starter"]])
        #expect(content.problems.map(\.code) == [.warning])
        #expect(content.problems[0].message.contains("'old' is disabled"))
    }

    @Test("no folder and no files are no roles, and no error")
    func nothing() throws {
        let content = RoleFiles(folder: "/nonexistent/rbac", rules: .engine).read()
        #expect(content.roles.isEmpty && content.problems.isEmpty)
    }

    @Test(
        "a wrong role file gives nothing and is told with line and reason",
        arguments: [
            ("", 1, "must hold keys and values"),
            ("- name: x\n", 1, "must hold keys and values"),
            ("permission_grants: []\n", nil, "'name' is a required property"),
            ("name:\n", 1, "'name' must be text, not null"),
            ("name: \"\"\n", 1, "is empty"),
            ("name: yes\n", 1, "must be text, not boolean"),
            ("name: 012\n", 1, "must be text, not integer"),
            ("name: admin\n", 1, "system role"),
            ("name: Observer\n", 1, "system role"),
            ("name: \"\u{430}dmin\"\n", 1, "U+0430"),
            ("name: x\nname: y\n", 2, "given again"),
            ("name: x\nenabled: true\nenabled: false\n", 3, "given again"),
            ("name: x\nenabled: \"false\"\n", 2, "must be true or false"),
            ("name: x\nenabled: 0\n", 2, "must be true or false"),
            ("name: x\npermission_grant: []\n", 2, "'permission_grant' was unexpected"),
            ("name: x\npermission_grants: all\n", 2, "must be a list"),
            ("name: x\npermission_grants:\n", 2, "must be a list"),
            ("name: x\npermission_grants: [admin]\n", 2, "a grant must hold keys"),
            ("name: x\npermission_grants:\n  - permission_types: pack_install\n", 3, "must be a list"),
            ("name: x\npermission_grants:\n  - permission_types: [1]\n", 3, "must be text"),
            ("name: x\npermission_grants:\n  - permission_types: [\"*\"]\n", 3, "'*' is no permission type"),
            (
                "name: x\npermission_grants:\n  - permission_types: [action_fly]\n", 3,
                "'action_fly' is no permission type"
            ),
            ("name: x\npermission_grants:\n  - permission_types: [action_all]\n", 3, "without a resource_uid"),
            (
                "name: x\npermission_grants:\n  - permission_types: [system_administer]\n", 3,
                "can't be granted by a role"
            ),
            (
                "name: x\npermission_grants:\n  - permission_types: [pack_list, pack_list]\n", 3,
                "'pack_list' is listed twice"
            ),
            (
                "name: x\npermission_grants:\n  - resource_uid:\n    permission_types: [inquiry_respond]\n", 3,
                "'resource_uid' must be text, not empty"
            ),
            (
                "name: x\npermission_grants:\n  - resource_uid: \"\"\n    permission_types: [inquiry_respond]\n", 3,
                "must be text, not empty"
            ),
            (
                "name: x\npermission_grants:\n  - resource_uid: \"action:*:*\"\n    permission_types: [action_all]\n",
                3,
                "wildcard"
            ),
            (
                "name: x\npermission_grants:\n  - resource_uid: \"*\"\n    permission_types: [action_all]\n", 3,
                "names no resource"
            ),
            (
                "name: x\npermission_grants:\n  - resource_uid: rule:web:x\n    permission_types:\n      - action_execute\n",
                5,
                "action_execute can't be granted on rule:web:x"
            ),
            (
                "name: x\npermission_grants:\n  - uid: pack:web\n    permission_types: [action_all]\n", 3,
                "'uid' was unexpected"
            ),
            ("name: x\n---\nname: y\n", 2, "second document"),
            ("name: !!python/object:os.system x\n", 1, "tag"),
            ("a: &a [*a]\nname: x\n", 1, "inside its own anchor"),
            ("<<: {name: admin}\n", nil, "system role"),
        ] as [(String, Int?, String)])
    func wrongRole(_ text: String, _ line: Int?, _ reason: String) throws {
        let folder = try Folder([
            "roles/x.yaml": text, "assignments/ann.yaml": "username: ann\nroles: [x, y, starter]\n",
        ])
        let content = folder.read()
        #expect(content.roles.isEmpty)
        #expect(content.assignments.map(\.roles) == [["starter"]])
        let problem = try #require(content.problems.first)
        #expect(problem.message.contains(reason), "\(problem)")
        #expect(problem.code != .warning)
        #expect(problem.location?.file == folder.path + "/roles/x.yaml")
        if let line { #expect(problem.location?.line == line, "\(problem)") }
    }

    @Test(
        "a wrong assignment gives nothing and is told with line and reason",
        arguments: [
            ("roles: [admin]\n", nil, "'username' is a required property"),
            ("username: \nroles: [admin]\n", 1, "must be text, not null"),
            ("username: \"\"\nroles: [admin]\n", 1, "is empty"),
            ("username: \" \"\nroles: [admin]\n", 1, "blank"),
            ("username: on\nroles: [admin]\n", 1, "must be text, not boolean"),
            ("username: 7\nroles: [admin]\n", 1, "must be text, not integer"),
            ("username: [ann, bob]\nroles: [admin]\n", 1, "must be text, not array"),
            ("username: \"*\"\nroles: [admin]\n", 1, "wildcard"),
            ("username: \"\\u212Aim\"\nroles: [admin]\n", 1, "U+212A"),
            ("username: \"ad\\u200Bmin\"\nroles: [admin]\n", 1, "U+200B"),
            ("username: \"jo\\u0308rg\"\nroles: [admin]\n", 1, "U+0308"),
            ("username: \"ann\\0\"\nroles: [admin]\n", 1, "U+0000"),
            ("username: ann\n", nil, "'roles' is a required property"),
            ("username: ann\nroles: admin\n", 2, "must be a list"),
            ("username: ann\nroles:\n", 2, "must be a list"),
            ("username: ann\nroles: [{admin: true}]\n", 2, "must be text"),
            ("username: ann\nroles: [admin, admin]\n", 2, "listed twice"),
            ("username: ann\nrole: [admin]\n", 2, "'role' was unexpected"),
            ("username: ann\nis_remote: true\nroles: [admin]\n", 2, "'is_remote' was unexpected"),
        ] as [(String, Int?, String)])
    func wrongAssignment(_ text: String, _ line: Int?, _ reason: String) throws {
        let folder = try Folder(["assignments/ann.yaml": text])
        let content = folder.read()
        #expect(content.assignments.isEmpty)
        let problem = try #require(content.problems.first)
        #expect(problem.message.contains(reason), "\(problem)")
        #expect(problem.location?.file == folder.path + "/assignments/ann.yaml")
        if let line { #expect(problem.location?.line == line, "\(problem)") }
    }

    @Test(
        "roles that don't exist are not given, and told where they stand",
        arguments: ["gone", "*", "Admin", "none", ""])
    func unknownRole(_ role: String) throws {
        let content = try Folder([
            "assignments/ann.yaml": "username: ann\nroles:\n  - starter\n  - \"\(role)\"\n"
        ]).read()
        #expect(content.assignments.map(\.roles) == [["starter"]])
        #expect(content.problems.map(\.location?.line) == [4])
    }

    @Test("one name in two files counts once, and capitals don't make another")
    func twice() throws {
        let content = try Folder([
            "roles/a.yaml": "name: team\n",
            "roles/b.yaml": "name: team\npermission_grants: [{permission_types: [pack_install]}]\n",
            "roles/c.yaml": "name: Team\npermission_grants: [{permission_types: [pack_install]}]\n",
            "assignments/a.yaml": "username: ann\nroles: [starter]\n",
            "assignments/b.yaml": "username: ann\nroles: [admin]\n",
            "assignments/c.yaml": "username: Ann\nroles: [admin]\n",
            "mappings/a.yaml": "group: ops\nroles: [starter]\n",
            "mappings/b.yaml": "group: ops\nroles: [admin]\n",
        ]).read()
        #expect(content.roles.map(\.name) == ["team"] && content.roles[0].grants.isEmpty)
        #expect(content.assignments.map(\.roles) == [["starter"]])
        #expect(content.mappings.map(\.roles) == [["starter"]])
        let codes: [PackErrorCode] = [.duplicate, .badMetadata, .duplicate, .badMetadata, .duplicate]
        #expect(content.problems.map(\.code) == codes)
    }

    @Test("an alias bomb is refused before it costs anything")
    func bomb() throws {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",") + "]\n"
        }
        let content = try Folder(["roles/x.yaml": text + "name: x\n"]).read()
        #expect(content.roles.isEmpty && content.problems.map(\.code) == [.badYAML])
    }

    @Test("a file that is too large, no file, or elsewhere is not read")
    func otherFiles() throws {
        let folder = try Folder([
            "roles/large.yaml": "name: x\n#" + String(repeating: "x", count: 1 << 20), "roles/old.yml": "name: y\n",
            "roles/.hidden.yaml": "name: z\n", "roles/notes.txt": "name: n\n",
        ])
        try Data("username: ann\nroles: [admin]\n".utf8).write(to: URL(fileURLWithPath: folder.path + "-outside.yaml"))
        defer { try? FileManager.default.removeItem(atPath: folder.path + "-outside.yaml") }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/assignments/ann.yaml", withDestinationPath: folder.path + "-outside.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/assignments/gone.yaml", withDestinationPath: folder.path + "/nothing.yaml")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/mappings/a.yaml", withIntermediateDirectories: false)
        let content = folder.read()
        #expect(content.roles.isEmpty && content.assignments.isEmpty && content.mappings.isEmpty)
        let codes: [PackErrorCode] = [.warning, .unreadable, .unreadable, .unreadable, .unreadable]
        #expect(content.problems.map(\.code) == codes)
    }

    @Test("a file that everybody may change is warned of")
    func writableFile() throws {
        let folder = try Folder(["roles/deployer.yaml": Self.deployer])
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666], ofItemAtPath: folder.path + "/roles/deployer.yaml")
        let content = folder.read()
        #expect(content.roles.count == 1)
        #expect(content.problems.map(\.code) == [.warning])
    }

    @Test("what is taken out of a file is gone at the next reading, even when the file is wrong")
    func revoked() throws {
        let folder = try Folder(["assignments/ann.yaml": "username: ann\nroles: [admin]\n"])
        let live = LiveRoleBook(try RoleBook(folder.read()))
        let access = Access(book: live)
        let ann = Identity(user: "ann", role: .none)
        #expect(access.isAdministrator(ann))
        try Data("username: ann\nroles: [observer\n".utf8).write(
            to: URL(fileURLWithPath: folder.path + "/assignments/ann.yaml"))
        live.replace(with: try RoleBook(folder.read()))
        #expect(!access.isAdministrator(ann))
    }
}
