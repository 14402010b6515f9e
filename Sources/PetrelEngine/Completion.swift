import PetrelCore

/// Commits how an attempt ended, if it is still the claimed one.
struct Completion: Sendable {
    let store: any ExecutionStore
    let events: EventHub
    let clock: any PetrelClock
    let owner: String
    var policies: LivePolicies?
    /// Says that something was requested.
    var nudge: @Sendable () -> Void = {}

    /// Stores the outcome, however long the store can't be written: the runner keeps its traces until then.
    ///
    /// - Returns: whether it is stored. If not, the traces must stay: the next service needs them.
    func complete(_ execution: Execution, _ outcome: RunOutcome) async -> Bool {
        let retry = policies?.retry(of: execution, after: outcome)
        var attempt = CompletedAttempt(
            attempt: execution.attemptKey, owner: owner, outcome: outcome, at: clock.now,
            owesReply: execution.replyTo != nil,
            audit: [
                AuditRecord(
                    at: clock.now, kind: .completion, user: execution.user, subject: execution.id.text,
                    decision: outcome.status.rawValue, detail: ["action": .string(execution.action.description)])
            ], followUp: retry)
        attempt.owesStep = execution.parent != nil
        while true {
            do throws(CoreError) {
                guard var completed = try await store.complete(attempt) else { return false }
                let isOwed = completed.replyTo != nil
                completed.result = nil
                events.publish(.executionChanged(completed))
                if let parent = completed.parent { events.publish(.workflowOwed(parent)) }
                if completed.status == .pending { events.publish(.questionOwed) }
                if isOwed, completed.status.isCompleted { events.publish(.replyOwed) }
                if let retry, completed.status == outcome.status {
                    if retry.isGated { policies?.noteGated() }
                    events.publish(.executionCreated(retry.execution))
                    nudge()
                }
                return true
            } catch {
                if Task.isCancelled { return false }
                try? await clock.sleep(for: .milliseconds(500))
            }
        }
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
