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

    @Test("people stop their own executions; only administrators stop those of others")
    func stopping() {
        #expect(isAllowed(.starter, .executionStop, owner: "ann"))
        #expect(!isAllowed(.operator, .executionStop, owner: "bob"))
        #expect(isAllowed(.admin, .executionStop, owner: "bob"))
    }

    @Test("a refusal says what is needed and what there is")
    func reason() {
        let decision = Access().decide(
            AccessRequest(Identity(user: "ann", role: .starter), .aliasExecute, on: "core.run", leastRole: .admin))
        #expect(decision.reason == "core.run needs the role admin; ann has the role starter")
    }
}
