import PetrelCore
import PetrelEngine
import Testing

/// Who may do what, written a second time as plain lists: no type of the engine's rules is used to work it out.
private enum Oracle {
    static let starter = words("action_alias_match action_alias_help")

    static let `operator` = words(
        """
        runner_type_list runner_type_view pack_list pack_view pack_search pack_views_index_health sensor_type_list
        sensor_type_view action_list action_view action_alias_list action_alias_view execution_list
        execution_view execution_views_filters_list rule_list rule_view rule_enforcement_list rule_enforcement_view
        key_value_pair_list key_value_pair_view webhook_list webhook_view timer_list timer_view trace_list trace_view
        trigger_list trigger_view policy_type_list policy_type_view policy_list policy_view stream_view inquiry_list
        inquiry_view inquiry_respond workflow_inspect api_key_list api_key_create service_registry_list
        """)

    static let observer = words(
        """
        runner_type_list runner_type_view pack_list pack_view pack_search sensor_type_list sensor_type_view action_list
        action_view action_alias_list action_alias_view execution_list execution_view execution_views_filters_list
        rule_list rule_view rule_enforcement_list rule_enforcement_view key_value_pair_list key_value_pair_view
        webhook_list webhook_view timer_list timer_view api_key_list api_key_view trace_list trace_view trigger_list
        trigger_view policy_type_list policy_type_view policy_list policy_view stream_view inquiry_list inquiry_view
        """)

    /// What a grant covers on its resource, and on content of its pack, beside itself.
    static let covers = table(
        """
        runner_type_modify: runner_type_view
        runner_type_all: runner_type_view runner_type_modify
        pack_create: pack_view
        pack_modify: pack_view
        pack_delete: pack_view
        pack_all: pack_view pack_create pack_modify pack_delete pack_install pack_uninstall pack_register pack_config
        pack_all: pack_search pack_views_index_health
        sensor_type_modify: sensor_type_view
        sensor_type_all: sensor_type_view sensor_type_modify
        action_create: action_view
        action_modify: action_view
        action_delete: action_view
        action_execute: action_view
        action_all: action_view action_create action_modify action_delete action_execute
        action_alias_create: action_alias_view
        action_alias_modify: action_alias_view
        action_alias_delete: action_alias_view
        action_alias_execute: action_alias_view
        action_alias_all: action_alias_view action_alias_create action_alias_modify action_alias_delete
        action_alias_all: action_alias_execute action_alias_match action_alias_help
        execution_all: execution_view execution_rerun execution_stop
        rule_create: rule_view
        rule_modify: rule_view
        rule_delete: rule_view
        rule_all: rule_view rule_create rule_modify rule_delete
        key_value_pair_list: key_value_pair_view
        key_value_pair_set: key_value_pair_view
        key_value_pair_delete: key_value_pair_view
        key_value_pair_all: key_value_pair_list key_value_pair_view key_value_pair_set key_value_pair_delete
        webhook_create: webhook_view
        webhook_delete: webhook_view
        webhook_all: webhook_view webhook_create webhook_send webhook_delete
        timer_all: timer_view
        api_key_modify: api_key_view
        api_key_delete: api_key_view
        api_key_all: api_key_view api_key_create api_key_modify api_key_delete
        trace_all: trace_view
        trigger_create: trigger_view
        trigger_modify: trigger_view
        trigger_delete: trigger_view
        trigger_emit: trigger_view
        trigger_all: trigger_view trigger_create trigger_modify trigger_delete trigger_emit
        policy_type_all: policy_type_view
        policy_create: policy_view
        policy_modify: policy_view
        policy_delete: policy_view
        policy_all: policy_view policy_create policy_modify policy_delete
        """)

    /// What a grant on an action, a rule or a pack covers on what comes from the action or rule.
    static let passesOn = table(
        """
        action_view: execution_view
        action_execute: execution_rerun execution_stop inquiry_view inquiry_respond inquiry_all action_alias_execute
        action_all: execution_view execution_rerun execution_stop execution_all
        action_all: inquiry_view inquiry_respond inquiry_all action_alias_execute
        rule_view: rule_enforcement_view
        rule_create: rule_enforcement_view
        rule_modify: rule_enforcement_view
        rule_delete: rule_enforcement_view
        rule_all: rule_enforcement_view
        """)

    /// What a grant for the whole service covers beside itself.
    static let coversEverywhere = table(
        """
        inquiry_respond: inquiry_view
        inquiry_all: inquiry_list inquiry_view inquiry_respond
        rule_list: rule_enforcement_list
        """)

    /// The longest that fits counts, so that `policy_type_view` is not taken for a policy's.
    static let types = words(
        """
        rule_enforcement action_alias key_value_pair service_registry role_assignment runner_type sensor_type policy_type
        trigger_type execution workflow webhook trigger inquiry api_key policy action stream system timer trace audit
        pack rule role room
        """)

    static let typeByPermission = Dictionary(
        uniqueKeysWithValues: Permission.allCases.map { permission in
            let fitting = types.filter { permission.rawValue.hasPrefix($0 + "_") }
            return (permission.rawValue, fitting.max { $0.utf8.count < $1.utf8.count } ?? "")
        })

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }
    private static func table(_ text: String) -> [String: Set<String>] {
        var table: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":").map(String.init)
            table[parts[0], default: []].formUnion(words(parts[1]))
        }
        return table
    }
}

/// One who asks, as lists of words.
private struct Asker {
    var level: Role
    var assigned: [String] = []
    var grants: [(uid: String?, types: [String])] = []
}

/// One thing that is asked about, with its relations written out.
private struct Target {
    var uid: ResourceUID?
    var name = ""
    /// The first word of the name.
    var type = ""
    var pack: String?
    var source: String?
    var sourcePack: String?
    var owner: String?
    var holder: String?
}

@Suite("Access's matrix")
struct AccessMatrixTests {
    private static let me = "ann"
    private static let deploy = ContentRef(pack: "web", name: "deploy")
    private static let dump = ContentRef(pack: "db", name: "dump")
    private static let id = ExecutionID(stored: "0123456789abcdef01234567")

    private static let targets: [Target] = written.map { target in
        var target = target
        target.type = target.name.split(separator: ":").first.map(String.init) ?? ""
        return target
    }

    private static let written: [Target] = {
        func content(_ uid: ResourceUID, _ name: String, _ pack: String) -> Target {
            Target(uid: uid, name: name, pack: "pack:" + pack)
        }
        func plain(_ uid: ResourceUID, _ name: String) -> Target { Target(uid: uid, name: name) }
        func from(
            _ uid: ResourceUID, _ name: String, _ source: String, _ sourcePack: String, pack: String? = nil,
            owner: String? = nil
        ) -> Target {
            Target(
                uid: uid, name: name, pack: pack, source: source, sourcePack: "pack:" + sourcePack, owner: owner)
        }
        let stop = ContentRef(pack: "web", name: "stop")
        let say = ContentRef(pack: "db", name: "say")
        return [
            Target(), Target(owner: me), Target(owner: "bob"), plain(.pack("web"), "pack:web"),
            plain(.pack("db"), "pack:db"), content(.action(deploy), "action:web:deploy", "web"),
            content(.action(stop), "action:web:stop", "web"), content(.action(dump), "action:db:dump", "db"),
            from(.alias(deploy, runs: deploy), "action_alias:web:deploy", "action:web:deploy", "web", pack: "pack:web"),
            from(.alias(say, runs: deploy), "action_alias:db:say", "action:web:deploy", "web", pack: "pack:db"),
            from(.alias(stop, runs: dump), "action_alias:web:stop", "action:db:dump", "db", pack: "pack:web"),
            content(.alias(stop), "action_alias:web:stop", "web"),
            from(.execution(id, of: deploy), "execution:\(id)", "action:web:deploy", "web", owner: "bob"),
            from(.execution(id, of: dump), "execution:\(id)", "action:db:dump", "db", owner: me),
            from(.execution(id, of: dump), "execution:\(id)", "action:db:dump", "db", owner: "bob"),
            content(.rule(deploy), "rule:web:deploy", "web"), content(.rule(dump), "rule:db:dump", "db"),
            from(.enforcement("1", of: deploy), "rule_enforcement:1", "rule:web:deploy", "web"),
            from(.enforcement("2", of: dump), "rule_enforcement:2", "rule:db:dump", "db"),
            from(.inquiry(id, in: deploy), "inquiry:\(id)", "action:web:deploy", "web"),
            plain(.inquiry(id), "inquiry:\(id)"), plain(.systemKey("one"), "key_value_pair:st2kv.system:one"),
            plain(.systemKey("two"), "key_value_pair:st2kv.system:two"),
            Target(uid: .userKey("one", of: me), name: "key_value_pair:st2kv.user:ann:one", holder: me),
            Target(uid: .userKey("one", of: "bob"), name: "key_value_pair:st2kv.user:bob:one", holder: "bob"),
            plain(.webhook("web/alert"), "webhook:web/alert"), plain(.webhook("other"), "webhook:other"),
            content(.sensor(deploy), "sensor_type:web:deploy", "web"),
            content(.policy(deploy), "policy:web:deploy", "web"),
            content(.policy(dump), "policy:db:dump", "db"), plain(.runner("noop"), "runner_type:noop"),
            plain(.trace("1"), "trace:1"), plain(.trigger(deploy, hash: "0a"), "trigger:web:deploy:0a"),
            plain(.triggerType(deploy), "trigger_type:web:deploy"), plain(.timer(deploy), "timer:web:deploy"),
            plain(.apiKey("1"), "api_key:1"), Target(uid: .apiKey("2"), name: "api_key:2", owner: me),
            plain(.policyType(resource: "action", name: "retry"), "policy_type:action:retry"),
        ]
    }()

    /// Roles with the grants of their files.
    private static let custom: [String: [(uid: String?, types: [String])]] = [
        "empty": [],
        "executor": [("action:web:deploy", ["action_execute"])],
        "viewer": [("action:web:deploy", ["action_view"])],
        "owner": [("action:web:deploy", ["action_all"])],
        "changer": [("action:web:deploy", ["action_create", "action_delete"]), ("rule:web:deploy", ["rule_modify"])],
        "pack_executor": [("pack:web", ["action_execute"])],
        "pack_viewer": [("pack:web", ["action_view", "rule_view", "sensor_type_view"])],
        "pack_owner": [("pack:web", ["pack_all"])],
        "pack_actions": [("pack:web", ["action_all"])],
        "pack_content": [("pack:web", ["rule_all", "action_alias_all", "sensor_type_all", "policy_all"])],
        "pack_policies": [("pack:web", ["policy_modify", "sensor_type_modify", "action_alias_execute"])],
        "other_pack": [("pack:db", ["action_all", "rule_all", "action_alias_all", "pack_modify"])],
        "sayer": [("action_alias:web:deploy", ["action_alias_execute"])],
        "alias_owner": [("action_alias:web:stop", ["action_alias_all"])],
        "installer": [("pack:web", ["pack_install", "pack_config"])],
        "key_lister": [("key_value_pair:st2kv.system:one", ["key_value_pair_list"])],
        "key_setter": [("key_value_pair:st2kv.system:one", ["key_value_pair_set"])],
        "key_owner": [("key_value_pair:st2kv.system:two", ["key_value_pair_all"])],
        "listed": [("action:web:deploy", ["action_list"]), ("rule:web:deploy", ["rule_list"])],
        "lister": [
            (
                nil,
                ["action_list", "rule_list", "execution_list", "key_value_pair_list", "pack_list", "api_key_list"]
            )
        ],
        "global": [
            (
                nil,
                [
                    "pack_install", "pack_create", "policy_create", "api_key_create", "stream_view", "audit_list",
                    "room_use", "workflow_inspect", "action_alias_match", "role_view", "execution_views_filters_list",
                ]
            )
        ],
        "responder": [(nil, ["inquiry_respond"])],
        "inquirer": [("inquiry", ["inquiry_all"])],
        "sender": [("webhook:web/alert", ["webhook_send"])],
        "hook_owner": [("webhook:web/alert", ["webhook_all"]), ("webhook:other", ["webhook_delete"])],
        "enforcements": [("rule_enforcement:1", ["rule_enforcement_view"]), ("rule:db:dump", ["rule_view"])],
        "one_execution": [("execution:0123456789abcdef01234567", ["execution_all"])],
        "things": [
            ("runner_type:noop", ["runner_type_modify"]), ("trace:1", ["trace_all"]),
            ("timer:web:deploy", ["timer_all"]),
            ("trigger:web:deploy:0a", ["trigger_emit"]), ("trigger_type:web:deploy", ["trigger_all"]),
            ("api_key:1", ["api_key_modify"]), ("policy_type:action:retry", ["policy_type_all"]),
            ("policy:db:dump", ["policy_delete"]), ("sensor_type:web:deploy", ["sensor_type_modify"]),
        ],
        "mixed": [(nil, ["action_list"]), ("pack:web", ["action_view"]), ("action:db:dump", ["action_execute"])],
    ]

    private static let askers: [Asker] =
        Role.allCases.map { Asker(level: $0) }
        + SystemRole.allCases.map { Asker(level: .none, assigned: [$0.rawValue]) }
        + custom.keys.sorted().flatMap { name in
            [
                Asker(level: .none, assigned: [name], grants: custom[name] ?? []),
                Asker(
                    level: .starter, assigned: ["sayer", name, "observer"],
                    grants: (custom["sayer"] ?? []) + (custom[name] ?? [])),
            ]
        }

    @Test("every permission, by whoever, on whatever, is decided as the lists say")
    func matrix() throws {
        let definitions = try Self.custom.map { name, grants in
            RoleDefinition(
                name: name,
                grants: try grants.map { try RoleGrant(permissionTypes: $0.types, resourceUID: $0.uid) })
        }
        var cases = 0
        var wrong: [String] = []
        for (turn, asker) in Self.askers.enumerated() {
            for access in books(definitions, asker).prefix(turn % 3 == 0 ? 2 : 1) {
                for permission in Permission.allCases {
                    for (index, target) in Self.targets.enumerated()
                    where fits(Oracle.typeByPermission[permission.rawValue] ?? "", target) || (index + turn) % 7 == 0 {
                        for least in permission == .aliasExecute ? [nil, Role.starter, .admin] : [nil] {
                            cases += 1
                            let decision = access.decide(
                                AccessRequest(
                                    Identity(user: Self.me, role: asker.level), permission, leastRole: least,
                                    owner: target.owner, uid: target.uid))
                            guard decision.isAllowed != isAllowed(asker, permission.rawValue, target, least) else {
                                continue
                            }
                            wrong.append("\(asker) \(permission) \(target.name): \(decision.reason)")
                        }
                    }
                }
            }
        }
        print("access-matrix cases=\(cases) wrong=\(wrong.count)")
        #expect(wrong.isEmpty, "\(wrong.prefix(10).joined(separator: "\n"))")
        #expect(cases >= 5000)
    }

    /// The asker's roles given by name and given by a group.
    private func books(_ definitions: [RoleDefinition], _ asker: Asker) -> [Access] {
        let definitions = definitions.filter { asker.assigned.contains($0.name) }
        let assigned = RoleBook(
            roles: definitions, assignments: [RoleAssignment(user: Self.me, roles: asker.assigned, source: "a")])
        var mapped = RoleBook(
            roles: definitions, mappings: [RoleMapping(group: "team", roles: asker.assigned, source: "m")])
        mapped.setGroups(["other", "team"], of: Self.me)
        return [assigned, mapped].map { Access(book: LiveRoleBook($0)) }
    }

    // MARK: - The second opinion

    private func isAllowed(_ asker: Asker, _ permission: String, _ target: Target, _ least: Role?) -> Bool {
        var level = asker.level
        if asker.assigned.contains("starter") { level = max(level, .starter) }
        if asker.assigned.contains("operator") { level = max(level, .operator) }
        if asker.assigned.contains("admin") || asker.assigned.contains("system_admin") { level = .admin }
        if level == .admin { return true }
        if level == .none, asker.assigned.isEmpty { return false }
        if isOwn(permission, target) { return true }
        if permission == "api_key_modify", level == .operator, target.owner == Self.me { return true }
        if target.holder != nil { return false }
        if Oracle.starter.contains(permission), level >= .starter { return true }
        if Oracle.operator.contains(permission), level >= .operator { return true }
        if permission == "action_alias_execute", level >= max(least ?? .operator, .starter) { return true }
        if asker.assigned.contains("observer"), Oracle.observer.contains(permission) { return true }
        return asker.grants.contains { isGranted($0.uid, $0.types, permission, target) }
    }

    private func isOwn(_ permission: String, _ target: Target) -> Bool {
        if permission.hasPrefix("key_value_pair_") {
            return target.holder == Self.me || permission == "key_value_pair_list" && target.uid == nil
        }
        let own = ["execution_view", "execution_stop", "api_key_view", "api_key_delete"]
        return own.contains(permission) && target.owner == Self.me
    }

    private func fits(_ type: String, _ target: Target) -> Bool {
        let name = target.type
        return target.uid == nil || type == name || name == "pack" || (type, name) == ("trigger", "trigger_type")
    }

    private func isGranted(_ uid: String?, _ types: [String], _ permission: String, _ target: Target) -> Bool {
        let type = Oracle.typeByPermission[permission] ?? ""
        guard fits(type, target) else { return false }
        let itself = types.contains { $0 == permission || Oracle.covers[$0]?.contains(permission) ?? false }
        let passedOn = types.contains { Oracle.passesOn[$0]?.contains(permission) ?? false }
        guard let uid, uid != "inquiry" else {
            let everywhere = types.contains {
                $0 == permission || Oracle.coversEverywhere[$0]?.contains(permission) ?? false
            }
            return everywhere && target.type != "key_value_pair"
        }
        if target.uid == nil {
            return permission.hasSuffix("_list") && permission != "key_value_pair_list" && types.contains(permission)
        }
        if itself, uid == target.name || uid == target.pack { return true }
        return passedOn && (uid == target.source || uid == target.sourcePack)
    }
}
