public import PetrelCore

extension ActionChainRun {
    /// The result of the chain's execution: `tasks`, `published` if it is shown, and `error` if the chain broke off.
    public var result: Value {
        var members: ValueObject = ["tasks": .array(entries.map(Self.shown))]
        if surroundings.showsPublished { members["published"] = .object(published) }
        if let failure {
            members["error"] = .string(failure)
            members["traceback"] = .string("")
        }
        return .object(members)
    }

    /// The variables, for the key `vars` of a paused execution's context.
    public var contextVars: ValueObject { vars }

    private static func shown(_ entry: Entry) -> Value {
        [
            "id": Value(entry.executionID), "name": .string(entry.name), "execution_id": Value(entry.executionID),
            "liveaction_id": Value(entry.liveActionID), "workflow": .null,
            "created_at": .string(entry.createdAt.description), "updated_at": .string(entry.updatedAt.description),
            "state": .string(entry.status.rawValue), "result": entry.result,
        ]
    }

    /// All that must be kept to go on later.
    public var document: Value {
        [
            "phase": .string(phase.rawValue), "status": .string(status.rawValue), "current": Value(current),
            "vars": .object(vars), "published": .object(published), "failure": Value(failure),
            "pause": .bool(isPauseRequested), "cancel": .bool(isCancelRequested),
            "tasks": .array(entries.map(Self.shown)),
        ]
    }

    /// A run that was stored.
    /// - Throws: ``WorkflowError`` with code `badState` if this is no document of a run of this chain.
    public init(_ chain: ActionChain, in surroundings: Surroundings, document: Value) throws(WorkflowError) {
        self.init(chain, in: surroundings)
        guard let phase = document["phase"]?.string.flatMap(Phase.init),
            let status = document["status"]?.string.flatMap(WorkflowStatus.init),
            let vars = document["vars"]?.object, let published = document["published"]?.object,
            let tasks = document["tasks"]?.array
        else { throw Self.unreadable }
        (self.phase, self.status, self.vars, self.published) = (phase, status, vars, published)
        current = document["current"]?.string
        if let current, chain.nodes[current] == nil { throw Self.unreadable }
        failure = document["failure"]?.string
        isPauseRequested = document["pause"]?.bool ?? false
        isCancelRequested = document["cancel"]?.bool ?? false
        for task in tasks {
            guard let name = task["name"]?.string, let created = task["created_at"]?.string.flatMap(Instant.init),
                let updated = task["updated_at"]?.string.flatMap(Instant.init),
                let state = task["state"]?.string.flatMap(WorkflowStatus.init)
            else { throw Self.unreadable }
            entries.append(
                Entry(
                    name: name, executionID: task["execution_id"]?.string, liveActionID: task["liveaction_id"]?.string,
                    createdAt: created, updatedAt: updated, status: state, result: task["result"] ?? .null))
        }
    }

    private static let unreadable = WorkflowError(
        .badState, "The stored state of the action chain can't be read",
        hint: "It was damaged, or belongs to another version of the chain")
}
