import PetrelCore

/// Commits how an attempt ended, if it is still the claimed one.
struct Completion: Sendable {
    let store: any ExecutionStore
    let events: EventHub
    let clock: any PetrelClock
    let owner: String
    var policies: LivePolicies?
    /// Writes the posts that tell the conversation which asked of an end; without it somebody does so later.
    var reply: (@Sendable (Execution) -> [OutboundPost])?
    /// Says that something was requested.
    var nudge: @Sendable () -> Void = {}

    /// Stores the outcome, however long the store can't be written: the runner keeps its traces until then.
    ///
    /// - Returns: whether it is stored. If not, the traces must stay: the next service needs them.
    func complete(_ execution: Execution, _ outcome: RunOutcome) async -> Bool {
        let end = end(of: execution, outcome)
        while true {
            do throws(CoreError) {
                guard let completed = try await store.complete(end) else { return false }
                tell(of: completed, end)
                return true
            } catch {
                if Task.isCancelled { return false }
                try? await clock.sleep(for: .milliseconds(500))
            }
        }
    }

    /// An end with all that is stored beside it.
    func end(of execution: Execution, _ outcome: RunOutcome) -> CompletedAttempt {
        var attempt = CompletedAttempt(
            attempt: execution.attemptKey, owner: owner, outcome: outcome, at: clock.now,
            owesReply: execution.replyTo != nil,
            audit: [
                AuditRecord(
                    at: clock.now, kind: .completion, user: execution.user, subject: execution.id.text,
                    decision: outcome.status.rawValue, detail: ["action": .string(execution.action.description)])
            ], followUp: policies?.retry(of: execution, after: outcome))
        attempt.owesStep = execution.parent != nil
        attempt.execution = execution
        attempt.reply = posts(on: execution, outcome, at: attempt.at)
        return attempt
    }

    /// Says what is to be done now that an end is stored.
    func tell(of stored: Execution, _ end: CompletedAttempt) {
        var completed = stored
        completed.result = nil
        let isAsTold = completed.status == end.outcome.status
        events.publish(.executionChanged(completed))
        if let parent = completed.parent { events.publish(.workflowOwed(parent)) }
        if completed.status == .pending { events.publish(.questionOwed) }
        if end.reply != nil, isAsTold, let adapter = completed.replyTo?.conversation.adapter {
            events.publish(.postsQueued(adapter))
        } else if completed.replyTo != nil, completed.status.isCompleted {
            events.publish(.replyOwed)
        }
        if let retry = end.followUp, isAsTold {
            if retry.isGated { policies?.noteGated() }
            events.publish(.executionCreated(retry.execution))
            nudge()
        }
    }

    /// What the conversation is told, if it is to be told anything now.
    private func posts(on execution: Execution, _ outcome: RunOutcome, at: Instant) -> [OutboundPost]? {
        guard let reply, execution.replyTo != nil, outcome.status.isCompleted else { return nil }
        var ended = execution
        ended.claim = nil
        ended.end(outcome, at: at)
        ended.resultBytes = JSONWriter.bytes(outcome.result).count
        return reply(ended)
    }

    /// Gives an attempt that never started back to the queue, however long the store can't be written.
    ///
    /// - Returns: whether it is stored.
    func requeue(_ attempt: AttemptKey) async -> Bool {
        while !Task.isCancelled {
            do throws(CoreError) {
                return try await store.requeue(attempt, owner: owner, at: clock.now)
            } catch {
                try? await clock.sleep(for: .milliseconds(500))
            }
        }
        return false
    }
}
