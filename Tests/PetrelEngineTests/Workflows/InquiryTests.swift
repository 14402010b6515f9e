import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Inquiries", .timeLimit(.minutes(1)))
struct InquiryTests {
    private static let ask = """
        version: 1.0
        tasks:
          approve:
            action: test.ask
            input:
              ttl: 60
              users: [ann]
              schema:
                type: object
                properties:
                  approved:
                    type: boolean
                    required: true
                  password:
                    type: string
                    secret: true
            next:
              - when: <% succeeded() %>
                publish: approved=<% result().response.approved %>
                do: act
          act:
            action: test.echo message=<% ctx().approved %>
        output:
          - approved: <% ctx().approved %>
        """

    @Test("an inquiry pauses the workflow, and its answer makes it go on")
    func answered() async throws {
        let fixture = try WorkflowFixture(["approval": Self.ask])
        try await fixture.running {
            let id = try await fixture.start("test.approval")
            let inquiry = try await fixture.child("approve", of: id, .pending)
            _ = try await fixture.wait(for: .paused, of: id)
            #expect(Inquiries.document(inquiry)["users"] == ["ann"])
            #expect(try await fixture.inquiries.pending(limit: 10).executions.map(\.id) == [inquiry.id])
            let answer = try await fixture.inquiries.respond(
                inquiry.id, with: ["approved": true, "password": "x"], by: fixture.admin)
            #expect(answer["approved"] == true)
            let done = try await fixture.end(of: id)
            #expect(done.result == ["output": ["approved": true]])
            let error = await #expect(throws: EngineError.self) {
                try await fixture.inquiries.respond(inquiry.id, with: ["approved": true], by: fixture.admin)
            }
            #expect(error?.message == "Inquiry \"\(inquiry.id)\" has already been responded to.")
        }
    }

    @Test("an answer that does not follow the schema, or comes from somebody else, is refused")
    func refused() async throws {
        let fixture = try WorkflowFixture(["approval": Self.ask])
        try await fixture.running {
            let id = try await fixture.start("test.approval")
            let inquiry = try await fixture.child("approve", of: id, .pending)
            let wrong = await #expect(throws: EngineError.self) {
                try await fixture.inquiries.respond(inquiry.id, with: ["approved": "maybe"], by: fixture.admin)
            }
            #expect(wrong?.code == .invalidAnswer)
            let stranger = await #expect(throws: EngineError.self) {
                try await fixture.inquiries.respond(
                    inquiry.id, with: ["approved": true], by: Identity(user: "bob", role: .admin))
            }
            #expect(stranger?.code == .forbidden)
            #expect(try await fixture.engine.store.execution(inquiry.id)?.status == .pending)
        }
    }

    @Test("an inquiry whose time to live is over ends as timeout, after a restart too")
    func expires() async throws {
        let first = try WorkflowFixture(["approval": Self.ask])
        let id = try await first.running {
            let id = try await first.start("test.approval")
            _ = try await first.child("approve", of: id, .pending)
            _ = try await first.wait(for: .paused, of: id)
            return id
        }
        let second = try WorkflowFixture(["approval": Self.ask], owner: "next", folder: first.engine.folder)
        second.engine.clock.advance(by: .seconds(3601))
        try await second.running {
            let done = try await second.end(of: id)
            #expect(done.status == .failed)
            #expect(try await second.children(of: id).first?.status == .timeout)
        }
    }

    @Test("a workflow that is canceled takes its inquiry with it")
    func canceled() async throws {
        let fixture = try WorkflowFixture(["approval": Self.ask])
        try await fixture.running {
            let id = try await fixture.start("test.approval")
            let inquiry = try await fixture.child("approve", of: id, .pending)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.engine.scheduler.cancel(id, by: fixture.admin)
            #expect(try await fixture.end(of: id).status == .canceled)
            #expect(try await fixture.engine.store.execution(inquiry.id)?.status == .canceled)
        }
    }

    @Test("an inquiry below another workflow pauses both, and its answer wakes both")
    func nested() async throws {
        let fixture = try WorkflowFixture([
            "approval": Self.ask,
            "outer": """
            version: 1.0
            tasks:
              inner:
                action: test.approval
                next:
                  - do: after
              after:
                action: test.echo message=1
            """,
        ])
        try await fixture.running {
            let id = try await fixture.start("test.outer")
            let inner = try await fixture.child("inner", of: id, .paused)
            let inquiry = try await fixture.child("approve", of: inner.id, .pending)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.inquiries.respond(inquiry.id, with: ["approved": true], by: fixture.admin)
            #expect(try await fixture.end(of: id).status == .succeeded)
        }
    }

    @Test("the answer to one of two inquiries leaves the workflow waiting for the other")
    func parallel() async throws {
        let fixture = try WorkflowFixture([
            "both": """
            version: 1.0
            tasks:
              one:
                action: test.ask
              two:
                action: test.ask
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.both")
            let one = try await fixture.child("one", of: id, .pending)
            let two = try await fixture.child("two", of: id, .pending)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.inquiries.respond(one.id, with: ["continue": true], by: fixture.admin)
            _ = try await fixture.child("one", of: id, .succeeded)
            _ = try await fixture.inquiries.respond(two.id, with: ["continue": true], by: fixture.admin)
            #expect(try await fixture.end(of: id).status == .succeeded)
        }
    }

    @Test("an answer does not wake a workflow that somebody paused")
    func held() async throws {
        let fixture = try WorkflowFixture([
            "mixed": """
            version: 1.0
            tasks:
              question:
                action: test.ask
                next:
                  - do: after
              work:
                action: test.act
              after:
                action: test.echo message=1
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.mixed")
            let work = try await fixture.child("work", of: id, .running)
            let question = try await fixture.child("question", of: id, .pending)
            _ = try await fixture.wait(for: .pausing, of: id)
            fixture.finish(work)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.workflows.ask(.resume, of: id, by: fixture.admin)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.inquiries.respond(question.id, with: ["continue": true], by: fixture.admin)
            #expect(try await fixture.end(of: id).status == .succeeded)
        }
    }

    @Test("an inquiry in an action chain pauses it, and the chain goes on with the answer")
    func chain() async throws {
        let fixture = try WorkflowFixture(chains: [
            "chain": """
            chain:
              - name: ask
                ref: test.ask
                on-success: tell
              - name: tell
                ref: test.echo
                parameters:
                  message: "{{ ask.response.continue }}"
                publish:
                  said: "{{ tell.message }}"
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.chain")
            let inquiry = try await fixture.child("ask", of: id, .pending)
            _ = try await fixture.wait(for: .paused, of: id)
            _ = try await fixture.inquiries.respond(inquiry.id, with: ["continue": true], by: fixture.admin)
            let done = try await fixture.end(of: id)
            #expect(done.status == .succeeded)
            #expect(done.result?["published"] == ["said": "True"])
        }
    }
}
