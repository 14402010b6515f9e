public import PetrelCore

/// Conducts one run of a workflow: is told what happened, and says what to start next.
///
/// It has no clock, store or concurrency of its own. The caller requests ``WorkflowStatus/running``, starts what
/// ``nextTasks()`` offers, reports each action's status with ``report(_:)``, and asks again, until ``status`` is
/// completed; then it calls ``renderOutput()``. Each call costs about the same however large the workflow is.
public struct Conductor: Sendable {
    /// The workflow that is run.
    public let definition: WorkflowDefinition
    /// What the expressions may use.
    public let environment: WorkflowEnvironment
    /// All that must be stored to go on later.
    public internal(set) var state: ConductorState

    var graph: WorkflowGraph { definition.graph }
    var contexts = ContextCache()
    /// The item lists of tasks that are being offered, so that each is evaluated once.
    var itemLists: [ConductorState.Key: ItemList] = [:]
    var changes = ChangeMark()

    /// A list of items and the scopes in which it was evaluated.
    struct ItemList: Sendable {
        var scopes: [Int]
        var items: [Value]
        var concurrency: Int?
    }

    /// A new run.
    ///
    /// Inputs that the definition does not declare are dropped. Whatever goes wrong while inputs and variables are
    /// evaluated is among the ``errors``, the status is failed then, and nothing is offered.
    /// - Parameter parent: the context around the workflow, such as `st2` and `parent`.
    public init(
        _ definition: WorkflowDefinition, inputs: ValueObject = [:], parent: ValueObject = [:],
        environment: WorkflowEnvironment = WorkflowEnvironment()
    ) {
        self.definition = definition
        self.environment = environment
        state = ConductorState()
        begin(inputs: inputs, parent: parent)
    }

    /// A run that was stored.
    /// - Throws: ``WorkflowError`` with code `badState` if the state is one of another definition.
    public init(
        _ definition: WorkflowDefinition, state: ConductorState,
        environment: WorkflowEnvironment = WorkflowEnvironment()
    ) throws(WorkflowError) {
        guard state.fits(definition.graph) else {
            throw WorkflowError(.badState, "The stored state belongs to another workflow definition")
        }
        self.definition = definition
        self.environment = environment
        self.state = state
        changes = ChangeMark(state)
    }

    /// The status of the workflow.
    public var status: WorkflowStatus { state.status }
    /// What went wrong, each thing once.
    public var errors: [LogEntry] { Array(state.errors) }
    /// What else was noted.
    public var log: [LogEntry] { Array(state.log) }
    /// The rendered output; nil before ``renderOutput()`` and when there is none.
    public var output: ValueObject? { state.output.flatMap { $0.isEmpty ? nil : $0 } }

    /// One entry of the sequence, for showing how far a workflow is.
    public struct SequenceEntry: Sendable {
        /// The task or command.
        public let taskID: String
        /// The route that it runs on.
        public let route: Int
        /// Its status.
        public let status: WorkflowStatus

        /// `id`, `route` and `status`.
        public var document: Value {
            ["id": .string(taskID), "route": .integer(route), "status": .string(status.rawValue)]
        }
    }

    /// What was started, in that order.
    public var sequence: [SequenceEntry] {
        state.sequence.map {
            SequenceEntry(taskID: graph.nodes[$0.key.node].name, route: $0.key.route, status: $0.status)
        }
    }

    /// The transitions (`SOURCE__tKEY`) that made each route; the first route is that of the start and has none.
    public var routes: [[String]] { state.routes.map { $0.map { graph.edges[$0].backReference } } }

    /// The result of the workflow's execution: `output`, and `errors` if it ended badly.
    public var result: Value {
        var members: ValueObject = ["output": output.map(Value.object) ?? .null]
        if status.isFailure { members["errors"] = .array(errors.map(\.document)) }
        return .object(members)
    }

    /// Adds an entry to the errors or, if it is none, to the log, unless the same one is there already.
    public mutating func note(_ entry: LogEntry) {
        if entry.kind == .error { state.errors.append(entry) } else { state.log.append(entry) }
    }

    private mutating func begin(inputs: ValueObject, parent: ValueObject) {
        var context = parent
        var scene = scene(parent, nil)
        var faults: [LogEntry] = []
        func assign(_ assignment: Assignment, _ template: Template) {
            do {
                let value = try evaluate(template, scene)
                context[assignment.name] = value
                scene.values[assignment.name] = value
            } catch {
                faults.append(LogEntry(Self.text(of: error)))
            }
        }
        for input in definition.input {
            let given = inputs[input.name].map(Template.init)
            assign(input, given ?? input.template)
        }
        for variable in definition.vars { assign(variable, variable.template) }
        state.contexts = [context]
        state.scopes = [ConductorState.Scope(parents: [], context: 0)]
        guard faults.isEmpty else {
            for fault in faults { note(fault) }
            state.routes = []
            fail()
            return
        }
        for start in graph.starts {
            stage(ConductorState.Key(node: start, route: 0), scope: 0, arrival: nil)
        }
    }
}
