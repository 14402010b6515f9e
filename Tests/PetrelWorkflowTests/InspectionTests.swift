import PetrelCore
import PetrelWorkflow
import Testing

@Suite("Workflow inspection")
struct InspectionTests {
    private static func warnings(_ next: String) throws -> [WorkflowFinding] {
        let text =
            "version: 1.0\ntasks:\n  a:\n    action: core.noop\n    next:\n      - \(next)\n  b: {action: core.noop}\n"
        return WorkflowInspection(try WorkflowDefinition(text, file: "w.yaml")).warnings
    }

    @Test(
        "a condition that is always true is warned of, with its line",
        arguments: ["when: <% succeeded %>", "when: yes it is", "when: <% failed() %> or <% succeeded() %>"])
    func alwaysTrue(_ condition: String) throws {
        let found = try Self.warnings("\(condition)\n        do: b")
        #expect(found.count == 1)
        #expect(found.first?.location.line == 6)
        #expect(found.first?.suggestion != nil)
    }

    @Test("an unquoted word in an inline publish is warned of")
    func unquoted() throws {
        let found = try Self.warnings("publish: a=word b=2 c=\"x d=y\"\n        do: b")
        #expect(found.map(\.message) == ["The value of \"a\" is an unquoted word and is dropped."])
    }

    @Test("a task that nothing leads to from the start is warned of")
    func unreachable() throws {
        let text = "version: 1.0\ntasks:\n  s: {action: core.noop}\n  a: {next: [{do: b}]}\n  b: {next: [{do: a}]}\n"
        let inspection = WorkflowInspection(try WorkflowDefinition(text, file: "w.yaml"))
        #expect(inspection.isClean)
        #expect(inspection.warnings.map(\.specPath) == ["tasks.a", "tasks.b"])
    }

    @Test("an ordinary workflow has neither findings nor warnings")
    func clean() throws {
        #expect(try Self.warnings("when: <% succeeded() %>\n        publish: a=<% result() %>\n        do: b").isEmpty)
    }

    @Test("a finding names file, line and column, and suggests the task that was meant")
    func location() throws {
        let text = "version: 1.0\ntasks:\n  a:\n    next:\n      - do: bulid\n  build: {action: core.noop}\n"
        let finding = try #require(WorkflowInspection(try WorkflowDefinition(text, file: "w.yaml")).findings.first)
        #expect(finding.location.description.hasPrefix("w.yaml:5:"))
    }
}

@Suite("Workflow drawing")
struct WorkflowDrawingTests {
    @Test("the drawing has every task, transition and status, with special characters escaped")
    func drawing() throws {
        let text = """
            version: 1.0
            tasks:
              a: {action: core.noop, next: [{when: "<% succeeded() and '\\"' != 1 %>", do: b}]}
              b: {action: core.noop}
            """
        let definition = try WorkflowDefinition(text, file: "w.yaml")
        var conductor = Conductor(definition)
        try conductor.request(.running)
        _ = conductor.nextTasks()
        try conductor.report(TaskEvent("a", route: 0, .running))
        let drawing = WorkflowGraphText(definition, of: conductor)
        #expect(drawing.dot.contains("n0 -> n1 [label=\"<% succeeded() and '\\\"' != 1 %>\"]"))
        #expect(drawing.dot.contains("running"))
        #expect(drawing.svg.contains("&lt;% succeeded() and '&quot;' != 1 %&gt;"))
        #expect(drawing.svg.hasSuffix("</svg>\n"))
    }
}
