import PetrelCore
import PetrelWorkflow
import Testing

@Suite("Loop over items")
struct ItemLoopTests {
    private static func conductor(_ list: String, concurrency: String = "null") throws -> Conductor {
        let text = """
            version: 1.0
            tasks:
              t:
                with: {items: "<% \(list) %>", concurrency: \(concurrency)}
                action: core.echo message=<% item() %>
                next:
                  - publish:
                      - r: <% result() %>
            output:
              - r: <% ctx().get(r) %>
            """
        var conductor = Conductor(try WorkflowDefinition(text, file: "loop.yaml"))
        try conductor.request(.running)
        return conductor
    }

    /// Runs all items to their end and returns how many ran at once at most.
    private static func run(_ conductor: inout Conductor, count: Int, failing: Set<Int> = []) throws -> Int {
        var (open, most): ([Int], Int) = ([], 0)
        var results = [Value](repeating: .null, count: count)
        while !conductor.status.isCompleted {
            for request in conductor.nextTasks() {
                if request.actions.isEmpty {
                    try conductor.report(TaskEvent("t", route: 0, .running))
                    try conductor.report(TaskEvent("t", route: 0, .succeeded, result: []))
                }
                for action in request.actions {
                    let item = try #require(action.itemID)
                    try conductor.report(TaskEvent("t", route: 0, .running, itemID: item))
                    open.append(item)
                }
            }
            most = max(most, open.count)
            guard let item = open.popLast() else { break }
            results[item] = .integer(item)
            try conductor.report(
                TaskEvent(
                    "t", route: 0, failing.contains(item) ? .failed : .succeeded, result: .integer(item), itemID: item,
                    itemResults: results))
        }
        conductor.renderOutput()
        return most
    }

    @Test("an empty list succeeds at once with an empty result")
    func empty() throws {
        var conductor = try Self.conductor("[]")
        _ = try Self.run(&conductor, count: 0)
        #expect(conductor.status == .succeeded)
        #expect(conductor.output == ["r": []])
    }

    @Test(
        "every item runs, never more at once than the concurrency allows",
        arguments: [("0", 1), ("1", 1), ("3", 3), ("50", 7), ("null", 7)])
    func concurrency(_ limit: String, _ expected: Int) throws {
        var conductor = try Self.conductor("list(range(7))", concurrency: limit)
        #expect(try Self.run(&conductor, count: 7) == expected)
        #expect(conductor.status == .succeeded)
        #expect(conductor.output?["r"]?.array?.count == 7)
    }

    @Test("null items run like any other")
    func nulls() throws {
        var conductor = try Self.conductor("[null, null]")
        _ = try Self.run(&conductor, count: 2)
        #expect(conductor.status == .succeeded)
    }

    @Test("a failing item fails the task after all others have run")
    func failing() throws {
        var conductor = try Self.conductor("list(range(4))", concurrency: "2")
        _ = try Self.run(&conductor, count: 4, failing: [1])
        #expect(conductor.status == .failed)
        #expect(conductor.errors.count == 1)
    }

    @Test("a rerun offers only the items that failed")
    func rerun() throws {
        var conductor = try Self.conductor("list(range(4))")
        _ = try Self.run(&conductor, count: 4, failing: [1, 3])
        try conductor.rerun()
        #expect(conductor.nextTasks().first?.actions.map(\.itemID) == [1, 3])
    }

    @Test("ten thousand items are conducted in a time that grows with their number")
    func many() throws {
        var conductor = try Self.conductor("list(range(10000))", concurrency: "5")
        _ = try Self.run(&conductor, count: 10_000)
        #expect(conductor.status == .succeeded)
    }
}
