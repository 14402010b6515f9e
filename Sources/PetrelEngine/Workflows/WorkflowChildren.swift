import PetrelCore

/// Makes the executions that a workflow starts, through the one ``Submission`` and as the person who asked.
struct WorkflowChildren: Sendable {
    /// How deep workflows may start workflows.
    static let deepest = 50

    let submission: Submission
    let access: Access
    let catalog: LiveCatalog

    /// The execution of a planned child, to be stored with the workflow's step.
    func prepare(_ plan: ChildPlan, of parent: Execution) throws(EngineError) -> SubmittedExecution {
        guard let ref = plan.action.string, !ref.isEmpty else {
            throw EngineError(
                .unknownAction, "The action of task \"\(plan.task)\" is \(plan.action.typeName), no text.")
        }
        let parameters: ValueObject
        switch plan.input {
        case .null: parameters = [:]
        case .object(let members): parameters = members
        default:
            throw EngineError(
                .invalidParameter, "The input of task \"\(plan.task)\" is \(plan.input.typeName), not an object.",
                hint: "Give the parameters by name")
        }
        let identity = Identity(context: parent.context)
        let level = (parent.context["petrel"]?["level"]?.integer ?? 0) + 1
        guard level <= Self.deepest else {
            throw EngineError(
                .invalidParameter, "Workflows start one another more than \(Self.deepest) levels deep.",
                hint: "Look for a workflow that starts itself")
        }
        try check(plan, ref, parent, identity)
        var context = plan.context
        context["parent"] = parentDocument(parent, isChain: plan.context["chain"] != nil)
        for key in ["api_user", "source_channel", "trace_context"] {
            if let value = parent.context[key] { context[key] = value }
        }
        var own: ValueObject = ["level": .integer(level), "alias": .bool(isFromAlias(parent))]
        own["depth"] = parent.context["petrel"]?["depth"]
        context["petrel"] = .object(own)
        return try submission.prepare(
            ExecutionRequest(
                action: ref, parameters: parameters, cast: .workflow, identity: identity, origin: parent.origin,
                context: context, parent: parent.id, delay: plan.delay))
    }

    /// Asks for each task whether the person may run its action.
    ///
    /// An alias offers what its author wrote, so tasks that name their action are part of the offer; an action that
    /// an expression names may be anything and is asked for even then.
    private func check(
        _ plan: ChildPlan, _ ref: String, _ parent: Execution, _ identity: Identity
    ) throws(EngineError) {
        if plan.isLiteral, isFromAlias(parent) { return }
        guard let action = catalog.current.action(ref) else { return }
        let decision = access.decide(
            AccessRequest(identity, .actionExecute, on: action.ref.description, uid: .action(action.ref)))
        guard decision.isAllowed else { throw EngineError(.forbidden, decision.reason) }
    }

    /// Whether a chat alias began it all.
    private func isFromAlias(_ execution: Execution) -> Bool {
        if execution.parent != nil { return execution.context["petrel"]?["alias"]?.bool ?? false }
        return execution.origin == .chat && execution.context["action_alias_ref"] != nil
    }

    /// What a child's context tells of the execution that started it.
    private func parentDocument(_ parent: Execution, isChain: Bool) -> Value {
        var document: ValueObject = ["execution_id": .string(parent.id.text)]
        if isChain {
            document.merge(parent.context.filter { !["petrel", "rbac", "notify"].contains($0.key) }) { own, _ in own }
        } else {
            for key in ["user", "pack", "api_user", "source_channel"] {
                if let value = parent.context[key] { document[key] = value }
            }
        }
        return .object(document)
    }
}
