import PetrelCore
import PetrelEngine
import Testing

@Suite("Access")
struct AccessTests {
    private func isAllowed(
        _ role: Role, _ permission: Permission, leastRole: Role? = nil, user: String = "ann", owner: String? = nil
    ) -> Bool {
        Access().decide(
            AccessRequest(
                Identity(user: user, role: role), permission, on: "x", leastRole: leastRole, owner: owner)
        ).isAllowed
    }

    @Test("nobody without a role may do anything", arguments: Permission.allCases)
    func noRole(_ permission: Permission) {
        #expect(!isAllowed(.none, permission))
        #expect(!isAllowed(.none, permission, leastRole: Role.none, owner: "ann"))
    }

    @Test("an administrator may do everything", arguments: Permission.allCases)
    func administrator(_ permission: Permission) {
        #expect(isAllowed(.admin, permission, leastRole: .admin, owner: "bob"))
    }

    @Test("whoever may do a thing may do it with every higher role", arguments: Permission.allCases)
    func monotonic(_ permission: Permission) {
        for (lower, higher) in zip(Role.allCases, Role.allCases.dropFirst()) where isAllowed(lower, permission) {
            #expect(isAllowed(higher, permission), "\(higher)")
        }
    }

    @Test("an alias asks for its own least role, operator unless it says otherwise")
    func aliases() {
        #expect(isAllowed(.starter, .aliasExecute, leastRole: .starter))
        #expect(!isAllowed(.starter, .aliasExecute))
        #expect(isAllowed(.operator, .aliasExecute))
        #expect(!isAllowed(.operator, .aliasExecute, leastRole: .admin))
    }

    @Test("people see and stop their own executions; only administrators stop those of others")
    func stopping() {
        #expect(isAllowed(.starter, .executionStop, owner: "ann"))
        #expect(isAllowed(.starter, .executionView, owner: "ann"))
        #expect(!isAllowed(.starter, .executionView, owner: "bob"))
        #expect(!isAllowed(.operator, .executionStop, owner: "bob"))
        #expect(isAllowed(.admin, .executionStop, owner: "bob"))
    }

    @Test("nothing belongs to a user without a name")
    func namelessOwner() {
        #expect(!isAllowed(.starter, .executionStop, user: "", owner: ""))
    }

    @Test("a name that only Unicode takes for another's is somebody else's")
    func lookalikes() {
        #expect(!isAllowed(.starter, .executionStop, user: "\u{212A}im", owner: "Kim"))
        #expect(!isAllowed(.starter, .executionStop, user: "Ann", owner: "ann"))
        #expect(!isAllowed(.starter, .executionStop, user: "jo\u{308}rg", owner: "jörg"))
    }

    @Test("of several questions the first refusal counts")
    func several() {
        let ann = Identity(user: "ann", role: .operator)
        let questions = [AccessRequest(ann, .ruleList), AccessRequest(ann, .ruleCreate), AccessRequest(ann, .roomUse)]
        #expect(Access().decide(all: questions).reason.contains("rule_create"))
        #expect(Access().decide(all: [questions[0]]).isAllowed)
        #expect(!Access().decide(all: []).isAllowed)
    }

    @Test("a running action's token has no more than its ceiling, but keeps the roles of the installation")
    func ceiling() throws {
        let grant = try RoleGrant(permissionTypes: ["action_execute"], resourceUID: "pack:web")
        let book = RoleBook(
            roles: [RoleDefinition(name: "deployer", grants: [grant])],
            assignments: [RoleAssignment(user: "ann", roles: ["admin", "deployer"], source: "assignments/ann.yaml")])
        let access = Access(book: LiveRoleBook(book))
        let ann = Identity(user: "ann", role: .admin)
        let deploy = ResourceUID.action(ContentRef(pack: "web", name: "deploy"))
        #expect(access.isAdministrator(ann))
        #expect(!access.isAdministrator(ann, ceiling: .operator))
        #expect(access.decide(AccessRequest(ann, .ruleView, ceiling: .operator)).isAllowed)
        #expect(access.decide(AccessRequest(ann, .actionExecute, uid: deploy, ceiling: .operator)).isAllowed)
        #expect(!access.decide(AccessRequest(ann, .actionModify, uid: deploy, ceiling: .operator)).isAllowed)
    }

    @Test("with isolation everybody but administrators sees what is their own or the system user's")
    func isolation() {
        let access = Access(isolatingAllBut: "stanley")
        func sees(_ role: Role, _ owner: String?) -> Bool {
            access.decide(AccessRequest(Identity(user: "ann", role: role), .executionView, owner: owner)).isAllowed
        }
        #expect(sees(.operator, "ann") && sees(.operator, "stanley") && sees(.operator, nil))
        #expect(!sees(.operator, "bob"))
        #expect(sees(.admin, "bob"))
        #expect(access.visibleUsers(to: Identity(user: "ann", role: .operator)) == ["ann", "stanley"])
        #expect(access.visibleUsers(to: Identity(user: "ann", role: .admin)) == nil)
        #expect(Access().visibleUsers(to: Identity(user: "ann", role: .operator)) == nil)
    }
}

@Suite("Access's reasons")
struct AccessReasonTests {
    private let deploy = ContentRef(pack: "web", name: "deploy")

    private func access(_ roles: [String: String], ann: [String]) throws -> Access {
        let definitions = try roles.map { name, uid in
            RoleDefinition(
                name: name, grants: [try RoleGrant(permissionTypes: ["action_execute"], resourceUID: uid)])
        }
        let assignment = RoleAssignment(user: "ann", roles: ann, source: "assignments/ann.yaml")
        return Access(book: LiveRoleBook(RoleBook(roles: definitions, assignments: [assignment])))
    }

    @Test("a refusal says what is needed and what there is")
    func refusal() {
        let decision = Access().decide(
            AccessRequest(Identity(user: "ann", role: .starter), .aliasExecute, on: "core.run", leastRole: .admin))
        #expect(decision.reason == "core.run needs the role admin (action_alias_execute); ann has the role starter")
        #expect(decision.role == nil)
    }

    @Test("a refusal names the resource, the roles that would give it and those that the asker has")
    func fullRefusal() throws {
        let access = try access(["deployer": "pack:web", "dba": "pack:db"], ann: ["dba", "observer"])
        let request = AccessRequest(
            Identity(user: "ann", role: .starter), .actionExecute, on: "web.deploy", uid: .action(deploy))
        let decision = access.decide(request)
        #expect(
            decision.reason == "web.deploy needs the role admin or deployer (action_execute on action:web:deploy); "
                + "ann has the roles starter, dba and observer")
        #expect(decision.givers == ["admin", "deployer"])
        #expect(
            decision.faultstring == "User \"ann\" doesn't have required permission \"action_execute\" on resource "
                + "\"action:web:deploy\"")
    }

    @Test("a refusal without a resource has StackStorm's words for the API")
    func faultstring() {
        let decision = Access().decide(AccessRequest(Identity(user: "ann", role: .none), .ruleList))
        #expect(decision.faultstring == "User \"ann\" doesn't have required permission \"rule_list\"")
        #expect(decision.reason == "rule_list needs the role operator; ann has no role")
    }

    @Test("of many roles five are named")
    func manyRoles() throws {
        let roles = Dictionary(uniqueKeysWithValues: (1...9).map { ("role\($0)", "pack:web") })
        let decision = try access(roles, ann: []).decide(
            AccessRequest(Identity(user: "ann", role: .none), .actionExecute, uid: .action(deploy)))
        #expect(decision.reason.contains("needs the role admin, role1, role2, role3, role4 or 5 more"))
    }

    @Test("an allowance names the role and what it covers")
    func allowance() throws {
        let access = try access(["deployer": "pack:web"], ann: ["deployer"])
        let decision = access.decide(
            AccessRequest(Identity(user: "ann", role: .none), .actionView, uid: .action(deploy)))
        #expect(decision.role == "deployer")
        #expect(decision.reason == "ann has the role deployer, which covers action_view on pack:web")
        let level = access.decide(AccessRequest(Identity(user: "bob", role: .operator), .actionList))
        #expect(level.reason == "bob has the role operator" && level.role == "operator")
    }

    @Test("the roles of somebody are their level's and the assigned ones")
    func roles() throws {
        let access = try access(["deployer": "pack:web"], ann: ["deployer", "operator", "nobody"])
        let ann = Identity(user: "ann", role: .operator)
        #expect(access.roles(of: ann) == ["operator", "deployer"])
        #expect(access.has("deployer", ann) && !access.has("admin", ann))
    }
}
