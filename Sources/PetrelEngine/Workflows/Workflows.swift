public import PetrelCore
import PetrelWorkflow

/// Drives workflows: each event is one step, each step one transaction.
///
/// What a workflow has to hear is always the store's answer: children that ended and were not reported, what somebody
/// asked, what waits to begin. Events only shorten the wait for the next question, so a service that is killed between
/// any two lines leaves nothing behind that the next one does not find.
public final class Workflows: Sendable {
    /// What the stage stands on.
    public struct Parts: Sendable {
        /// Where workflows, executions and inquiries are kept.
        public var store: any Storage
        /// The content in force.
        public var catalog: LiveCatalog
        /// The runner types.
        public var runners: RunnerCatalog
        /// What children go through.
        public var submission: Submission
        /// Decides whether the person who asked may run a task's action.
        public var access: Access
        /// Tells what happened.
        public var events: EventHub
        /// Gives the time of each step.
        public var clock: any PetrelClock
        /// Makes ids of task executions.
        public var ids: any IDSource
        /// The datastore that expressions read.
        public var datastore: Datastore?
        /// Whether results that look like expressions are evaluated again.
        public var reevaluatesResults = false
        /// The URL of the API, for `ctx().st2.api_url`.
        public var apiURL: @Sendable () -> String

        /// Parts without a datastore.
        public init(
            store: any Storage, catalog: LiveCatalog, runners: RunnerCatalog, submission: Submission, access: Access,
            events: EventHub, clock: any PetrelClock, ids: any IDSource, apiURL: @escaping @Sendable () -> String
        ) {
            self.store = store
            self.catalog = catalog
            self.runners = runners
            self.submission = submission
            self.access = access
            self.events = events
            self.clock = clock
            self.ids = ids
            self.apiURL = apiURL
        }
    }

    /// Most children that one step hears, and that one step starts.
    private static let batch = 500
    private static let maxOwed = 1000

    let parts: Parts
    private let library: WorkflowLibrary
    private let beginning: WorkflowBeginning
    private let children: WorkflowChildren
    private let runs = WorkflowRuns()
    private let lanes = WorkflowLanes()

    /// The stage over its parts.
    public init(_ parts: Parts) {
        self.parts = parts
        library = WorkflowLibrary(catalog: parts.catalog, runners: parts.runners)
        beginning = WorkflowBeginning(
            catalog: parts.catalog, runners: parts.runners, library: library, store: parts.store, ids: parts.ids,
            datastore: parts.datastore, reevaluatesResults: parts.reevaluatesResults, apiURL: parts.apiURL)
        children = WorkflowChildren(
            submission: parts.submission, access: parts.access, catalog: parts.catalog)
    }

    /// Attends to workflows until the task is cancelled; running children go on without it.
    public func run() async {
        // Listening begins before the first question, so that nothing falls between the two.
        let events = parts.events.events { if case .workflowOwed = $0 { true } else { false } }
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await event in events { if case .workflowOwed(let id) = event { self.lanes.call(id) } }
            }
            group.addTask { await self.sweep() }
            for await id in lanes.stream {
                group.addTask { await self.attend(to: id) }
            }
            group.cancelAll()
        }
    }

    /// Finds what a lost event left behind, and what only time brings about.
    private func sweep() async {
        while !Task.isCancelled {
            let now = parts.clock.now
            for id in (try? await parts.store.owedWorkflows(at: now, limit: Self.maxOwed)) ?? [] { lanes.call(id) }
            for inquiry in (try? await parts.store.expireInquiries(at: now)) ?? [] { tell(inquiry) }
            try? await parts.clock.sleep(for: .seconds(1))
        }
    }

    private func attend(to id: ExecutionID) async {
        repeat {
            lanes.begin(id)
            await advance(id)
        } while !lanes.close(id) && !Task.isCancelled
    }

    /// Makes steps until there is nothing to hear.
    private func advance(_ id: ExecutionID) async {
        while !Task.isCancelled {
            do throws(CoreError) {
                guard let news = try await parts.store.workflowNews(of: id, limit: Self.batch) else {
                    return try await parts.store.dropNews(of: id)
                }
                guard news.isOwed else { return }
                let isOver = try await step(news)
                if isOver { return }
            } catch {
                // The store is unwritable, and says so in /readyz.
                try? await parts.clock.sleep(for: .milliseconds(500))
            }
        }
    }

    // MARK: One step

    /// Makes a step from the news.
    /// - Returns: whether nothing is left to be heard, as far as is known.
    private func step(_ news: WorkflowNews) async throws(CoreError) -> Bool {
        let now = parts.clock.now
        var run: WorkflowRun
        do {
            guard let known = try await self.run(for: news) else {
                try await parts.store.dropNews(of: news.execution.id)
                return true
            }
            run = known
        } catch let refusal as WorkflowBeginning.Refusal {
            return try await refuse(news, refusal, at: now)
        } catch let error as CoreError {
            throw error
        } catch {
            let message = (error as? any AnyProblem)?.message ?? "\(error)"
            return try await refuse(
                news, .init(result: ["output": .null, "errors": [["message": .string(message)]]]), at: now)
        }
        try await hear(news, &run, at: now)
        let prepared = plan(&run, news.execution, at: now)
        if run.flow.status.isCompleted { run.flow.finish() }
        return try await commit(&run, news, prepared, at: now)
    }

    /// The run in memory if it is as new as the store's, else the store's; begun if there is none.
    private func run(for news: WorkflowNews) async throws -> WorkflowRun? {
        guard let version = news.version else {
            guard news.execution.status == .requested else { return nil }
            var run = try await beginning.begin(news.execution)
            run.flow.begin(at: parts.clock.now)
            return run
        }
        if let known = runs.take(news.execution.id, version: version) { return known }
        return try await beginning.restored(news.execution)
    }

    private func hear(_ news: WorkflowNews, _ run: inout WorkflowRun, at now: Instant) async throws(CoreError) {
        // The wish first: the execution shows it already, so what has ended since must not undo it.
        if let wish = news.wish { run.flow.hear(wish, at: now) }
        for child in news.children {
            var results: [Value]?
            if run.flow.needsItemResults(with: child), let task = child.task {
                results = Self.itemResults(try await parts.store.results(ofTask: task))
            }
            run.flow.hear(child, itemResults: results, at: now)
        }
    }

    /// The results of a task's items by their place, null for those without.
    private static func itemResults(_ results: [TaskResult]) -> [Value] {
        let count = (results.compactMap(\.item).max() ?? -1) + 1
        var values = [Value](repeating: .null, count: count)
        for result in results {
            if let item = result.item, result.status.isCompleted {
                values[item] = result.result
            }
        }
        return values
    }

    private func plan(_ run: inout WorkflowRun, _ parent: Execution, at now: Instant) -> [SubmittedExecution] {
        var prepared: [SubmittedExecution] = []
        var plans = run.flow.plan(limit: Self.batch, at: now, ids: parts.ids)
        while !plans.isEmpty {
            var isRefused = false
            for plan in plans {
                do throws(EngineError) {
                    let child = try children.prepare(plan, of: parent)
                    run.flow.started(plan, as: child.execution, at: now)
                    prepared.append(child)
                } catch {
                    run.flow.refused(plan, error, at: now)
                    isRefused = true
                    break
                }
            }
            // What a refusal leads to may be another task.
            plans = isRefused ? run.flow.plan(limit: Self.batch, at: now, ids: parts.ids) : []
        }
        return prepared
    }

    private func commit(
        _ run: inout WorkflowRun, _ news: WorkflowNews, _ prepared: [SubmittedExecution], at now: Instant
    ) async throws(CoreError) -> Bool {
        let status = run.flow.status.executionStatus
        var step = WorkflowStep(
            execution: news.execution.id, expected: news.version, state: run.takeState(), status: status, at: now)
        step.origin = run.origin
        step.known = news.execution
        step.context = run.context
        step.children = prepared.map(\.execution)
        step.gated = Set(prepared.filter(\.isGated).map(\.execution.id))
        step.reported = news.children.map { ($0.id, $0.status) }
        step.fulfilled = news.wish
        step.cascade = news.wish
        step.isUnfinished = run.flow.hasMore && !status.isCompleted
        step.audit = prepared.flatMap(\.audit)
        if status.isCompleted, !news.execution.status.isCompleted {
            step.result = run.flow.result
            step.audit.append(completion(news.execution, status, at: now))
        }
        let stored: StoredStep?
        do throws(CoreError) { stored = try await parts.store.store(step) } catch {
            for child in prepared { parts.submission.drop(child) }
            throw error
        }
        guard let stored else {
            for child in prepared { parts.submission.drop(child) }
            return false
        }
        run.version = (news.version ?? 0) + 1
        run.origin = nil
        run.context = [:]
        let isUnfinished = step.isUnfinished
        if !status.isCompleted { runs.put(run, news.execution.id) }
        announce(stored, prepared)
        return !isUnfinished && news.children.count < Self.batch
    }

    /// Stores the end of a workflow that can't begin, or whose state can't be read any more.
    private func refuse(
        _ news: WorkflowNews, _ refusal: WorkflowBeginning.Refusal, at now: Instant
    ) async throws(CoreError) -> Bool {
        guard !news.execution.status.isCompleted else {
            try await parts.store.dropNews(of: news.execution.id)
            return true
        }
        var step = WorkflowStep(
            execution: news.execution.id, expected: news.version, state: .snapshot(.null), status: .failed, at: now)
        if news.version == nil {
            step.origin = WorkflowOrigin(id: parts.ids.next(), definition: refusal.definition, file: refusal.file)
        }
        step.reported = news.children.map { ($0.id, $0.status) }
        step.fulfilled = news.wish
        step.result = refusal.result
        step.audit = [completion(news.execution, .failed, at: now)]
        guard let stored = try await parts.store.store(step) else { return false }
        announce(stored, [])
        return true
    }

    private func completion(_ execution: Execution, _ status: ExecutionStatus, at now: Instant) -> AuditRecord {
        AuditRecord(
            at: now, kind: .completion, user: execution.user, subject: execution.id.text, decision: status.rawValue,
            detail: ["action": .string(execution.action.description)])
    }

    // MARK: Telling

    private func announce(_ stored: StoredStep, _ prepared: [SubmittedExecution]) {
        for child in prepared { parts.submission.begin(child) }
        if stored.hasChanged { tell(stored.execution) }
        for child in stored.asked {
            tell(child)
            if child.isWorkflow { parts.events.publish(.workflowOwed(child.id)) }
        }
    }

    /// Tells everybody whom a change of an execution concerns.
    func tell(_ execution: Execution) {
        parts.events.publish(.executionChanged(execution))
        if let parent = execution.parent { parts.events.publish(.workflowOwed(parent)) }
        if execution.status.isCompleted, execution.replyTo != nil { parts.events.publish(.replyOwed) }
    }

    // MARK: Asking

    /// Records that somebody wants a workflow to pause or to go on.
    public func ask(_ wish: WorkflowWish, of id: ExecutionID, by identity: Identity) async throws(CoreError)
        -> WishAnswer
    {
        let now = parts.clock.now
        let audit = AuditRecord(
            at: now, kind: wish == .cancel ? .cancel : .workflow, user: identity.user, subject: id.text,
            decision: wish.rawValue)
        let answer = try await parts.store.ask(wish, of: id, by: identity.user, at: now, audit: [audit])
        if case .taken(let execution) = answer {
            parts.events.publish(.executionChanged(execution))
            parts.events.publish(.workflowOwed(id))
        }
        return answer
    }
}

extension WorkflowNews {
    /// Whether a step must be made.
    fileprivate var isOwed: Bool {
        if version == nil { return execution.status == .requested || !children.isEmpty }
        return wish != nil || isUnfinished || !children.isEmpty
    }
}

extension WorkflowStatus {
    /// The status of the execution; between resuming and the first event it runs already.
    var executionStatus: ExecutionStatus {
        switch self {
        case .unset, .requested, .scheduled, .delayed, .running, .resuming, .retrying: .running
        default: ExecutionStatus(rawValue: rawValue) ?? .running
        }
    }
}
