import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Workflows in the engine", .timeLimit(.minutes(1)))
struct WorkflowTests {
    private static let sequence = """
        version: 1.0
        input:
          - name: World
        vars:
          - greeting: none
        tasks:
          first:
            action: test.echo message=<% "Hello, " + ctx().name %>
            next:
              - when: <% succeeded() %>
                publish: greeting=<% result().message %>
                do: second
          second:
            action: test.echo
            input:
              message: <% ctx().greeting + "!" %>
            next:
              - publish:
                  - greeting: <% result().message %>
        output:
          - greeting: <% ctx().greeting %>
        """

    @Test("a workflow runs its tasks one after the other and shows its output")
    func sequence() async throws {
        let fixture = try WorkflowFixture(["hello": Self.sequence])
        try await fixture.running {
            let done = try await fixture.run("test.hello", ["name": "Ann"])
            #expect(done.status == .succeeded)
            #expect(done.result == ["output": ["greeting": "Hello, Ann!"]])
            #expect(done.log.map(\.status) == [.requested, .scheduled, .running, .succeeded])
            let children = try await fixture.children(of: done.id)
            #expect(children.map(\.taskName) == ["first", "second"])
            let first = try #require(children.first)
            #expect(first.parent == done.id)
            #expect(first.context["parent"]?["execution_id"] == .string(done.id.text))
            #expect(first.context["orquesta"]?["task_route"] == 0)
            #expect(first.context["orquesta"]?["workflow_execution_id"] == done.context["workflow_execution"])
            #expect(first.context["user"] == "ann")
        }
    }

    @Test("the default of an input counts when it is not given")
    func defaults() async throws {
        let fixture = try WorkflowFixture(["hello": Self.sequence])
        try await fixture.running {
            let done = try await fixture.run("test.hello")
            #expect(done.result == ["output": ["greeting": "Hello, World!"]])
        }
    }

    @Test("branches that fork run together and join with what both published")
    func fork() async throws {
        let fixture = try WorkflowFixture([
            "fork": """
            version: 1.0
            tasks:
              begin:
                next:
                  - do: left, right
              left:
                action: test.echo message=1
                next:
                  - publish: l=<% result().message %>
                    do: both
              right:
                action: test.echo message=2
                next:
                  - publish: r=<% result().message %>
                    do: both
              both:
                join: all
                action: test.echo message=<% ctx().l + ctx().r %>
                next:
                  - publish: sum=<% result().message %>
            output:
              - sum: <% ctx().sum %>
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.fork")
            #expect(done.result == ["output": ["sum": 3]])
        }
    }

    @Test(
        "a list is worked off in order of its items, however many at once",
        arguments: ["", "concurrency: 1", "concurrency: 3", "concurrency: 0", "concurrency: 50"])
    func items(_ concurrency: String) async throws {
        let fixture = try WorkflowFixture([
            "items": """
            version: 1.0
            input:
              - xs
            tasks:
              each:
                with:
                  items: <% ctx().xs %>
                  \(concurrency)
                action: test.echo message=<% item() %>
                next:
                  - publish:
                      - seen: <% result().select($.message) %>
            output:
              - seen: <% ctx().seen %>
            """
        ])
        try await fixture.running {
            let xs: Value = [1, "two", nil, [3], ["a": 4]]
            let done = try await fixture.run("test.items", ["xs": xs])
            #expect(done.result == ["output": ["seen": xs]])
            #expect(try await fixture.run("test.items", ["xs": []]).result == ["output": ["seen": []]])
        }
    }

    @Test("lists in lists: each item starts a workflow with a list of its own, empty ones too")
    func nestedLists() async throws {
        let fixture = try WorkflowFixture([
            "outer": """
            version: 1.0
            input:
              - lists
            tasks:
              each:
                with:
                  items: <% ctx().lists %>
                  concurrency: 2
                action: test.inner
                input:
                  xs: <% item() %>
                next:
                  - publish:
                      - seen: <% result().select($.output.seen) %>
            output:
              - seen: <% ctx().seen %>
            """,
            "inner": """
            version: 1.0
            input:
              - xs
            tasks:
              each:
                with:
                  items: <% ctx().xs %>
                  concurrency: 3
                action: test.echo message=<% item() %>
                next:
                  - publish:
                      - seen: <% result().select($.message) %>
            output:
              - seen: <% ctx().seen %>
            """,
        ])
        try await fixture.running {
            let lists: Value = [[1, 2, 3, 4], [], [nil], [[5]]]
            let done = try await fixture.run("test.outer", ["lists": lists])
            #expect(done.result == ["output": ["seen": lists]])
        }
    }

    @Test("an item's retry and delay hold nothing else back, and its last try counts")
    func retriedList() async throws {
        let fixture = try WorkflowFixture([
            "items": """
            version: 1.0
            tasks:
              each:
                with: <% list(succeeded, failed) %>
                action: test.echo
                input:
                  status: <% item() %>
                retry:
                  count: 2
                next:
                  - when: <% failed() %>
                    publish: tries=<% result().len() %>
                    do: noop
            output:
              - tries: <% ctx().tries %>
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.items")
            #expect(done.status == .succeeded)
            #expect(done.result == ["output": ["tries": 2]])
            // Each try takes the whole list again, as in the original.
            #expect(try await fixture.children(of: done.id).count == 6)
        }
    }

    @Test("an item that fails fails the task when all have ended, and the error names it")
    func failingItem() async throws {
        let fixture = try WorkflowFixture([
            "items": """
            version: 1.0
            tasks:
              each:
                with: <% list(succeeded, failed, succeeded) %>
                action: test.echo
                input:
                  status: <% item() %>
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.items")
            #expect(done.status == .failed)
            #expect(try await fixture.children(of: done.id).count == 3)
            #expect(done.result?["errors"]?.array?.first?["task_id"] == "each")
        }
    }

    @Test("a failure that no transition takes up fails the workflow, with the result among the errors")
    func failure() async throws {
        let fixture = try WorkflowFixture([
            "fail": """
            version: 1.0
            tasks:
              only:
                action: test.echo message=oops status="failed"
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.fail")
            #expect(done.status == .failed)
            let expected: Value = [
                "output": nil,
                "errors": [
                    [
                        "type": "error", "message": "Execution failed. See result for details.", "task_id": "only",
                        "result": ["message": nil],
                    ]
                ],
            ]
            #expect(done.result == expected)
        }
    }

    @Test("what cleans up after a failure runs to its end although the workflow has failed")
    func cleanUp() async throws {
        let fixture = try WorkflowFixture([
            "fail": """
            version: 1.0
            tasks:
              only:
                action: test.echo
                input:
                  status: failed
                next:
                  - when: <% failed() %>
                    do: cleanup, fail
              cleanup:
                with:
                  items: <% list(1, 2, 3) %>
                  concurrency: 1
                action: test.echo message=<% item() %>
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.fail")
            _ = try await fixture.wait(for: .failed, of: id)
            let last = try await fixture.child("cleanup", of: id, .succeeded)
            #expect(last.parent == id)
        }
    }

    @Test("a definition that inspection finds fault with fails with the findings, and starts nothing")
    func inspection() async throws {
        let fixture = try WorkflowFixture([
            "bad": """
            version: 1.0
            tasks:
              only:
                action: no.such
                next:
                  - do: nowhere
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.bad")
            #expect(done.status == .failed)
            let messages = done.result?["errors"]?.array?.compactMap { $0["message"]?.string } ?? []
            #expect(messages.contains("The action \"no.such\" is not registered in the database."))
            #expect(messages.contains("The task \"nowhere\" is not defined."))
            #expect(try await fixture.children(of: done.id).isEmpty)
        }
    }

    @Test("an action that an expression names and that there is not fails the workflow at its task")
    func unknownAction() async throws {
        let fixture = try WorkflowFixture([
            "dynamic": """
            version: 1.0
            input:
              - what
            tasks:
              only:
                action: <% ctx().what %>
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.dynamic", ["what": "no.such"])
            #expect(done.status == .failed)
            let error = done.result?["errors"]?.array?.first
            #expect(error?["task_id"] == "only")
            #expect(error?["message"] == "InvalidActionReferencedException: Action \"no.such\" cannot be found.")
        }
    }

    @Test("a workflow starts another one and sees its output")
    func nested() async throws {
        let fixture = try WorkflowFixture([
            "hello": Self.sequence,
            "outer": """
            version: 1.0
            tasks:
              inner:
                action: test.hello name="Bob"
                next:
                  - publish: said=<% result().output.greeting %>
            output:
              - said: <% ctx().said %>
            """,
        ])
        try await fixture.running {
            let done = try await fixture.run("test.outer")
            #expect(done.result == ["output": ["said": "Hello, Bob!"]])
            #expect(try await fixture.engine.store.children(of: done.id, depth: -1, limit: 10).count == 3)
        }
    }

    @Test("a workflow that starts itself without end is stopped")
    func recursion() async throws {
        let fixture = try WorkflowFixture([
            "self": """
            version: 1.0
            tasks:
              again:
                action: test.self
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.self")
            #expect(done.status == .failed)
        }
    }

    @Test("a task that is tried again runs as often as its retry says, later tries after their delay")
    func retry() async throws {
        let fixture = try WorkflowFixture([
            "retry": """
            version: 1.0
            tasks:
              only:
                action: test.echo message=x status="failed"
                retry:
                  count: 2
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.retry")
            #expect(done.status == .failed)
            #expect(fixture.echo.starts.count == 3)
        }
    }

    @Test("a task's delay holds its action back, not the workflow")
    func delay() async throws {
        let fixture = try WorkflowFixture([
            "delay": """
            version: 1.0
            tasks:
              only:
                delay: 30
                action: test.echo message="x"
            """
        ])
        try await fixture.running {
            let id = try await fixture.start("test.delay")
            let child = try await fixture.child("only", of: id, .requested)
            #expect(child.delay == .seconds(30))
            fixture.engine.clock.advance(by: .seconds(31))
            fixture.engine.scheduler.nudge()
            #expect(try await fixture.end(of: id).status == .succeeded)
        }
    }

    @Test("the functions st2kv and task give keys and records of tasks")
    func functions() async throws {
        let fixture = try WorkflowFixture([
            "functions": """
            version: 1.0
            tasks:
              one:
                action: test.echo
                input:
                  message: deep
                next:
                  - do: two
              two:
                action: test.echo
                input:
                  message: <% task(one).result.message %>
                next:
                  - publish:
                      - seen: <% result().message %>
                      - key: <% st2kv("system.none", default => "fallback") %>
                      - status: <% task(one).status %>
            output:
              - seen: <% ctx().seen %>
              - key: <% ctx().key %>
              - status: <% ctx().status %>
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.functions")
            #expect(done.result == ["output": ["seen": "deep", "key": "fallback", "status": "succeeded"]])
        }
    }

    @Test("the tasks that a workflow names in notify tell of their end where the workflow does, others don't")
    func notices() async throws {
        let fixture = try WorkflowFixture([
            "told": """
            version: 1.0
            tasks:
              one:
                action: core.noop
                next:
                  - do: two
              two:
                action: core.noop
            """
        ])
        try await fixture.running {
            let sections: Value = ["on-complete": ["routes": ["ops"], "message": "done"]]
            let done = try await fixture.run("test.told", ["notify": ["two"]], context: ["notify": sections])
            #expect(done.status == .succeeded)
            let told = try await fixture.children(of: done.id).filter { $0.context["notify"] == sections }
            #expect(told.map(\.taskName) == ["two"])
        }
    }

    @Test(
        "the tasks of a chain tell of their end where the chain does, but for those in skip_notify and with their own")
    func chainNotices() async throws {
        let fixture = try WorkflowFixture(chains: [
            "told": """
            chain:
              - name: one
                ref: core.noop
                on-success: two
              - name: two
                ref: core.noop
                on-success: three
              - name: three
                ref: core.noop
                notify:
                  on-failure:
                    routes: [other]
            """
        ])
        try await fixture.running {
            let sections: Value = ["on-complete": ["routes": ["ops"]]]
            let done = try await fixture.run("test.told", ["skip_notify": ["two"]], context: ["notify": sections])
            #expect(done.status == .succeeded)
            let told = try await fixture.children(of: done.id).map { $0.context["notify"] ?? .null }
            #expect(told == [sections, .null, ["on-failure": ["routes": ["other"]]]])
        }
    }

    @Test("workflows and chains see the configuration of their pack and the keys of the datastore")
    func surroundings() async throws {
        let fixture = try WorkflowFixture(
            [
                "flow": """
                version: 1.0
                input:
                  - region: "{{ config_context.region }}"
                tasks:
                  one:
                    action: test.echo message=<% st2kv("system.color") %>
                    next:
                      - publish: said=<% result().message %>
                output:
                  - all: <% [ctx().region, ctx().said] %>
                """
            ],
            chains: [
                "chain": """
                chain:
                  - name: one
                    ref: test.echo
                    parameters:
                      message: "{{ config_context.region }} {{ st2kv.system.color }}"
                """
            ])
        _ = try await fixture.datastore.set(.init(key: KeyName(.system, "color"), value: "blue"), by: "ann")
        try await fixture.running {
            let flow = try await fixture.run("test.flow")
            #expect(flow.result == ["output": ["all": ["north", "blue"]]])
            let chain = try await fixture.run("test.chain")
            #expect(chain.status == .succeeded)
            #expect(fixture.echo.messages.last == "north blue")
        }
    }

    @Test("tasks without an action need no execution, however many turns they make")
    func idleTasks() async throws {
        let fixture = try WorkflowFixture([
            "idle": """
            version: 1.0
            vars:
              - n: 0
            tasks:
              begin:
                next:
                  - do: turn
              turn:
                next:
                  - when: <% ctx().n < 1200 %>
                    publish: n=<% ctx().n + 1 %>
                    do: turn
            output:
              - n: <% ctx().n %>
            """
        ])
        try await fixture.running {
            let done = try await fixture.run("test.idle")
            #expect(done.result == ["output": ["n": 1200]])
            #expect(try await fixture.children(of: done.id).isEmpty)
        }
    }

    @Test("what a person said reaches a command of a task as a word, not as code")
    func escapesShells() async throws {
        let text = """
            version: 1.0
            input:
              - host
            tasks:
              yaql:
                action: core.local
                input:
                  cmd: ping <% ctx().host %>
                next:
                  - do: jinja
              jinja:
                action: core.local
                input:
                  cmd: ping {{ ctx().host }}
            """
        let fixture = try WorkflowFixture(["ping": text])
        try await fixture.running {
            _ = try await fixture.run("test.ping", ["host": "a; rm -rf /"], origin: .chat)
            _ = try await fixture.run("test.ping", ["host": "a; b"], origin: .api)
            #expect(
                fixture.echo.messages == ["ping 'a; rm -rf /'", "ping 'a; rm -rf /'", "ping a; b", "ping a; b"])
        }
    }

    @Test("each task is asked for as the person who started the workflow")
    func access() async throws {
        let fixture = try WorkflowFixture(["hello": Self.sequence])
        try await fixture.running {
            let guest = Identity(user: "gil", role: .starter)
            let refused = try await fixture.run("test.hello", by: guest)
            #expect(refused.status == .failed)
            #expect(fixture.echo.starts.isEmpty)
            let alias: ValueObject = ["action_alias_ref": ["id": "x", "name": "hello"]]
            let offered = try await fixture.run("test.hello", origin: .chat, by: guest, context: alias)
            #expect(offered.status == .succeeded, "an alias offers what its author wrote")
        }
    }
}
