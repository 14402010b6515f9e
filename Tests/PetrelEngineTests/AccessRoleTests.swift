import Foundation
import PetrelCore
import PetrelEngine
import PetrelTestKit
import Testing

@Suite("Role grants")
struct AccessRoleTests {
    @Test("every permission can be granted on a resource of its type, but for those that only administrators have")
    func everyPermission() {
        let never: Set<Permission> = [.roomImpersonate, .administer]
        for permission in Permission.allCases {
            #expect(permission.resourceType.permissions.contains(permission) != never.contains(permission))
            #expect(permission.summary.hasSuffix(".") && permission.leastRole > .none)
        }
    }

    @Test("the page for users tells of each permission who has it")
    func page() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let lines = try String(contentsOf: root.appending(path: "docs/access.md"), encoding: .utf8).split(
            separator: "\n")
        for permission in Permission.allCases {
            let line = lines.first { $0.hasPrefix("| `\(permission)`") }
            #expect(line?.contains("| \(permission.leastRole) |") ?? false, "\(permission)")
        }
    }

    @Test(
        "what no resource is called is refused",
        arguments: [
            "", "action", "action:", "action:core", "action:core:", "action::local", "action:core:local:x",
            "Action:core:local", "actions:core:local", "action:Core:local", "action:*:*", "pack:*", "pack:c?re",
            "pack:core:local", "pack: core", "pack:cоre", "action:core:lo\u{200B}cal",
            "key_value_pair:st2kv.user:bob:x",
            "key_value_pair:other:x", "key_value_pair:st2kv.system", "stream", "stream:x", "room:x", "system:x",
            "role:admin", "webhook:", "webhook:a::b", "trigger:p", "*", "inquiry:", "action:core:local\n", "inquiry:x",
        ])
    func badResource(_ uid: String) {
        #expect(throws: CoreError.self) { try RoleRules.checkResource(uid) }
        #expect(throws: CoreError.self) { try RoleGrant(permissionTypes: [], resourceUID: uid) }
    }

    @Test(
        "resources are called what StackStorm calls them",
        arguments: [
            "action:core:local", "action:core:local.v2", "pack:core", "rule:p:r", "action_alias:p:a", "sensor_type:p:S",
            "policy:p:q", "policy_type:action:concurrency", "runner_type:local-shell-cmd", "webhook:github/push",
            "webhook:a:b", "api_key:0123", "trace:0123", "timer:p:t", "trigger:core:st2.webhook:0a1b",
            "trigger_type:p:t",
            "key_value_pair:st2kv.system:a.b", "key_value_pair:st2kv.system:a:b", "execution:0123", "inquiry",
            "rule_enforcement:0123",
        ])
    func goodResource(_ uid: String) throws {
        #expect(try ResourceUID(uid).description == uid)
    }

    @Test(
        "permissions that don't exist or don't fit are refused",
        arguments: [
            ("*", "pack:web"), ("all", "pack:web"), ("action_*", "pack:web"), ("ACTION_VIEW", "pack:web"),
            ("action_vieẘ", "pack:web"), (" action_view", "pack:web"), ("", "pack:web"), ("rule_view", "action:web:x"),
            ("action_list", "pack:web"), ("action_execute", nil), ("action_all", nil), ("pack_all", nil),
            ("key_value_pair_view", nil), ("room_impersonate", nil), ("system_administer", nil),
            ("system_administer", "pack:web"), ("admin", nil), ("webhook_send", "pack:web"),
        ] as [(String, String?)])
    func badPermission(_ permission: String, _ uid: String?) {
        #expect(throws: CoreError.self) { try RoleRules.checkGrant(permissionType: permission, resourceUID: uid) }
    }

    @Test(
        "names that are reserved, empty or pass for others are refused",
        arguments: [
            "", " ", "admin", "ADMIN", "Admin", "system_admin", "observer", "Operator", "starter", "none", "*", "team*",
            " team", "team ", "te\u{0}am", "te\nam", "\u{430}dmin", "adm\u{131}n", "ADM\u{130}N", "ad\u{200B}min",
            "te\u{202E}am", "\u{FF41}dmin", "re\u{301}sume", "\u{212A}im", String(repeating: "a", count: 256),
        ])
    func badRoleName(_ name: String) {
        #expect(throws: CoreError.self) { try RoleRules.checkRoleName(name) }
        let book = RoleBook(
            roles: [RoleDefinition(name: name, grants: [])],
            assignments: [RoleAssignment(user: "ann", roles: [name], source: "")])
        #expect(book.roles.isEmpty)
    }

    @Test(
        "ordinary names are taken", arguments: ["team", "Team A", "jörg", "ann@example.com", "slack:U012", "a-b_c.d"])
    func goodName(_ name: String) throws {
        try RoleRules.checkRoleName(name)
        try RoleRules.checkUserName(name)
        try RoleRules.checkGroupName("cn=\(name),ou=groups,dc=example")
    }

    @Test("a book gives nothing for what is wrong in it")
    func closedBook() throws {
        let grant = try RoleGrant(permissionTypes: ["pack_install"], resourceUID: nil)
        let book = RoleBook(
            roles: [
                RoleDefinition(name: "team", grants: []), RoleDefinition(name: "team", grants: [grant]),
                RoleDefinition(name: "admin", grants: [grant]),
            ],
            assignments: [
                RoleAssignment(user: "", roles: ["admin"], source: ""),
                RoleAssignment(user: "\u{430}nn", roles: ["admin"], source: ""),
                RoleAssignment(user: "ann", roles: ["team", "gone", "Admin"], source: ""),
            ])
        let access = Access(book: LiveRoleBook(book))
        for user in ["", "\u{430}nn", "ann"] {
            let identity = Identity(user: user, role: .none)
            #expect(!access.decide(AccessRequest(identity, .packInstall)).isAllowed)
            #expect(!access.isAdministrator(identity))
        }
        #expect(access.roles(of: Identity(user: "ann", role: .none)) == ["team"])
    }

    @Test("an assignment is for the user of exactly that name")
    func exactUser() {
        let book = RoleBook(assignments: [RoleAssignment(user: "Kim", roles: ["admin"], source: "")])
        let access = Access(book: LiveRoleBook(book))
        #expect(access.isAdministrator(Identity(user: "Kim", role: .none)))
        for name in ["kim", "KIM", "\u{212A}im", "Kim ", "Kim\u{200B}", "K\u{456}m"] {
            #expect(!access.isAdministrator(Identity(user: name, role: .none)), "\(name)")
        }
    }

    @Test("groups give the roles to which they are mapped until they are told anew")
    func groups() {
        let mapping = RoleMapping(group: "cn=ops", roles: ["admin"], source: "mappings/ops.yaml")
        let live = LiveRoleBook(RoleBook(mappings: [mapping]))
        let access = Access(book: live)
        let ann = Identity(user: "ann", role: .none)
        #expect(!access.isAdministrator(ann))
        live.setGroups(["cn=staff", "cn=ops"], of: "ann")
        #expect(access.isAdministrator(ann))
        live.replace(with: RoleBook(mappings: [mapping]))
        #expect(access.isAdministrator(ann))
        live.setGroups(["CN=ops"], of: "ann")
        #expect(!access.isAdministrator(ann))
        live.setGroups(["cn=ops"], of: "\u{430}nn")
        #expect(!access.isAdministrator(Identity(user: "\u{430}nn", role: .none)))
    }

    @Test("a user's keys are theirs and the administrators', whatever others hold")
    func userKeys() throws {
        let book = RoleBook(
            assignments: [
                RoleAssignment(user: "slack", roles: ["observer", "operator"], source: ""),
                RoleAssignment(user: "slack:U1", roles: ["starter"], source: ""),
            ])
        let access = Access(book: LiveRoleBook(book))
        let key = ResourceUID.userKey("token", of: "slack:U1")
        func may(_ user: String, _ role: Role = .none) -> Bool {
            access.decide(AccessRequest(Identity(user: user, role: role), .keyView, uid: key)).isAllowed
        }
        #expect(may("slack:U1") && may("root", .admin))
        #expect(!may("slack") && !may("bob", .operator) && !may("slack:U1:token", .operator))
    }

    @Test("a webhook is the same with and without slashes at its ends")
    func webhooks() {
        #expect(ResourceUID.webhook("/github/push/").description == "webhook:github/push")
        #expect(ResourceUID.webhook("///").description == "webhook:")
    }
}

@Suite("Role documents")
struct AccessDocumentTests {
    @Test("permission types are shown by resource type")
    func permissionTypes() {
        let document = RoleBook.permissionTypesDocument
        #expect(document["action"]?["action_execute"]?.string?.isEmpty == false)
        #expect(document["pack"]?["rule_create"] != nil && document["pack"]?["action_list"] == nil)
        #expect(RoleBook.permissionTypesDocument(of: "rule")?["rule_all"] != nil)
        #expect(RoleBook.permissionTypesDocument(of: "1") == nil)
        let standard = [
            "runner_type", "pack", "sensor_type", "action", "action_alias", "rule", "rule_enforcement", "policy_type",
            "policy", "execution", "key_value_pair", "webhook", "timer", "api_key", "trace", "trigger", "stream",
            "inquiry",
        ]
        for type in standard { #expect(document[type]?.object?.isEmpty == false, "\(type)") }
    }

    @Test("roles and assignments have StackStorm's keys, and ids that stay")
    func roles() throws {
        let grants = [
            try RoleGrant(permissionTypes: ["action_execute", "action_view"], resourceUID: "pack:web"),
            try RoleGrant(permissionTypes: ["action_list"], resourceUID: nil),
        ]
        var book = RoleBook(
            roles: [RoleDefinition(name: "deployer", summary: "Deploys.", grants: grants)],
            assignments: [RoleAssignment(user: "ann", roles: ["deployer"], source: "assignments/ann.yaml")],
            mappings: [RoleMapping(group: "ops", roles: ["admin"], source: "mappings/ops.yaml")])
        book.setGroups(["ops"], of: "bob")
        let roles = book.roleDocuments(digest: PlainDigest())
        #expect(roles.prefix(5).allSatisfy { $0["system"] == true })
        let role = try #require(roles.last)
        let keys = ["id", "name", "description", "permission_grant_ids", "permission_grant_objects", "system"]
        #expect(Array(role.keys) == keys && role["system"] == false)
        let shown = try #require(role["permission_grant_objects"]?.array)
        #expect(shown[0]["resource_uid"] == "pack:web" && shown[0]["resource_type"] == "pack")
        #expect(shown[0]["permission_types"] == ["action_execute", "action_view"])
        #expect(shown[1]["resource_uid"] == nil && shown[1]["resource_type"] == nil)
        #expect(role["permission_grant_ids"]?.array == shown.compactMap { $0["id"] })
        let assignments = book.assignmentDocuments(digest: PlainDigest())
        #expect(assignments.map { $0["user"] } == ["ann", "bob"])
        #expect(assignments.map { $0["is_remote"] } == [false, true])
        #expect(assignments[0]["source"] == "assignments/ann.yaml" && assignments[0]["description"] == nil)
        let ids = (roles + assignments).compactMap { $0["id"]?.string } + shown.compactMap { $0["id"]?.string }
        #expect(Set(ids).count == ids.count && ids.allSatisfy { ContentID($0) != nil })
        #expect(book.roleDocuments(digest: PlainDigest()) == roles)
    }
}
