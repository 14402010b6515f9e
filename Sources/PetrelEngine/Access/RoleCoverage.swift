/// What one role of an installation covers, worked out when it is loaded so that a decision is a look-up.
struct RoleCoverage: Sendable, Hashable {
    /// Without a resource, or on any.
    private var global: Set<Permission> = []
    /// On the resource with this uid, and on the content of the pack with this uid.
    private var direct: [ExactName: Set<Permission>] = [:]
    /// On what inherits from the resource, or from the content of the pack, with this uid.
    private var derived: [ExactName: Set<Permission>] = [:]
    /// Lists that were granted on a resource; a list can't be asked for otherwise, so they count as StackStorm's do.
    private var lists: Set<Permission> = []

    init(_ grants: [RoleGrant]) {
        for grant in grants {
            let granted = Set(grant.permissions)
            guard let uid = grant.resource, uid.description != ResourceType.inquiry.rawValue else {
                global.formUnion(Self.impliedGlobally(granted))
                continue
            }
            let name = ExactName(uid.description)
            direct[name, default: []].formUnion(Self.implied(granted))
            derived[name, default: []].formUnion(Self.inherited(granted))
            lists.formUnion(granted.filter { $0.row.kind == .list && $0 != .keyList })
        }
    }

    /// On what the role covers it, for the reason; nil if it doesn't.
    func place(of permission: Permission, on uid: ResourceUID?) -> String? {
        guard let uid else {
            return global.contains(permission) || lists.contains(permission) ? "the whole service" : nil
        }
        guard uid.holder == nil, uid.holds(permission) else { return nil }
        if direct[ExactName(uid.description)]?.contains(permission) ?? false { return uid.description }
        if let pack = uid.pack, direct[ExactName(pack)]?.contains(permission) ?? false { return pack }
        if let source = uid.source {
            if derived[ExactName(source.uid)]?.contains(permission) ?? false { return source.uid }
            if derived[ExactName(source.pack)]?.contains(permission) ?? false { return source.pack }
        }
        // The right to list keys is not the right to list each of them.
        return uid.type != .key && global.contains(permission) ? "the whole service" : nil
    }

    // MARK: - What implies what

    /// `…_all` covers all that can be done with the resource; whoever may change or run a thing may see it.
    private static func implied(_ granted: Set<Permission>) -> Set<Permission> {
        var covered = granted
        for row in PermissionTable.rows where row.granting != .nowhere {
            let ofType = PermissionTable.rows.filter { $0.type == row.type && granted.contains($0.permission) }
            if ofType.contains(where: { $0.kind == .all }), row.kind != .list || row.type == .key {
                covered.insert(row.permission)
            }
            if row.kind == .view, ofType.contains(where: { $0.kind == .change || $0.permission == .keyList }) {
                covered.insert(row.permission)
            }
        }
        return covered
    }

    /// What a grant on an action or rule, or on their pack, covers on what comes from them.
    ///
    /// Running an action is not seeing what others ran: only `action_view` and `action_all` show executions.
    private static func inherited(_ granted: Set<Permission>) -> Set<Permission> {
        var covered: Set<Permission> = []
        let hasAll = granted.contains(.actionAll)
        if hasAll || granted.contains(.actionView) { covered.insert(.executionView) }
        if hasAll || granted.contains(.actionExecute) {
            covered.formUnion([
                .executionReRun, .executionStop, .inquiryView, .inquiryRespond, .inquiryAll, .aliasExecute,
            ])
        }
        if hasAll { covered.insert(.executionAll) }
        if implied(granted).contains(.ruleView) { covered.insert(.enforcementView) }
        return covered
    }

    private static func impliedGlobally(_ granted: Set<Permission>) -> Set<Permission> {
        var covered = granted
        if granted.contains(.inquiryAll) { covered.formUnion([.inquiryList, .inquiryView, .inquiryRespond]) }
        if granted.contains(.inquiryRespond) { covered.insert(.inquiryView) }
        if granted.contains(.ruleList) { covered.insert(.enforcementList) }
        return covered
    }
}

extension ResourceUID {
    /// Whether the permission is one that can be asked of such a resource; a pack answers for its content.
    fileprivate func holds(_ permission: Permission) -> Bool {
        permission.resourceType == type || type == .pack
            || type == .triggerType && permission.resourceType == .trigger
    }
}
