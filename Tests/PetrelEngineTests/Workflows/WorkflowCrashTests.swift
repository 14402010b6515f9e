import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Workflows over the end of a service", .timeLimit(.minutes(5)))
struct WorkflowCrashTests {
    private static let definitions = [
        "outer": """
        version: 1.0
        tasks:
          begin:
            action: test.echo message=1
            next:
              - publish: n=<% result().message %>
                do: inner, each
          inner:
            action: test.inner
            next:
              - do: both
          each:
            with:
              items: <% list(1, 2, 3) %>
              concurrency: 2
            action: test.echo message=<% item() %>
            next:
              - publish:
                  - seen: <% result().select($.message) %>
                do: both
          both:
            join: all
            action: test.echo message=<% ctx().n + 1 %>
            next:
              - publish: n=<% result().message %>
        output:
          - n: <% ctx().n %>
          - seen: <% ctx().seen %>
        """,
        "inner": """
        version: 1.0
        tasks:
          one:
            action: core.noop
            next:
              - do: two
          two:
            action: core.noop
        """,
    ]

    @Test(
        "a service that ends anywhere on the way leaves nothing undone and nothing to be done twice",
        arguments: [1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20])
    func restarts(_ stop: Int) async throws {
        let first = try WorkflowFixture(Self.definitions, owner: "first")
        let id = try await first.running {
            let stream = first.engine.events.events()
            let id = try await first.start("test.outer")
            var seen = 0
            for await _ in stream {
                seen += 1
                if seen == stop { break }
            }
            return id
        }
        let second = try WorkflowFixture(Self.definitions, owner: "second", folder: first.engine.folder)
        try await second.running {
            let done = try await second.end(of: id)
            #expect(done.result == ["output": ["n": 2, "seen": [1, 2, 3]]])
            let tasks = try await second.children(of: id).map {
                "\($0.taskName ?? "")\($0.item.map(String.init) ?? "")"
            }
            #expect(tasks.sorted() == ["begin", "both", "each0", "each1", "each2", "inner"])
        }
    }

    @Test("a thousand items run, are stored in parts, and their state stays small")
    func manyItems() async throws {
        let fixture = try WorkflowFixture(
            [
                "many": """
                version: 1.0
                tasks:
                  each:
                    with: <% list(range(1000)) %>
                    action: core.noop
                    next:
                      - publish:
                          - count: <% result().len() %>
                output:
                  - count: <% ctx().count %>
                """
            ], isRelaxed: true)
        try await fixture.running {
            let done = try await fixture.run("test.many")
            #expect(done.result == ["output": ["count": 1000]])
            let record = try #require(try await fixture.engine.store.workflow(done.id))
            let bytes = record.changes.reduce(JSONWriter.bytes(record.snapshot ?? .null).count) {
                $0 + JSONWriter.bytes($1).count
            }
            #expect(bytes < 200_000, "\(bytes) bytes, \(record.changes.count) changes")
        }
    }
}
