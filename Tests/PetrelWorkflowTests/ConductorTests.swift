import Foundation
import PetrelCore
import PetrelWorkflow
import Testing

@Suite("Conductor")
struct ConductorTests {
    private static func started(_ tasks: String) throws -> Conductor {
        var conductor = Conductor(try WorkflowDefinition("version: 1.0\n" + tasks, file: "w.yaml"))
        try conductor.request(.running)
        return conductor
    }

    /// Starts all that is offered and returns the names.
    @discardableResult
    private static func start(_ conductor: inout Conductor) throws -> [String] {
        try conductor.nextTasks().map { request in
            for action in request.actions {
                try conductor.report(TaskEvent(request.taskID, route: request.route, .running, itemID: action.itemID))
            }
            return request.taskID
        }
    }

    @Test("an item whose inquiry is answered while its task counts as paused lets the workflow go on")
    func answeredItem() throws {
        var conductor = try Self.started(
            "tasks:\n  t: {with: \"<% [1, 2] %>\", action: core.ask, next: [{do: u}]}\n  u: {action: core.noop}\n")
        try Self.start(&conductor)
        try conductor.report(TaskEvent("t", route: 0, .succeeded, result: 1, itemID: 0, itemResults: [1, nil]))
        try conductor.report(TaskEvent("t", route: 0, .pending, itemID: 1))
        #expect(conductor.status == .paused)
        try conductor.request(.resuming)
        try conductor.report(TaskEvent("t", route: 0, .succeeded, result: 2, itemID: 1, itemResults: [1, 2]))
        #expect(try Self.start(&conductor) == ["u"])
    }

    @Test("a task that times out before it ran fails the workflow")
    func earlyTimeout() throws {
        var conductor = try Self.started("tasks:\n  t: {action: core.noop}\n")
        _ = conductor.nextTasks()
        try conductor.report(TaskEvent("t", route: 0, .requested))
        #expect(try conductor.report(TaskEvent("t", route: 0, .timeout)) == .timeout)
        #expect(conductor.status == .failed)
    }

    @Test("a resumed workflow that only a join keeps waiting ends with the error that the join can't be reached")
    func unreachableAfterPause() throws {
        var conductor = try Self.started(
            """
            tasks:
              a: {action: core.noop, next: [{do: j}]}
              b: {action: core.noop, next: [{when: <% failed() %>, do: j}]}
              j: {join: all, action: core.noop}
            """)
        try Self.start(&conductor)
        try conductor.request(.pausing)
        try conductor.report(TaskEvent("a", route: 0, .succeeded))
        try conductor.report(TaskEvent("b", route: 0, .succeeded))
        #expect(conductor.status == .paused)
        try conductor.request(.resuming)
        #expect(conductor.status == .failed)
        #expect(conductor.errors.first?.message.contains("j|0") == true)
    }

    @Test("a rerun is refused when nothing has failed, and the workflow stays as it was")
    func needlessRerun() throws {
        var conductor = try Self.started("tasks:\n  t: {action: core.noop}\n")
        try Self.start(&conductor)
        try conductor.report(TaskEvent("t", route: 0, .succeeded))
        #expect(throws: WorkflowError.self) { try conductor.rerun() }
        #expect(conductor.status == .succeeded)
    }

    @Test("a result that looks like an expression is data")
    func resultIsData() throws {
        var conductor = try Self.started(
            """
            tasks:
              a: {action: core.noop, next: [{publish: [{x: <% result() %>}], do: b}]}
              b: {action: core.echo message=<% ctx().x %>}
            """)
        try Self.start(&conductor)
        try conductor.report(TaskEvent("a", route: 0, .succeeded, result: "<% 1 + 1 %>"))
        #expect(conductor.nextTasks().first?.actions.first?.input == ["message": "<% 1 + 1 %>"])
    }

    @Test("the state goes through JSON text and comes back equal; one that was damaged is refused")
    func storedState() throws {
        var conductor = try Self.started(
            "tasks:\n  t: {with: \"<% [1, 2] %>\", action: core.noop, retry: {count: 2}}\n")
        try Self.start(&conductor)
        try conductor.report(TaskEvent("t", route: 0, .failed, itemID: 0))
        let text = try JSONEncoder().encode([conductor.state])
        #expect(try JSONDecoder().decode([ConductorState].self, from: text) == [conductor.state])
        #expect(throws: WorkflowError.self) { _ = try ConductorState(document: ["status": "running"]) }
        let other = try WorkflowDefinition("version: 1.0\ntasks: {}\n", file: "other.yaml")
        #expect(throws: WorkflowError.self) { _ = try Conductor(other, state: conductor.state) }
    }

    @Test("what a step changes stays small when the workflow is long")
    func smallChanges() throws {
        let count = 1_500
        var tasks = "tasks:\n"
        for task in 0..<count {
            tasks += "  t\(task): {action: core.noop, next: [{publish: [{x: 1}], do: t\(task + 1)}]}\n"
        }
        var conductor = try Self.started(tasks + "  t\(count): {action: core.noop}\n")
        _ = conductor.takeChanges()
        var largest = 0
        while !conductor.status.isCompleted {
            for name in try Self.start(&conductor) { try conductor.report(TaskEvent(name, route: 0, .succeeded)) }
            largest = max(largest, JSONWriter.text(conductor.takeChanges()).utf8.count)
        }
        #expect(conductor.status == .succeeded)
        #expect(largest < 1_000)
        #expect(JSONWriter.text(conductor.state.document).utf8.count < 150 * count)
    }
}

@Suite("Conductor, where the original waits for ever")
struct ConductorLivenessTests {
    @Test("a task canceled by itself ends a loop whose items still wait")
    func canceledBesideLoop() throws {
        let text = """
            version: 1.0
            tasks:
              a: {action: core.noop}
              l: {with: {items: "<% [1, 2] %>", concurrency: 1}, action: core.noop}
            """
        var conductor = Conductor(try WorkflowDefinition(text, file: "w.yaml"))
        try conductor.request(.running)
        _ = conductor.nextTasks()
        try conductor.report(TaskEvent("a", route: 0, .running))
        try conductor.report(TaskEvent("l", route: 0, .running, itemID: 0))
        try conductor.report(TaskEvent("a", route: 0, .canceled))
        #expect(conductor.status == .canceling)
        try conductor.report(TaskEvent("l", route: 0, .succeeded, itemID: 0, itemResults: [nil, nil]))
        #expect(conductor.status == .canceled)
    }

    @Test("a loop that failed and is reached again by a cycle begins anew")
    func failedLoopAgain() throws {
        let text = """
            version: 1.0
            vars: [{turns: 0}]
            tasks:
              l:
                with: <% [1] %>
                action: core.noop
                next:
                  - when: <% failed() %>
                    do: again
              again:
                next:
                  - publish: [{turns: "<% ctx().turns + 1 %>"}]
                    do: m
              m:
                with: <% [1] %>
                action: core.noop
                next:
                  - {when: <% failed() and ctx().turns < 3 %>, publish: [{turns: "<% ctx().turns + 1 %>"}], do: m}
            """
        var conductor = Conductor(try WorkflowDefinition(text, file: "w.yaml"))
        try conductor.request(.running)
        var started: [String] = []
        while let request = conductor.nextTasks().first, started.count < 10 {
            started.append(request.taskID)
            let item = request.isItemized ? 0 : nil
            try conductor.report(TaskEvent(request.taskID, route: 0, .running, itemID: item))
            try conductor.report(
                TaskEvent(
                    request.taskID, route: 0, request.isItemized ? .failed : .succeeded, itemID: item, itemResults: [1])
            )
        }
        #expect(started == ["l", "again", "m", "m", "m"])
        #expect(conductor.status == .failed)
    }
}
