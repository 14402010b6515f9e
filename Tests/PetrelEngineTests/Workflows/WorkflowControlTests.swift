import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Pausing, canceling and running workflows again", .timeLimit(.minutes(1)))
struct WorkflowControlTests {
    private static let two = """
        version: 1.0
        tasks:
          one:
            action: test.act
            next:
              - when: <% succeeded() %>
                do: two
          two:
            action: test.act
        """
    private static let outer = """
        version: 1.0
        tasks:
          inner:
            action: test.two
        """

    @Test("a paused workflow lets its task end, starts nothing, and goes on when it is resumed")
    func pause() async throws {
        let fixture = try WorkflowFixture(["two": Self.two])
        try await fixture.running {
            let id = try await fixture.start("test.two")
            let one = try await fixture.child("one", of: id, .running)
            guard case .taken = try await fixture.workflows.ask(.pause, of: id, by: fixture.admin) else {
                Issue.record("not taken")
                return
            }
            fixture.finish(one)
            let paused = try await fixture.wait(for: .paused, of: id)
            #expect(paused.context["paused_by"] == "ann")
            #expect(try await fixture.children(of: id).count == 1)
            _ = try await fixture.workflows.ask(.resume, of: id, by: fixture.admin)
            fixture.finish(try await fixture.child("two", of: id, .running))
            #expect(try await fixture.end(of: id).status == .succeeded)
        }
    }

    @Test("pause, resume and cancel reach the workflows below")
    func cascades() async throws {
        let fixture = try WorkflowFixture(["two": Self.two, "outer": Self.outer])
        try await fixture.running {
            let id = try await fixture.start("test.outer")
            let inner = try await fixture.child("inner", of: id, .running)
            let one = try await fixture.child("one", of: inner.id, .running)
            _ = try await fixture.workflows.ask(.pause, of: id, by: fixture.admin)
            // Until the wish has reached it, the inner one goes on when its task ends.
            _ = try await fixture.wait(for: .pausing, of: inner.id)
            fixture.finish(one)
            _ = try await fixture.wait(for: .paused, of: inner.id)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.workflows.ask(.resume, of: id, by: fixture.admin)
            let two = try await fixture.child("two", of: inner.id, .running)
            _ = try await fixture.engine.scheduler.cancel(id, by: fixture.admin)
            _ = try await fixture.wait(for: .canceling, of: inner.id)
            fixture.finish(two)
            #expect(try await fixture.end(of: inner.id).status == .canceled)
            #expect(try await fixture.end(of: id).status == .canceled)
        }
    }

    @Test("a canceled workflow waits for its running task and starts nothing more")
    func cancel() async throws {
        let fixture = try WorkflowFixture(["two": Self.two])
        try await fixture.running {
            let id = try await fixture.start("test.two")
            let one = try await fixture.child("one", of: id, .running)
            _ = try await fixture.engine.scheduler.cancel(id, by: fixture.admin)
            #expect(try await fixture.engine.store.execution(id)?.status == .canceling)
            fixture.finish(one)
            let done = try await fixture.end(of: id)
            #expect(done.status == .canceled)
            #expect(done.context["cancelled_by"] == "ann")
            #expect(try await fixture.children(of: id).count == 1)
        }
    }

    @Test("a paused workflow can be canceled, and a task that waits for its delay with it")
    func cancelWaiting() async throws {
        let fixture = try WorkflowFixture([
            "slow": """
            version: 1.0
            tasks:
              only:
                delay: 3600
                action: test.act
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.slow")
            let child = try await fixture.child("only", of: id, .requested)
            _ = try await fixture.engine.scheduler.cancel(id, by: fixture.admin)
            #expect(try await fixture.end(of: id).status == .canceled)
            #expect(try await fixture.engine.store.execution(child.id)?.status == .canceled)
        }
    }

    @Test("only a running workflow can be paused, and only a paused one resumed")
    func refusals() async throws {
        let fixture = try WorkflowFixture(["two": Self.two])
        try await fixture.running {
            let id = try await fixture.start("test.two")
            let one = try await fixture.child("one", of: id, .running)
            guard case .unchanged = try await fixture.workflows.ask(.resume, of: id, by: fixture.admin),
                case .unknown = try await fixture.workflows.ask(.pause, of: one.id, by: fixture.admin)
            else {
                Issue.record("neither may change anything")
                return
            }
            fixture.finish(one, .failed)
            _ = try await fixture.end(of: id)
            guard case .refused = try await fixture.workflows.ask(.pause, of: id, by: fixture.admin) else {
                Issue.record("it has ended")
                return
            }
        }
    }

    @Test("a re-run of a task takes the failed workflow up again where it failed")
    func rerun() async throws {
        let fixture = try WorkflowFixture(["two": Self.two])
        try await fixture.running {
            let id = try await fixture.start("test.two")
            fixture.finish(try await fixture.child("one", of: id, .running))
            fixture.finish(try await fixture.child("two", of: id, .running), .failed)
            let failed = try await fixture.end(of: id)
            #expect(failed.status == .failed)
            let again: ValueObject = ["re-run": ["ref": .string(id.text), "tasks": ["two"], "reset": []]]
            let next = try await fixture.start("test.two", context: again)
            fixture.finish(try await fixture.child("two", of: next, .running))
            let done = try await fixture.end(of: next)
            #expect(done.status == .succeeded)
            #expect(try await fixture.children(of: next).count == 1)
            #expect(done.context["workflow_execution"] == failed.context["workflow_execution"])
        }
    }

    @Test("a re-run of a list runs only the items that failed, unless all are reset", arguments: [false, true])
    func rerunItems(_ isReset: Bool) async throws {
        let fixture = try WorkflowFixture([
            "items": """
            version: 1.0
            tasks:
              each:
                with: <% [1, 2, 3] %>
                action: test.act
                next:
                  - publish:
                      - all: <% result() %>
            output:
              - all: <% ctx().all %>
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.items")
            for item in 0..<3 {
                let child = try await child(item, of: id, fixture)
                fixture.finish(child, item == 1 ? .failed : .succeeded, ["first": .integer(item)])
            }
            #expect(try await fixture.end(of: id).status == .failed)
            let reset: Value = isReset ? ["each"] : []
            let next = try await fixture.start(
                "test.items", context: ["re-run": ["ref": .string(id.text), "tasks": ["each"], "reset": reset]])
            for item in isReset ? [0, 1, 2] : [1] {
                fixture.finish(try await child(item, of: next, fixture), .succeeded, ["second": .integer(item)])
            }
            let done = try await fixture.end(of: next)
            #expect(done.status == .succeeded)
            let kept: Value = isReset ? ["second": 0] : ["first": 0]
            #expect(done.result?["output"]?["all"]?.array?.first == kept)
            #expect(done.result?["output"]?["all"]?.array?[1] == ["second": 1])
        }
    }

    private func child(_ item: Int, of id: ExecutionID, _ fixture: WorkflowFixture) async throws -> Execution {
        let stream = fixture.engine.events.events()
        while true {
            let found = try await fixture.children(of: id).first { $0.item == item && $0.status == .running }
            if let found { return found }
            var iterator = stream.makeAsyncIterator()
            _ = await iterator.next()
        }
    }
}
