import PetrelCore

/// One line of the table of permissions.
struct PermissionRow: Sendable {
    /// What kind of doing it is; decides what implies what.
    enum Kind: Sendable {
        case list, view, search
        /// Changing or running; whoever may do it may see the thing too.
        case change
        /// Everything that can be done with one resource.
        case all
        /// Anything else.
        case other
    }

    /// Where a role may grant it.
    enum Granting: Sendable {
        /// On a resource only.
        case resource
        /// On a resource, or for the whole service.
        case anywhere
        /// Nowhere: it comes with the role admin alone.
        case nowhere
    }

    var permission: Permission
    var type: ResourceType
    var kind: Kind
    /// The least role that has it by itself.
    var level: Role
    var granting: Granting
    /// Whether StackStorm has it too.
    var isStandard: Bool
    var summary: String

    init(
        _ permission: Permission, _ type: ResourceType, _ kind: Kind, _ level: Role, _ granting: Granting,
        _ summary: String, isOurs: Bool = false
    ) {
        self.permission = permission
        self.type = type
        self.kind = kind
        self.level = level
        self.granting = granting
        self.summary = summary
        isStandard = !isOurs
    }
}

/// All permissions: what each is about, whose it is and how it is granted.
enum PermissionTable {
    static let rows: [PermissionRow] = [
        PermissionRow(.runnerList, .runner, .list, .operator, .anywhere, "List runner types."),
        PermissionRow(.runnerView, .runner, .view, .operator, .resource, "See a runner type."),
        PermissionRow(.runnerModify, .runner, .change, .admin, .resource, "Switch a runner type on or off."),
        PermissionRow(.runnerAll, .runner, .all, .admin, .resource, "Do everything with a runner type."),

        PermissionRow(.packList, .pack, .list, .operator, .anywhere, "List packs, their configs and schemas."),
        PermissionRow(.packView, .pack, .view, .operator, .resource, "See a pack, its files, config and schema."),
        PermissionRow(.packCreate, .pack, .change, .admin, .anywhere, "Create a pack."),
        PermissionRow(.packModify, .pack, .change, .admin, .resource, "Change a pack."),
        PermissionRow(.packDelete, .pack, .change, .admin, .resource, "Delete a pack."),
        PermissionRow(.packInstall, .pack, .other, .admin, .anywhere, "Install packs."),
        PermissionRow(.packUninstall, .pack, .other, .admin, .anywhere, "Uninstall packs."),
        PermissionRow(.packRegister, .pack, .other, .admin, .anywhere, "Register packs and what they hold."),
        PermissionRow(.packConfig, .pack, .other, .admin, .anywhere, "Set the config of packs."),
        PermissionRow(.packSearch, .pack, .search, .operator, .anywhere, "Search the pack index."),
        PermissionRow(.packIndexHealth, .pack, .other, .operator, .anywhere, "See whether the pack indexes answer."),
        PermissionRow(.packAll, .pack, .all, .admin, .resource, "Do everything with a pack, not with its content."),

        PermissionRow(.sensorList, .sensor, .list, .operator, .anywhere, "List sensors."),
        PermissionRow(.sensorView, .sensor, .view, .operator, .resource, "See a sensor."),
        PermissionRow(.sensorModify, .sensor, .change, .admin, .resource, "Switch a sensor on or off, and see it."),
        PermissionRow(.sensorAll, .sensor, .all, .admin, .resource, "Do everything with a sensor."),

        PermissionRow(.actionList, .action, .list, .operator, .anywhere, "List actions."),
        PermissionRow(.actionView, .action, .view, .operator, .resource, "See an action and its executions."),
        PermissionRow(.actionCreate, .action, .change, .admin, .resource, "Create an action, and see it."),
        PermissionRow(.actionModify, .action, .change, .admin, .resource, "Change an action, and see it."),
        PermissionRow(.actionDelete, .action, .change, .admin, .resource, "Delete an action, and see it."),
        PermissionRow(
            .actionExecute, .action, .change, .admin, .resource,
            "Run an action, see it, and stop or re-run its executions."),
        PermissionRow(
            .actionAll, .action, .all, .admin, .resource, "Do everything with an action and its executions."),

        PermissionRow(.aliasList, .alias, .list, .operator, .anywhere, "List aliases."),
        PermissionRow(.aliasView, .alias, .view, .operator, .resource, "See an alias."),
        PermissionRow(.aliasCreate, .alias, .change, .admin, .resource, "Create an alias, and see it."),
        PermissionRow(.aliasModify, .alias, .change, .admin, .resource, "Change an alias, and see it."),
        PermissionRow(.aliasMatch, .alias, .other, .starter, .anywhere, "Ask which alias a text matches."),
        PermissionRow(.aliasHelp, .alias, .other, .starter, .anywhere, "Ask for the help of aliases."),
        PermissionRow(.aliasDelete, .alias, .change, .admin, .resource, "Delete an alias, and see it."),
        PermissionRow(
            .aliasExecute, .alias, .change, .operator, .resource, "Run what an alias runs, by saying it.",
            isOurs: true),
        PermissionRow(.aliasAll, .alias, .all, .admin, .resource, "Do everything with an alias."),

        PermissionRow(.executionList, .execution, .list, .operator, .anywhere, "List executions."),
        PermissionRow(.executionView, .execution, .view, .operator, .resource, "See an execution and its output."),
        PermissionRow(.executionReRun, .execution, .other, .admin, .resource, "Run an execution again."),
        PermissionRow(
            .executionStop, .execution, .other, .admin, .resource, "Stop, pause or resume a running execution."),
        PermissionRow(.executionAll, .execution, .all, .admin, .resource, "Do everything with an execution."),
        PermissionRow(
            .executionFilters, .execution, .list, .operator, .anywhere,
            "List the values by which executions can be filtered."),

        PermissionRow(.ruleList, .rule, .list, .operator, .anywhere, "List rules and their enforcements."),
        PermissionRow(.ruleView, .rule, .view, .operator, .resource, "See a rule and its enforcements."),
        PermissionRow(.ruleCreate, .rule, .change, .admin, .resource, "Create a rule, and see it."),
        PermissionRow(.ruleModify, .rule, .change, .admin, .resource, "Change a rule, and see it."),
        PermissionRow(.ruleDelete, .rule, .change, .admin, .resource, "Delete a rule, and see it."),
        PermissionRow(.ruleAll, .rule, .all, .admin, .resource, "Do everything with a rule."),

        PermissionRow(.enforcementList, .enforcement, .list, .operator, .anywhere, "List rule enforcements."),
        PermissionRow(.enforcementView, .enforcement, .view, .operator, .resource, "See a rule enforcement."),

        PermissionRow(.keyList, .key, .list, .operator, .anywhere, "List a system key; one's own need no permission."),
        PermissionRow(.keyView, .key, .view, .operator, .resource, "See a system key, encrypted if it is secret."),
        PermissionRow(.keySet, .key, .change, .admin, .resource, "Set a system key, and see it."),
        PermissionRow(.keyDelete, .key, .change, .admin, .resource, "Delete a system key, and see it."),
        PermissionRow(.keyAll, .key, .all, .admin, .resource, "Do everything with a system key but decrypt it."),

        PermissionRow(.webhookList, .webhook, .list, .operator, .anywhere, "List webhooks."),
        PermissionRow(.webhookView, .webhook, .view, .operator, .resource, "See a webhook."),
        PermissionRow(.webhookCreate, .webhook, .change, .admin, .resource, "Create a rule with this webhook."),
        PermissionRow(.webhookSend, .webhook, .other, .admin, .resource, "Send data to a webhook."),
        PermissionRow(.webhookDelete, .webhook, .change, .admin, .resource, "Delete a webhook."),
        PermissionRow(.webhookAll, .webhook, .all, .admin, .resource, "Do everything with a webhook."),

        PermissionRow(.timerList, .timer, .list, .operator, .anywhere, "List timers."),
        PermissionRow(.timerView, .timer, .view, .operator, .resource, "See a timer."),
        PermissionRow(.timerAll, .timer, .all, .admin, .resource, "Do everything with a timer."),

        PermissionRow(
            .apiKeyList, .apiKey, .list, .operator, .anywhere, "List API keys; administrators list those of others."),
        PermissionRow(.apiKeyView, .apiKey, .view, .admin, .resource, "See an API key, without the key itself."),
        PermissionRow(.apiKeyCreate, .apiKey, .other, .operator, .anywhere, "Create an API key for oneself."),
        PermissionRow(.apiKeyModify, .apiKey, .change, .admin, .resource, "Change an API key, and see it."),
        PermissionRow(.apiKeyDelete, .apiKey, .change, .admin, .resource, "Delete an API key, and see it."),
        PermissionRow(.apiKeyAll, .apiKey, .all, .admin, .resource, "Do everything with an API key."),

        PermissionRow(.traceList, .trace, .list, .operator, .anywhere, "List traces."),
        PermissionRow(.traceView, .trace, .view, .operator, .resource, "See a trace."),
        PermissionRow(.traceAll, .trace, .all, .admin, .resource, "Do everything with a trace."),

        PermissionRow(
            .triggerList, .trigger, .list, .operator, .anywhere, "List triggers, trigger types and instances."),
        PermissionRow(.triggerView, .trigger, .view, .operator, .resource, "See a trigger, its type and instances."),
        PermissionRow(
            .triggerCreate, .trigger, .change, .admin, .resource, "Create a trigger or trigger type.", isOurs: true),
        PermissionRow(
            .triggerModify, .trigger, .change, .admin, .resource, "Change a trigger or trigger type.", isOurs: true),
        PermissionRow(
            .triggerDelete, .trigger, .change, .admin, .resource, "Delete a trigger or trigger type.", isOurs: true),
        PermissionRow(
            .triggerEmit, .trigger, .change, .admin, .resource, "Send an instance of a trigger again.", isOurs: true),
        PermissionRow(.triggerAll, .trigger, .all, .admin, .resource, "Do everything with a trigger."),

        PermissionRow(.policyTypeList, .policyType, .list, .operator, .anywhere, "List policy types."),
        PermissionRow(.policyTypeView, .policyType, .view, .operator, .resource, "See a policy type."),
        PermissionRow(.policyTypeAll, .policyType, .all, .admin, .resource, "Do everything with a policy type."),

        PermissionRow(.policyList, .policy, .list, .operator, .anywhere, "List policies."),
        PermissionRow(.policyView, .policy, .view, .operator, .resource, "See a policy."),
        PermissionRow(.policyCreate, .policy, .change, .admin, .anywhere, "Create a policy, and see it."),
        PermissionRow(.policyModify, .policy, .change, .admin, .resource, "Change a policy, and see it."),
        PermissionRow(.policyDelete, .policy, .change, .admin, .resource, "Delete a policy, and see it."),
        PermissionRow(.policyAll, .policy, .all, .admin, .resource, "Do everything with a policy."),

        PermissionRow(.streamView, .stream, .view, .operator, .anywhere, "Read the event stream."),

        PermissionRow(.inquiryList, .inquiry, .list, .operator, .anywhere, "List inquiries."),
        PermissionRow(.inquiryView, .inquiry, .view, .operator, .anywhere, "See an inquiry."),
        PermissionRow(
            .inquiryRespond, .inquiry, .change, .operator, .anywhere,
            "Answer an inquiry, if it takes answers from this user; and see it."),
        PermissionRow(.inquiryAll, .inquiry, .all, .admin, .resource, "Do everything with an inquiry."),

        PermissionRow(
            .workflowInspect, .workflow, .other, .operator, .anywhere, "Have a workflow definition checked.",
            isOurs: true),
        PermissionRow(.roleList, .role, .list, .admin, .anywhere, "List roles and permission types.", isOurs: true),
        PermissionRow(.roleView, .role, .view, .admin, .anywhere, "See a role and what it grants.", isOurs: true),
        PermissionRow(
            .assignmentList, .assignment, .list, .admin, .anywhere, "List who has which role.", isOurs: true),
        PermissionRow(.assignmentView, .assignment, .view, .admin, .anywhere, "See a role assignment.", isOurs: true),
        PermissionRow(
            .serviceList, .service, .list, .operator, .anywhere, "See the service registry.",
            isOurs: true),
        PermissionRow(.auditList, .audit, .list, .admin, .anywhere, "Read the audit trail.", isOurs: true),
        PermissionRow(.roomUse, .room, .other, .admin, .anywhere, "Speak in the local room and read it.", isOurs: true),
        PermissionRow(
            .roomImpersonate, .room, .other, .admin, .nowhere, "Speak in the local room as somebody else.",
            isOurs: true),
        PermissionRow(
            .administer, .system, .other, .admin, .nowhere,
            "See secrets, decrypt keys, act for other users, list without a limit.", isOurs: true),
    ]

    /// What a decision needs of a line: nothing that takes counting of references to copy.
    struct Traits: Sendable {
        var type: ResourceType
        var level: Role
    }

    static let traits = Dictionary(
        rows.map { ($0.permission, Traits(type: $0.type, level: $0.level)) }, uniquingKeysWith: { first, _ in first })
    static let rowByPermission = Dictionary(rows.map { ($0.permission, $0) }, uniquingKeysWith: { first, _ in first })

    /// What may be granted on a resource of a type.
    static let permissionsByType: [ResourceType: [Permission]] = {
        var byType: [ResourceType: [Permission]] = [:]
        for row in rows where row.granting != .nowhere { byType[row.type, default: []].append(row.permission) }
        for row in rows where row.type.isPackContent && row.kind != .list && row.kind != .other {
            byType[.pack, default: []].append(row.permission)
        }
        byType[.triggerType] = byType[.trigger]
        return byType
    }()

    /// What may be granted without naming a resource.
    static let global: [Permission] = rows.filter { $0.granting == .anywhere }.map(\.permission)

    /// StackStorm's role observer: all that only looks.
    static let observed = Set(
        rows.filter { $0.isStandard && [.list, .view, .search].contains($0.kind) }.map(\.permission))
}

extension Permission {
    /// Its line in the table.
    ///
    /// A test checks that each permission has one; were one missing, nobody but administrators would have it.
    var row: PermissionRow {
        PermissionTable.rowByPermission[self] ?? PermissionRow(self, .system, .other, .admin, .nowhere, rawValue)
    }
}
