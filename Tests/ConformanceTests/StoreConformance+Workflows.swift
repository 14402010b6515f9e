import PetrelCore
import PetrelTestKit
import Testing

extension StoreConformance {
    private func workflow(_ number: Int = 1, parent: ExecutionID? = nil) -> Execution {
        var execution = Samples.execution(number, at: at)
        execution.runner = "orquesta"
        execution.parent = parent
        return execution
    }

    private func child(_ number: Int, of parent: Execution) -> Execution {
        var execution = Samples.execution(number, at: at)
        execution.parent = parent.id
        execution.context["orquesta"] = ["task_execution_id": "t1", "item_id": .integer(number)]
        return execution
    }

    private func step(
        _ workflow: Execution, _ expected: Int?, _ status: ExecutionStatus = .running, children: [Execution] = []
    ) -> WorkflowStep {
        var step = WorkflowStep(
            execution: workflow.id, expected: expected, state: .changes(["n": .integer(expected ?? 0)]),
            status: status, at: at)
        if expected == nil { step.origin = WorkflowOrigin(id: "w1", definition: "text", file: "w.yaml") }
        step.children = children
        return step
    }

    private func begun(_ store: any Storage, children: [Execution] = []) async throws -> Execution {
        let workflow = workflow()
        #expect(try await store.submit(SubmittedExecution(execution: workflow)))
        #expect(try await store.claim(claim(), limit: 9, at: at).isEmpty, "workflows are claimed by nobody")
        #expect(try await store.owedWorkflows(at: at, limit: 9) == [workflow.id])
        #expect(try await store.store(step(workflow, nil, children: children)) != nil)
        return workflow
    }

    func storesStepsOnce() async throws {
        let store = try await open("me")
        let workflow = try await begun(store)
        #expect(try await store.owedWorkflows(at: at, limit: 9).isEmpty)
        #expect(try await store.execution(workflow.id)?.log.map(\.status) == [.requested, .scheduled, .running])
        #expect(try await store.store(step(workflow, nil)) == nil, "it has begun")
        let (first, second) = (child(2, of: workflow), child(3, of: workflow))
        #expect(try await store.store(step(workflow, 1, children: [first])) != nil)
        #expect(try await store.store(step(workflow, 1, children: [second])) == nil, "it is at version 2")
        #expect(try await store.execution(second.id) == nil)
        #expect(try await store.childIDs(of: workflow.id, limit: 9) == [first.id])
        let record = try #require(try await store.workflow(workflow.id))
        #expect(record.version == 2 && record.changes == [["n": 0], ["n": 1]] && record.snapshot == nil)
        #expect(record.origin == WorkflowOrigin(id: "w1", definition: "text", file: "w.yaml"))
        var whole = step(workflow, 2, .succeeded)
        whole.state = .snapshot(["all": true])
        whole.result = ["output": nil]
        #expect(try await store.store(whole)?.hasChanged == true)
        let stored = try #require(try await store.workflow(workflow.id))
        #expect(stored.version == 3 && stored.changes.isEmpty && stored.snapshot == ["all": true])
        #expect(try await store.execution(workflow.id)?.result == ["output": nil])
        #expect(try await store.store(step(workflow, 3, .failed, children: [second]))?.hasChanged == false)
        #expect(try await store.execution(workflow.id)?.status == .succeeded, "it has ended")
    }

    func owesNewsToWorkflows() async throws {
        let store = try await open("me")
        var one = child(2, of: workflow())
        one.status = .running
        one.attempt = 1
        one.claim = claim()
        let workflow = try await begun(store, children: [one])
        let end = CompletedAttempt(
            attempt: AttemptKey(execution: one.id, number: 1), owner: "me",
            outcome: RunOutcome(status: .succeeded, result: ["x": 1]), at: at)
        #expect(try await store.complete(end) != nil)
        #expect(try await store.owedWorkflows(at: at, limit: 9) == [workflow.id])
        let news = try #require(try await store.workflowNews(of: workflow.id, limit: 9))
        #expect(news.version == 1 && news.children.map(\.id) == [one.id] && news.children[0].result == ["x": 1])
        var heard = step(workflow, 1)
        heard.reported = [(one.id, .failed)]
        #expect(try await store.store(heard) != nil)
        #expect(try await store.owedWorkflows(at: at, limit: 9) == [workflow.id], "another status was heard")
        heard = step(workflow, 2)
        heard.reported = [(one.id, .succeeded)]
        #expect(try await store.store(heard) != nil)
        #expect(try await store.owedWorkflows(at: at, limit: 9).isEmpty)
        let results = try await store.results(ofTask: "t1")
        #expect(results.count == 1 && results[0].item == 2 && results[0].result == ["x": 1])
    }

    func keepsWishes() async throws {
        let store = try await open("me")
        let workflow = try await begun(store)
        guard case .taken(let asked) = try await store.ask(.pause, of: workflow.id, by: "ann", at: at, audit: []) else {
            Issue.record("a running workflow can be paused")
            return
        }
        #expect(asked.status == .pausing && asked.context["paused_by"] == "ann")
        #expect(try await store.store(step(workflow, 1)) == nil, "the step did not hear the wish")
        #expect(try await store.workflowNews(of: workflow.id, limit: 9)?.wish == .pause)
        var heard = step(workflow, 1, .paused)
        heard.fulfilled = .pause
        #expect(try await store.store(heard) != nil)
        #expect(try await store.owedWorkflows(at: at, limit: 9).isEmpty)
        guard case .unchanged = try await store.ask(.pause, of: workflow.id, by: "ann", at: at, audit: []),
            case .unknown = try await store.ask(.pause, of: Samples.execution(9).id, by: "ann", at: at, audit: []),
            case .canceling = try await store.requestCancel(workflow.id, by: "ann", at: at, audit: [])
        else {
            Issue.record("a paused workflow is paused, and can be canceled")
            return
        }
        #expect(try await store.workflowNews(of: workflow.id, limit: 9)?.wish == .cancel)
        var more = step(workflow, 2, .canceling)
        more.fulfilled = .cancel
        more.isUnfinished = true
        #expect(try await store.store(more) != nil)
        #expect(try await store.owedWorkflows(at: at, limit: 9) == [workflow.id], "more was to be done")
        #expect(try await store.workflowNews(of: workflow.id, limit: 9)?.isUnfinished == true)
    }

    func cascadesCancels() async throws {
        let store = try await open("me")
        let waiting = child(2, of: workflow())
        let workflow = try await begun(store, children: [waiting])
        _ = try await store.requestCancel(workflow.id, by: "ann", at: at, audit: [])
        var heard = step(workflow, 1, .canceling)
        heard.fulfilled = .cancel
        heard.cascade = .cancel
        #expect(try await store.store(heard)?.asked.map(\.id) == [waiting.id])
        #expect(try await store.execution(waiting.id)?.status == .canceled)
        #expect(try await store.owedWorkflows(at: at, limit: 9) == [workflow.id])
    }

    func endsInquiriesOnce() async throws {
        let store = try await open("me")
        for number in [1, 2] {
            var inquiry = Samples.execution(number, at: at, replyTo: nil)
            inquiry.status = .running
            inquiry.attempt = 1
            inquiry.claim = claim()
            #expect(try await store.submit(SubmittedExecution(execution: inquiry)))
            let pending = CompletedAttempt(
                attempt: AttemptKey(execution: inquiry.id, number: 1), owner: "me",
                outcome: RunOutcome(status: .pending, result: ["ttl": 2]), at: at)
            let stored = try #require(try await store.complete(pending))
            #expect(stored.status == .pending && stored.endedAt == nil && stored.claim == nil)
        }
        let (first, second) = (Samples.execution(1).id, Samples.execution(2).id)
        #expect(try await store.unaskedInquiries(limit: 9).map(\.inquiry.id) == [first, second])
        let message = Samples.message("act")
        #expect(try await store.settleQuestion(first, posts: [Samples.post("1", to: message)], at: at))
        #expect(try await !store.settleQuestion(first, posts: [], at: at))
        #expect(try await store.unaskedInquiries(limit: 9).map(\.inquiry.id) == [second])
        #expect(try await store.openQuestions(adapter: "fake", channel: "room").map(\.inquiry.id) == [first])
        #expect(try await store.answer(first, result: ["response": 1], at: at, audit: [])?.status == .succeeded)
        #expect(try await store.answer(first, result: ["response": 2], at: at, audit: []) == nil)
        #expect(try await store.openQuestions(adapter: "fake", channel: "room").isEmpty)
        #expect(try await store.expireInquiries(at: at + .seconds(119)).isEmpty)
        #expect(try await store.expireInquiries(at: at + .seconds(121)).map(\.id) == [second])
        #expect(try await store.execution(second)?.status == .timeout)
        #expect(try await store.execution(second)?.result == ["ttl": 2], "what was asked stays")
    }
}
