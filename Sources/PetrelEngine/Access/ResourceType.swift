/// What permissions are about: StackStorm's resource types by their names, and a few of ours.
public enum ResourceType: String, Sendable, CaseIterable {
    case runner = "runner_type"
    case pack
    case sensor = "sensor_type"
    case action
    case alias = "action_alias"
    case rule
    case enforcement = "rule_enforcement"
    case policyType = "policy_type"
    case policy
    case execution
    case key = "key_value_pair"
    case webhook
    case timer
    case apiKey = "api_key"
    case trace
    case trigger
    case stream
    case inquiry
    /// Trigger types; the permissions of triggers hold for them.
    case triggerType = "trigger_type"
    /// Workflow definitions that are sent for inspection. Ours, as all that follow.
    case workflow
    case role
    case assignment = "role_assignment"
    case service = "service_registry"
    case audit
    case room
    case system

    /// Whether resources of this type belong to a pack, so that a grant on the pack reaches them.
    var isPackContent: Bool {
        switch self {
        case .sensor, .action, .alias, .rule, .policy: true
        default: false
        }
    }

    /// The permission types that can be granted on a resource of this type.
    ///
    /// A pack takes those of its content too, but for the ones that concern no single resource.
    public var permissions: [Permission] { PermissionTable.permissionsByType[self] ?? [] }
}
