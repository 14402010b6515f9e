public import PetrelCore

/// Runs what is requested: claims executions, hands them to their runners and sees each attempt to its end.
///
/// Whether something is to be run is always the store's answer; ``nudge()`` only shortens the wait for the next question.
public final class Scheduler: Sendable {
    /// How the scheduler works.
    public struct Options: Sendable {
        /// The id of this service instance.
        public var owner: String
        /// The machine's boot id.
        public var boot: String
        /// Most executions that run at once.
        public var maxRunning: Int
        /// How long a claim is believed without renewal.
        public var lease: Duration

        /// Options for an instance.
        public init(owner: String, boot: String, maxRunning: Int = 60, lease: Duration = .seconds(60)) {
            self.owner = owner
            self.boot = boot
            self.maxRunning = maxRunning
            self.lease = lease
        }
    }

    private struct Work: Sendable {
        /// How far an attempt is.
        enum State: Sendable {
            case claimed
            case begun(AttemptEnd)
            /// By another process, on a boot of this machine.
            case begunBefore(boot: String)
        }

        var execution: Execution
        var state: State
    }

    private let options: Options
    private let store: any ExecutionStore
    private let attempts: Attempts
    private let completion: Completion
    private let events: EventHub
    private let clock: any PetrelClock
    private let slots: Slots
    private let policies: LivePolicies?
    private let work: (stream: AsyncStream<Work>, continuation: AsyncStream<Work>.Continuation)
    private let nudges: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private let cancels: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    /// A scheduler over a store and the runners of a catalog.
    ///
    /// - Parameter reply: writes the posts that tell a conversation of an end, so that they are committed with it.
    public init(
        options: Options, store: any Storage, attempts: Attempts, events: EventHub, clock: any PetrelClock,
        policies: LivePolicies? = nil, reply: (@Sendable (Execution) -> [OutboundPost])? = nil
    ) {
        self.policies = policies
        self.options = options
        self.store = store
        self.attempts = attempts
        self.events = events
        self.clock = clock
        slots = Slots(capacity: options.maxRunning)
        work = AsyncStream<Work>.makeStream()
        nudges = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        cancels = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        completion = Completion(
            store: store, events: events, clock: clock, owner: options.owner, policies: policies, reply: reply,
            nudge: { [feed = nudges.continuation] in feed.yield() })
    }

    /// A claim to commit together with a new execution, when a slot is free.
    ///
    /// Hand it back with ``begin(_:)`` or ``release()``.
    func reserve() -> Claim? { slots.reserve() ? newClaim : nil }

    /// Gives back a slot whose claim was not committed.
    func release() { slots.release() }

    /// The end of an execution with a reserved claim that ends as soon as it begins, to be stored with it; nil for others.
    func endAtOnce(_ execution: Execution) async -> CompletedAttempt? {
        guard execution.claim != nil, attempts.endsAtOnce(execution) else { return nil }
        return completion.end(of: execution, await attempts.ready(execution).begin()())
    }

    /// Tells of an execution that was stored with its end, and gives its slot back.
    func tell(of ended: Execution, _ end: CompletedAttempt) {
        release()
        completion.tell(of: ended, end)
        if slots.isContended { nudge() }
    }

    /// Makes an attempt ready to begin, while the execution is being committed with a reserved claim.
    func ready(_ execution: Execution) -> ReadyAttempt { attempts.ready(execution) }

    /// Runs an execution that was committed with a reserved claim.
    ///
    /// - Parameter end: waits for the end of its attempt, if that has begun.
    func begin(_ execution: Execution, end: AttemptEnd? = nil) {
        slots.occupy(execution.attemptKey)
        work.continuation.yield(Work(execution: execution, state: end.map { .begun($0) } ?? .claimed))
        if slots.isCanceling(execution.attemptKey) { cancels.continuation.yield() }
    }

    /// Says that something may be waiting in the store.
    public func nudge() { nudges.continuation.yield() }

    /// How many executions run now.
    public var runningCount: Int { slots.runningCount }

    /// Takes up what earlier processes left, then runs what is requested until the task is cancelled.
    ///
    /// Children keep running when this ends: their shims outlive the service, and the next one takes them up.
    public func run() async {
        await recover()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.claimLoop() }
            group.addTask { await self.renewalLoop() }
            group.addTask { await self.cancelLoop() }
            for await item in work.stream {
                group.addTask { await self.carryOut(item) }
            }
            group.cancelAll()
        }
    }

    /// Starts nothing new and waits for what runs; at most so long.
    public func drain(for grace: Duration) async {
        slots.close()
        let end = clock.now + grace
        while slots.runningCount > 0, clock.now < end { try? await clock.sleep(for: .milliseconds(20)) }
    }

    /// Records the wish to cancel an execution and tells its runner.
    public func cancel(_ id: ExecutionID, by identity: Identity) async throws(CoreError) -> CancelAnswer {
        let audit = AuditRecord(
            at: clock.now, kind: .cancel, user: identity.user, subject: id.text, decision: "requested")
        let answer = try await store.requestCancel(id, by: identity.user, at: clock.now, audit: [audit])
        switch answer {
        case .canceled(let execution):
            events.publish(.executionChanged(execution))
            events.publish(.replyOwed)
            if let parent = execution.parent { events.publish(.workflowOwed(parent)) }
        case .canceling(let execution), .alreadyCanceling(let execution):
            events.publish(.executionChanged(execution))
            if execution.isWorkflow {
                events.publish(.workflowOwed(execution.id))
            } else {
                markCanceling(execution)
            }
        case .notCancelable, .unknown: break
        }
        return answer
    }

    /// What a running execution has written so far to `stdout` or `stderr`, from a byte on; at most 64 KiB at a time.
    public func output(of execution: Execution, type: String, from: Int) async -> [UInt8] {
        await attempts.output(of: execution, type: type, from: from)
    }

    private var newClaim: Claim {
        Claim(owner: options.owner, boot: options.boot, leaseUntil: clock.now + options.lease)
    }

    // MARK: - Claiming

    private func claimLoop() async {
        await withDiscardingTaskGroup { group in
            // The tick finds what a lost nudge left behind.
            group.addTask {
                while !Task.isCancelled {
                    try? await self.clock.sleep(for: .seconds(1))
                    self.nudge()
                }
            }
            for await _ in nudges.stream { await claimWaiting() }
            group.cancelAll()
        }
    }

    private func claimWaiting() async {
        let free = slots.reserveAll()
        guard free > 0 else {
            slots.isContended = true
            return
        }
        var claimed: [Execution] = []
        // Before the question: who finds no slot after it says so again.
        slots.isContended = policies?.mayHold ?? false
        do throws(CoreError) {
            let takesGatedFirst = policies?.takesGatedFirst() ?? false
            if takesGatedFirst { claimed = try await claimGated(limit: free) }
            claimed += try await store.claim(newClaim, limit: free - claimed.count, at: clock.now)
            if !takesGatedFirst { claimed += try await claimGated(limit: free - claimed.count) }
        } catch {
            // The store is unwritable: it says so in /readyz, and the next tick asks again.
        }
        if claimed.count == free { slots.isContended = true }
        slots.release(free - claimed.count)
        for execution in claimed { begin(execution) }
    }

    /// Claims what policies hold back, as far as they let it run.
    private func claimGated(limit: Int) async throws(CoreError) -> [Execution] {
        guard let policies else { return [] }
        let answer = try await policies.claim(newClaim, limit: limit, at: clock.now)
        if answer.areWaiting { slots.isContended = true }
        for execution in answer.heldBack {
            events.publish(.executionChanged(execution))
            guard execution.status.isCompleted else { continue }
            events.publish(.replyOwed)
            if let parent = execution.parent { events.publish(.workflowOwed(parent)) }
        }
        return answer.claimed
    }

    private func renewalLoop() async {
        while !Task.isCancelled {
            try? await clock.sleep(for: options.lease / 3)
            guard slots.runningCount > 0 else { continue }
            try? await store.renewClaims(of: options.owner, until: clock.now + options.lease)
        }
    }

    // MARK: - Recovery

    /// Adopts the attempts of dead owners, so that they are seen to their end.
    private func recover() async {
        while !Task.isCancelled {
            do throws(CoreError) {
                let orphans = try await store.orphans(notOf: options.owner, at: clock.now)
                for orphan in orphans { try await adopt(orphan) }
                return
            } catch {
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    private func adopt(_ orphan: Execution) async throws(CoreError) {
        guard let claim = orphan.claim else { return }
        guard try await store.adopt(orphan.attemptKey, from: claim.owner, claim: newClaim) else { return }
        slots.adopt(orphan.attemptKey)
        if orphan.status == .canceling { markCanceling(orphan) }
        work.continuation.yield(Work(execution: orphan, state: .begunBefore(boot: claim.boot)))
    }

    // MARK: - One attempt

    private func carryOut(_ item: Work) async {
        let attempt = item.execution.attemptKey
        events.publish(.executionChanged(item.execution))
        let end = await end(of: item)
        guard !Task.isCancelled || end != .interrupted else { return }
        await finish(item.execution, end)
        slots.vacate(attempt)
        if slots.isContended { nudge() }
    }

    private func end(of item: Work) async -> Attempts.End {
        let outcome: RunOutcome
        switch item.state {
        case .begunBefore(let boot): return await attempts.resume(item.execution, begunOn: boot)
        case .claimed: outcome = await attempts.ready(item.execution).begin()()
        case .begun(let end): outcome = await end()
        }
        return Task.isCancelled ? .interrupted : .outcome(outcome)
    }

    private func markCanceling(_ execution: Execution) {
        slots.markCanceling(execution)
        cancels.continuation.yield()
    }

    /// Tells runners to end the attempts of which that is wished; again and again, since a child may just be starting.
    private func cancelLoop() async {
        for await _ in cancels.stream {
            while !Task.isCancelled, !slots.canceling.isEmpty {
                // A breath before, so that whoever asked hears that it is being stopped before that it is.
                try? await clock.sleep(for: .milliseconds(100))
                for execution in slots.canceling { await attempts.cancel(execution) }
            }
        }
    }

    private func finish(_ execution: Execution, _ end: Attempts.End) async {
        let attempt = execution.attemptKey
        let isStored: Bool
        switch end {
        case .interrupted: isStored = false
        case .neverStarted where slots.isCanceling(attempt):
            let result: Value = ["message": "Action canceled by user."]
            isStored = await completion.complete(execution, RunOutcome(status: .canceled, result: result))
        case .neverStarted:
            isStored = await completion.requeue(attempt)
            slots.isContended = true
        case .outcome(let outcome): isStored = await completion.complete(execution, outcome)
        }
        // The traces are all that is known of the attempt until its end is stored.
        if isStored { await attempts.forget(execution) }
    }
}

extension Execution {
    /// The attempt that runs or ran last.
    public var attemptKey: AttemptKey { AttemptKey(execution: id, number: attempt) }
}
