public import PetrelCore

/// What somebody wants to do: StackStorm's permission types by their names, and a few of ours.
///
/// What each one is about, who has it by their role and how it can be granted stands in ``PermissionTable``.
public enum Permission: String, Sendable, CaseIterable {
    case runnerList = "runner_type_list"
    case runnerView = "runner_type_view"
    case runnerModify = "runner_type_modify"
    case runnerAll = "runner_type_all"

    case packList = "pack_list"
    case packView = "pack_view"
    case packCreate = "pack_create"
    case packModify = "pack_modify"
    case packDelete = "pack_delete"
    case packInstall = "pack_install"
    case packUninstall = "pack_uninstall"
    case packRegister = "pack_register"
    case packConfig = "pack_config"
    case packSearch = "pack_search"
    case packIndexHealth = "pack_views_index_health"
    case packAll = "pack_all"

    case sensorList = "sensor_type_list"
    case sensorView = "sensor_type_view"
    case sensorModify = "sensor_type_modify"
    case sensorAll = "sensor_type_all"

    case actionList = "action_list"
    case actionView = "action_view"
    case actionCreate = "action_create"
    case actionModify = "action_modify"
    case actionDelete = "action_delete"
    case actionExecute = "action_execute"
    case actionAll = "action_all"

    case aliasList = "action_alias_list"
    case aliasView = "action_alias_view"
    case aliasCreate = "action_alias_create"
    case aliasModify = "action_alias_modify"
    case aliasMatch = "action_alias_match"
    case aliasHelp = "action_alias_help"
    case aliasDelete = "action_alias_delete"
    /// Running an action through an alias. Ours: StackStorm knows only the action's permission.
    case aliasExecute = "action_alias_execute"
    case aliasAll = "action_alias_all"

    case executionList = "execution_list"
    case executionView = "execution_view"
    case executionReRun = "execution_rerun"
    case executionStop = "execution_stop"
    case executionAll = "execution_all"
    case executionFilters = "execution_views_filters_list"

    case ruleList = "rule_list"
    case ruleView = "rule_view"
    case ruleCreate = "rule_create"
    case ruleModify = "rule_modify"
    case ruleDelete = "rule_delete"
    case ruleAll = "rule_all"

    case enforcementList = "rule_enforcement_list"
    case enforcementView = "rule_enforcement_view"

    case keyList = "key_value_pair_list"
    case keyView = "key_value_pair_view"
    case keySet = "key_value_pair_set"
    case keyDelete = "key_value_pair_delete"
    case keyAll = "key_value_pair_all"

    case webhookList = "webhook_list"
    case webhookView = "webhook_view"
    case webhookCreate = "webhook_create"
    case webhookSend = "webhook_send"
    case webhookDelete = "webhook_delete"
    case webhookAll = "webhook_all"

    case timerList = "timer_list"
    case timerView = "timer_view"
    case timerAll = "timer_all"

    case apiKeyList = "api_key_list"
    case apiKeyView = "api_key_view"
    case apiKeyCreate = "api_key_create"
    case apiKeyModify = "api_key_modify"
    case apiKeyDelete = "api_key_delete"
    case apiKeyAll = "api_key_all"

    case traceList = "trace_list"
    case traceView = "trace_view"
    case traceAll = "trace_all"

    case triggerList = "trigger_list"
    case triggerView = "trigger_view"
    /// Creating triggers and trigger types. Ours, as the next three: StackStorm lets every user do it.
    case triggerCreate = "trigger_create"
    case triggerModify = "trigger_modify"
    case triggerDelete = "trigger_delete"
    case triggerEmit = "trigger_emit"
    case triggerAll = "trigger_all"

    case policyTypeList = "policy_type_list"
    case policyTypeView = "policy_type_view"
    case policyTypeAll = "policy_type_all"

    case policyList = "policy_list"
    case policyView = "policy_view"
    case policyCreate = "policy_create"
    case policyModify = "policy_modify"
    case policyDelete = "policy_delete"
    case policyAll = "policy_all"

    case streamView = "stream_view"

    case inquiryList = "inquiry_list"
    case inquiryView = "inquiry_view"
    case inquiryRespond = "inquiry_respond"
    case inquiryAll = "inquiry_all"

    /// Checking a workflow definition without running it. Ours, as all that follow.
    case workflowInspect = "workflow_inspect"
    case roleList = "role_list"
    case roleView = "role_view"
    case assignmentList = "role_assignment_list"
    case assignmentView = "role_assignment_view"
    case serviceList = "service_registry_list"
    case auditList = "audit_list"
    /// Speaking in the local room and reading it.
    case roomUse = "room_use"
    /// Speaking in the local room as somebody else.
    case roomImpersonate = "room_impersonate"
    /// Whatever only administrators may: see secrets, decrypt keys, act for another user, list without a limit.
    case administer = "system_administer"
}

extension Permission: CustomStringConvertible {
    /// The name that role files and the API use.
    public var description: String { rawValue }
    /// The type of the resources that it is about.
    public var resourceType: ResourceType { PermissionTable.traits[self]?.type ?? .system }
    /// What it allows, in one sentence.
    public var summary: String { row.summary }
    /// The least role by which people have it without a grant.
    public var leastRole: Role { PermissionTable.traits[self]?.level ?? .admin }
}
