import PetrelCore
import PetrelEngine
import PetrelTestKit
import Testing

@Suite("Policies on the actions of a workflow's tasks", .timeLimit(.minutes(1)))
struct WorkflowPolicyTests {
    private static let list = """
        version: 1.0
        tasks:
          each:
            with: <% list(range(5)) %>
            action: test.act
            next:
              - when: <% failed() %>
                do: mend
          mend:
            action: core.noop
        """

    private func fixture(_ type: String, _ parameters: ValueObject) throws -> WorkflowFixture {
        let policy = Policy(
            id: ContentID(stored: "00000000000000000000ab01"), ref: ContentRef(pack: "test", name: "limit"),
            summary: nil, isEnabled: true, resourceRef: "test.act", type: type, parameters: parameters,
            metadataFile: "policies/limit.yaml")
        return try WorkflowFixture(["list": Self.list], policies: [policy])
    }

    @Test("no more items run at once than the policy lets, and all of them run")
    func delayed() async throws {
        let fixture = try fixture("action.concurrency", ["threshold": 2])
        try await fixture.running {
            let id = try await fixture.start("test.list")
            for count in 1...5 {
                await fixture.engine.runner.waitForStarts(min(5, count + 1))
                let running = try await fixture.children(of: id).filter { $0.status == .running }
                #expect(running.count <= 2)
                fixture.finish(try #require(running.first))
                _ = try await fixture.engine.wait(for: .succeeded, of: try #require(running.first).id)
            }
            #expect(try await fixture.end(of: id).status == .succeeded)
            #expect(fixture.engine.runner.starts.count == 5)
        }
    }

    @Test("what the policy cancels ends the workflow as canceled, and nothing is left behind")
    func canceled() async throws {
        let fixture = try fixture("action.concurrency", ["threshold": 1, "action": "cancel"])
        try await fixture.running {
            let id = try await fixture.start("test.list")
            await fixture.engine.runner.waitForStarts(1)
            let first = try await fixture.child("each", of: id, .running)
            _ = try await fixture.child("each", of: id, .canceled)
            fixture.finish(first)
            #expect(try await fixture.end(of: id).status == .canceled)
            #expect(try await fixture.children(of: id).allSatisfy(\.status.isCompleted))
            #expect(fixture.engine.runner.starts.count == 1)
        }
    }

    @Test("a workflow that is canceled takes along what a policy holds back")
    func canceledByAPerson() async throws {
        let fixture = try fixture("action.concurrency", ["threshold": 1])
        try await fixture.running {
            let id = try await fixture.start("test.list")
            await fixture.engine.runner.waitForStarts(1)
            let running = try await fixture.child("each", of: id, .running)
            _ = try await fixture.child("each", of: id, .delayed)
            _ = try await fixture.workflows.ask(.cancel, of: id, by: fixture.admin)
            _ = try await fixture.child("each", of: id, .canceled)
            fixture.finish(running)
            #expect(try await fixture.end(of: id).status == .canceled)
            #expect(try await fixture.children(of: id).allSatisfy(\.status.isCompleted))
            #expect(fixture.engine.runner.starts.count == 1)
        }
    }

    @Test("a task is not tried again by a policy: the workflow says what comes after a failure")
    func retry() async throws {
        let fixture = try fixture("action.retry", ["retry_on": "failure", "max_retry_count": 3])
        try await fixture.running {
            let id = try await fixture.start("test.list")
            await fixture.engine.runner.waitForStarts(5)
            for child in try await fixture.children(of: id) { fixture.finish(child, .failed, ["error": "x"]) }
            #expect(try await fixture.end(of: id).status == .succeeded)
            #expect(fixture.engine.runner.starts.count == 5)
            #expect(try await fixture.children(of: id).map(\.taskName).suffix(1) == ["mend"])
        }
    }
}
