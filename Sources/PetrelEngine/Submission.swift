public import PetrelCore
public import PetrelExpressions

/// What somebody asks to be run.
public struct ExecutionRequest: Sendable {
    /// The action's reference or id.
    public var action: String
    /// What was given, not cast yet.
    public var parameters: ValueObject
    /// How text becomes the declared type: by the rules of the API or of aliases.
    public var cast: ParameterPipeline.Cast
    /// The user it will run for.
    public var identity: Identity
    /// Where the request came from; the execution keeps it.
    public var origin: Origin
    /// What is added to the execution's context beside `user` and `pack`.
    public var context: ValueObject
    /// The message that asked, settled in the same transaction; answers go where it was said.
    public var message: InboundMessage?
    /// Parent execution, for children.
    public var parent: ExecutionID?
    /// How long to wait before it may start.
    public var delay: Duration
    /// Whether the parameters stand in a content file, so that `decrypt_kv` works in them whoever asks.
    public var isFromContent = false
    /// What templates in the parameters see besides: `trigger` and `rule` for what a rule starts.
    public var roots: ValueObject = [:]

    /// A request from its parts.
    public init(
        action: String, parameters: ValueObject, cast: ParameterPipeline.Cast, identity: Identity, origin: Origin,
        context: ValueObject = [:], message: InboundMessage? = nil, parent: ExecutionID? = nil, delay: Duration = .zero
    ) {
        self.action = action
        self.parameters = parameters
        self.cast = cast
        self.identity = identity
        self.origin = origin
        self.context = context
        self.message = message
        self.parent = parent
        self.delay = delay
    }
}

/// Checks a request and commits it: decision, execution and ack in one transaction, claimed at once when a slot is free.
public struct Submission: Sendable {
    private let store: any ExecutionStore
    private let catalog: LiveCatalog
    private let runners: RunnerCatalog
    private let scheduler: Scheduler
    private let events: EventHub
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let datastore: Datastore?
    private let policies: LivePolicies?
    private let rendersAPIParameters: Bool

    /// The stage over its neighbours.
    /// - Parameter rendersAPIParameters: whether templates in what the API and the command line give are rendered.
    public init(
        store: any ExecutionStore, catalog: LiveCatalog, runners: RunnerCatalog, scheduler: Scheduler,
        events: EventHub, clock: any PetrelClock, ids: any IDSource, datastore: Datastore? = nil,
        policies: LivePolicies? = nil, rendersAPIParameters: Bool = true
    ) {
        self.datastore = datastore
        self.policies = policies
        self.store = store
        self.catalog = catalog
        self.runners = runners
        self.scheduler = scheduler
        self.events = events
        self.clock = clock
        self.ids = ids
        self.rendersAPIParameters = rendersAPIParameters
    }

    /// What templates outside of parameters see as `st2kv`, for a user.
    public func lookups(user: String) -> [String: any LookupRoot] {
        ["st2kv": datastore?.lookup(user: user) ?? NoKeys()]
    }

    /// Submits a request that access has been granted for.
    /// - Parameter posts: makes the ack from the execution; committed with it.
    /// - Throws: ``EngineError``: nothing is stored then. `duplicateMessage` if the message was settled before.
    public func submit(
        _ request: ExecutionRequest, posts: (Execution) -> [OutboundPost] = { _ in [] }
    ) async throws(EngineError) -> Execution {
        let record = try prepare(request, posts: posts)
        if let end = await scheduler.endAtOnce(record.execution) { return try await store(record, endedBy: end) }
        // Beside the commit, which takes as long.
        async let ready = record.execution.claim == nil ? nil : scheduler.ready(record.execution)
        let isStored: Bool
        do throws(CoreError) {
            isStored = try await store.submit(record)
        } catch {
            drop(record)
            throw EngineError(error)
        }
        guard isStored else { throw duplicate(record) }
        begin(record, await ready)
        if let adapter = request.message?.key.adapter { events.publish(.postsQueued(adapter)) }
        return record.execution
    }

    /// Commits what ends as soon as it begins together with its end.
    private func store(_ record: SubmittedExecution, endedBy end: CompletedAttempt) async throws(EngineError)
        -> Execution
    {
        let ended: Execution?
        do throws(CoreError) {
            ended = try await store.submit(record, endedBy: end)
        } catch {
            drop(record)
            throw EngineError(error)
        }
        guard let ended else { throw duplicate(record) }
        events.publish(.executionCreated(record.execution))
        scheduler.tell(of: ended, end)
        return record.execution
    }

    private func duplicate(_ record: SubmittedExecution) -> EngineError {
        drop(record)
        return EngineError(.duplicateMessage, "the message was decided before")
    }

    /// Checks a request and makes the execution, claimed when a slot is free, for a transaction of the caller's.
    ///
    /// Afterwards call ``begin(_:)``, or ``drop(_:)`` if it was not stored.
    func prepare(
        _ request: ExecutionRequest, posts: (Execution) -> [OutboundPost] = { _ in [] }
    ) throws(EngineError) -> SubmittedExecution {
        let (action, pipeline) = try pipeline(for: request.action)
        let id: ExecutionID = ids.make()
        let context = context(of: request, action, id)
        var scope = try ParameterScope.of(
            action, context: context, origin: request.origin, catalog: catalog.current, datastore: datastore)
        scope.rendersGiven = rendersAPIParameters || (request.origin != .api && request.origin != .cli)
        scope.decryptsGiven = request.isFromContent || request.identity.role == .admin
        for (name, value) in request.roots { scope.roots[name] = value }
        let parameters = try pipeline.requested(request.parameters, cast: request.cast, scope: scope)
        var execution = newExecution(id, request, action, parameters, context)
        let isGated = !action.isWorkflow && policies?.isGated(action.ref) ?? false
        let claim = request.delay > .zero || action.isWorkflow || isGated ? nil : scheduler.reserve()
        if let claim { execution.beginFirstAttempt(claim, at: execution.startedAt) }
        return SubmittedExecution(
            execution: execution, message: request.message, posts: posts(execution),
            audit: [audit(execution, masked: pipeline.masked(parameters))], isGated: isGated)
    }

    /// Sets a stored execution going.
    ///
    /// - Parameter ready: its attempt, where that was made ready while it was stored.
    func begin(_ record: SubmittedExecution, _ ready: ReadyAttempt? = nil) {
        // First of all: the rest can be told while it runs.
        let end = ready?.begin()
        events.publish(.executionCreated(record.execution))
        if record.isGated { policies?.noteGated() }
        if record.execution.isWorkflow {
            events.publish(.workflowOwed(record.execution.id))
        } else if record.execution.claim != nil {
            scheduler.begin(record.execution, end: end)
        } else {
            scheduler.nudge()
        }
    }

    /// Gives back what an execution held that was not stored.
    func drop(_ record: SubmittedExecution) {
        if record.execution.claim != nil { scheduler.release() }
    }

    /// The reference of an action that is named by reference or id; nil for one that there is not.
    public func reference(of action: String) -> ContentRef? { catalog.current.action(action)?.ref }

    /// The action with its merged parameters, if it can be run.
    public func pipeline(for action: String) throws(EngineError) -> (Action, ParameterPipeline) {
        guard let found = catalog.current.action(action) else {
            throw EngineError(
                .unknownAction, "Action \"\(action)\" cannot be found.", hint: "petrel action list shows what there is")
        }
        guard found.isEnabled else {
            throw EngineError(.disabledAction, "Unable to execute. Action \"\(found.ref)\" is disabled.")
        }
        guard let type = runners.type(found.runner) else {
            throw EngineError(
                .unknownRunner,
                "Action \"\(found.ref)\" needs the runner \"\(found.runner)\", which this Petrel has not",
                hint: "petrel runner list shows the runners")
        }
        return (found, catalog.current.pipeline(of: found, on: type))
    }

    private func newExecution(
        _ id: ExecutionID, _ request: ExecutionRequest, _ action: Action, _ parameters: ValueObject,
        _ context: ValueObject
    ) -> Execution {
        let now = clock.now
        return Execution(
            id: id, action: action.ref, definition: catalog.current.definition(of: action), runner: action.runner,
            status: .requested, parameters: parameters, context: context, origin: request.origin,
            parent: request.parent, startedAt: now, log: [StatusChange(.requested, at: now)],
            replyTo: request.message.map(ReplyAddress.init(to:)), delay: request.delay)
    }

    private func context(of request: ExecutionRequest, _ action: Action, _ id: ExecutionID) -> ValueObject {
        var context = request.context
        context["user"] = .string(request.identity.user)
        context["pack"] = .string(action.ref.pack)
        context["rbac"] = request.identity.contextDocument
        if request.parent == nil, context["trace_context"]?["id_"]?.string == nil {
            // Nobody caused it: it begins a trace of its own, which goes by its id.
            let tag = context["trace_context"]?["trace_tag"]?.string ?? TraceTag.standard(for: id)
            context["trace_context"] = TraceTag(id: id.text, tag: tag).context
        }
        return context
    }

    private func audit(_ execution: Execution, masked: ValueObject) -> AuditRecord {
        AuditRecord(
            at: execution.startedAt, kind: .submission, user: execution.user, subject: execution.id.text,
            decision: "allowed",
            detail: [
                "action": .string(execution.action.description), "origin": .string(execution.origin.rawValue),
                "parameters": .object(masked),
            ])
    }
}

extension Execution {
    /// The first attempt, claimed in the transaction that stores the execution.
    fileprivate mutating func beginFirstAttempt(_ claim: Claim, at: Instant) {
        self.claim = claim
        attempt = 1
        status = .running
        log.append(StatusChange(.scheduled, at: at))
        log.append(StatusChange(.running, at: at))
    }
}
