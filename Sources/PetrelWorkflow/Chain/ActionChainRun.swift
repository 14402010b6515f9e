public import PetrelCore
public import PetrelExpressions

/// One run of an action chain: is told what became of each task's execution, and says what to do next.
///
/// A value without clock or store, like ``Conductor``; ``document`` is all that must be kept.
public struct ActionChainRun: Sendable {
    /// What the caller is to do.
    public enum Step: Sendable {
        /// Request an execution of the task's action, then report ``started(executionID:liveActionID:at:)``.
        case start(TaskRequest)
        /// Resume the execution of the last task, which is paused.
        case resume(executionID: String)
        /// Wait for the execution that is at work, or for an answer.
        case wait
        /// Nothing more runs until ``resume()``; store the state.
        case pause
        /// The chain has ended in that status, with ``result``.
        case finish(WorkflowStatus)
    }

    /// An execution that is to be requested.
    public struct TaskRequest: Sendable {
        /// The task's name.
        public let name: String
        /// The action to run.
        public let ref: String
        /// Its parameters, rendered.
        public let parameters: ValueObject
        /// Whom to notify; null for nobody.
        public let notify: Value
        /// The task's attributes, for the key `chain` of the execution's context.
        public let attributes: Value
    }

    /// What templates of the chain see beside its own results.
    public struct Surroundings: Sendable {
        /// The parameters of the chain's execution.
        public var parameters: ValueObject
        /// Lookups (`st2kv`, `system`), bounds, and the values `action_context` and `config_context`.
        public var templates: JinjaContext
        /// Whom the chain's execution notifies; null for nobody.
        public var notify: Value
        /// Tasks that notify nobody.
        public var skippedNotify: Set<String>
        /// Whether the result lists what was published.
        public var showsPublished: Bool
        /// Whether a parameter of an action becomes a shell command, so that values in it are escaped; nil for none.
        public var shellSink: (@Sendable (_ action: String, _ parameter: String) -> Bool)?

        /// Surroundings.
        public init(
            parameters: ValueObject, templates: JinjaContext, notify: Value = .null, skippedNotify: Set<String> = [],
            showsPublished: Bool = true
        ) {
            self.parameters = parameters
            self.templates = templates
            self.notify = notify
            self.skippedNotify = skippedNotify
            self.showsPublished = showsPublished
        }
    }

    /// Where the chain stands.
    enum Phase: String, Sendable {
        case new, starting, running, paused, finished
    }

    /// A task that was run.
    struct Entry: Sendable, Equatable {
        var name: String
        var executionID: String?
        var liveActionID: String?
        var createdAt: Instant
        var updatedAt: Instant
        var status: WorkflowStatus
        var result: Value
    }

    let chain: ActionChain
    let surroundings: Surroundings
    var phase = Phase.new
    /// Where the chain stands, as its execution shows it.
    public internal(set) var status = WorkflowStatus.requested
    var entries: [Entry] = []
    /// The task that comes next, or that is at work.
    var current: String?
    var vars: ValueObject = [:]
    var published: ValueObject = [:]
    var failure: String?
    var isPauseRequested = false
    var isCancelRequested = false

    /// A new run.
    public init(_ chain: ActionChain, in surroundings: Surroundings) {
        self.chain = chain
        self.surroundings = surroundings
    }

    // MARK: Events

    /// Renders the variables and begins with the first task.
    public mutating func begin(at now: Instant) -> Step {
        guard phase == .new else { return .wait }
        do {
            var context = surroundings.templates
            context.values.merge(surroundings.parameters) { _, parameter in parameter }
            vars = try rendered(chain.vars, "variable", "vars", context)
        } catch {
            return abort(error.message)
        }
        status = .running
        return start(chain.first, at: now)
    }

    /// The execution of the task was requested.
    public mutating func started(executionID: String, liveActionID: String, at now: Instant) {
        guard phase == .starting, let current else { return }
        phase = .running
        entries.append(
            Entry(
                name: current, executionID: executionID, liveActionID: liveActionID, createdAt: now, updatedAt: now,
                status: .running, result: .null))
    }

    /// The execution of the task could not be requested: no such action, or parameters that it does not take.
    public mutating func refused(_ message: String, at now: Instant) -> Step {
        guard phase == .starting, let current else { return .wait }
        let error: Value = ["error": .string(message), "traceback": .string("")]
        entries.append(
            Entry(
                name: current, executionID: nil, liveActionID: nil, createdAt: now, updatedAt: now, status: .failed,
                result: error))
        return abort("Failed to run task \"\(current)\". \(message)")
    }

    /// The execution of the task has ended, was paused, or waits for an answer.
    public mutating func ended(_ outcome: WorkflowStatus, result: Value, at now: Instant) -> Step {
        guard phase == .running || phase == .paused, let current, !entries.isEmpty else { return .wait }
        let last = entries.count - 1
        entries[last].status = outcome
        entries[last].result = result
        entries[last].updatedAt = now
        if outcome == .paused || outcome == .pending { return paused() }
        guard outcome.isCompleted, let node = chain.nodes[current] else { return .wait }
        do { try publish(node, result) } catch { return abort(error.message) }
        if outcome == .canceled || isCancelRequested { return finish(.canceled) }
        let next = outcome == .succeeded ? node.onSuccess : node.onFailure
        self.current = next
        guard next != nil else { return finish(outcome) }
        return isPauseRequested || phase == .paused ? paused() : proceed(at: now)
    }

    /// Asks the chain to stand still once the task at work has ended.
    public mutating func pause() -> Step {
        guard phase != .finished, phase != .paused else { return .wait }
        isPauseRequested = true
        status = .pausing
        return .wait
    }

    /// Goes on where the chain stood still.
    public mutating func resume(at now: Instant) -> Step {
        guard phase == .paused else { return .wait }
        isPauseRequested = false
        status = .running
        if let last = entries.last, last.name == current, !last.status.isCompleted {
            phase = .running
            guard last.status == .paused, let execution = last.executionID else { return .wait }
            return .resume(executionID: execution)
        }
        return proceed(at: now)
    }

    /// Asks the chain to stop; the task at work is the caller's to cancel.
    public mutating func cancel() -> Step {
        guard phase != .finished else { return .wait }
        isCancelRequested = true
        if phase == .running, entries.last?.status.isActive == true {
            status = .canceling
            return .wait
        }
        return finish(.canceled)
    }

    // MARK: Steps

    private mutating func paused() -> Step {
        phase = .paused
        status = .paused
        return .pause
    }

    private mutating func finish(_ status: WorkflowStatus) -> Step {
        phase = .finished
        self.status = status
        return .finish(status)
    }

    private mutating func abort(_ message: String) -> Step {
        failure = message
        return finish(.failed)
    }

    private mutating func proceed(at now: Instant) -> Step {
        guard let current else { return finish(entries.last?.status ?? .succeeded) }
        return start(current, at: now)
    }

    private mutating func start(_ name: String, at now: Instant) -> Step {
        guard let node = chain.nodes[name] else { return finish(.failed) }
        current = name
        phase = .starting
        do {
            let parameters = try rendered(node.parameters, "action parameter", name, taskContext, of: node.ref)
            let isQuiet = surroundings.skippedNotify.contains(name)
            return .start(
                TaskRequest(
                    name: name, ref: node.ref, parameters: parameters,
                    notify: isQuiet ? .null : node.notify ?? surroundings.notify, attributes: node.document))
        } catch {
            return refused("Parameter rendering failed: \(error.message)", at: now)
        }
    }

    private mutating func publish(_ node: ActionChain.Node, _ result: Value) throws(WorkflowError) {
        guard !node.publish.isEmpty else { return }
        let new = try rendered(node.publish, "publish parameter", node.name, taskContext)
        vars.merge(new) { _, later in later }
        published.merge(new) { _, later in later }
    }

    /// The results of the tasks so far, the latest of each name.
    private var results: ValueObject {
        ValueObject(
            entries.filter { $0.status.isCompleted }.map { ($0.name, $0.result) },
            uniquingKeysWith: { _, later in later })
    }

    private var taskContext: JinjaContext {
        var context = surroundings.templates
        let results = results
        for part in [surroundings.parameters, results, vars] { context.values.merge(part) { _, later in later } }
        context.values["__results"] = .object(results)
        return context
    }

    /// Renders one value at a time, so that an error names it.
    private func rendered(
        _ templates: ValueObject, _ kind: String, _ task: String, _ context: JinjaContext, of action: String? = nil
    ) throws(WorkflowError) -> ValueObject {
        var rendered = ValueObject()
        for (key, template) in templates {
            var context = context
            context.shellSink = action.map { surroundings.shellSink?($0, key) ?? false } ?? false
            do {
                rendered[key] = try JinjaValues.render([key: template], context)[key]
            } catch {
                throw WorkflowError(
                    .badRendering,
                    "Failed rendering value for \(kind) \"\(key)\" in task \"\(task)\" "
                        + "(template string=\(template.pythonString)): \(error.message)",
                    hint: error.hint, underlying: error)
            }
        }
        return rendered
    }
}
