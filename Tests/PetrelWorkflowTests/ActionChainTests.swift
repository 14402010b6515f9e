import PetrelCore
import PetrelExpressions
import PetrelWorkflow
import Testing

@Suite("Action chain")
struct ActionChainTests {
    private static let text = """
        vars:
          greeting: hello {{ who }}
        chain:
          - name: c1
            ref: core.local
            parameters: {cmd: "echo {{ greeting }}", list: ["{{ who }}", 1], plain: 5}
            publish: {out: "{{ c1.stdout }}"}
            on-success: c2
            on-failure: c3
          - name: c2
            ref: core.local
            params: {cmd: "{{ out }} {{ c1.code }} {{ __results.c1.stdout }}"}
          - name: c3
            ref: core.noop
            notify: {on-complete: {routes: [x]}}
        """

    private static func run(_ text: String = text) throws -> ActionChainRun {
        let chain = try ActionChain(text, file: "chain.yaml")
        return ActionChainRun(
            chain, in: .init(parameters: ["who": "you"], templates: JinjaContext(), notify: ["on-success": [:]]))
    }

    private let now = Instant(microseconds: 1_700_000_000_000_000)

    private func request(_ step: ActionChainRun.Step) throws -> ActionChainRun.TaskRequest {
        guard case .start(let request) = step else {
            Issue.record("\(step) is no start")
            throw CoreError(.invalidInput, "no start")
        }
        return request
    }

    @Test("a success leads to on-success, with variables, results and published values in its parameters")
    func success() throws {
        var run = try Self.run()
        let first = try request(run.begin(at: now))
        #expect(first.parameters == ["cmd": "echo hello you", "list": ["you", 1], "plain": 5])
        run.started(executionID: "e1", liveActionID: "l1", at: now)
        let second = try request(run.ended(.succeeded, result: ["stdout": "ok", "code": 0], at: now))
        #expect(second.name == "c2")
        #expect(second.parameters == ["cmd": "ok 0 ok"])
        run.started(executionID: "e2", liveActionID: "l2", at: now)
        guard case .finish(.succeeded) = run.ended(.succeeded, result: ["stdout": ""], at: now) else {
            Issue.record("not finished")
            return
        }
        #expect(run.result["published"] == ["out": "ok"])
        #expect(run.result["tasks"]?.array?.compactMap { $0["name"]?.string } == ["c1", "c2"])
        #expect(run.result["tasks"]?.array?.first?["created_at"] == "2023-11-14T22:13:20.000000Z")
    }

    @Test("a failure leads to on-failure, whose own notify counts")
    func failure() throws {
        var run = try Self.run()
        _ = run.begin(at: now)
        run.started(executionID: "e1", liveActionID: "l1", at: now)
        let next = try request(run.ended(.timeout, result: ["stdout": "late"], at: now))
        #expect(next.name == "c3")
        #expect(next.notify == ["on-complete": ["routes": ["x"]]])
    }

    @Test("a publish that can't be rendered fails the chain and says which")
    func badPublish() throws {
        var run = try Self.run()
        _ = run.begin(at: now)
        run.started(executionID: "e1", liveActionID: "l1", at: now)
        guard case .finish(.failed) = run.ended(.succeeded, result: ["code": 0], at: now) else {
            Issue.record("not failed")
            return
        }
        #expect(run.result["error"]?.string?.contains("publish parameter \"out\" in task \"c1\"") == true)
    }

    @Test("a pause takes effect when the task has ended, outlives a restart, and resuming goes on with the next task")
    func pause() throws {
        var run = try Self.run()
        _ = run.begin(at: now)
        run.started(executionID: "e1", liveActionID: "l1", at: now)
        _ = run.pause()
        guard case .pause = run.ended(.succeeded, result: ["stdout": "ok", "code": 1], at: now) else {
            Issue.record("not paused")
            return
        }
        let chain = try ActionChain(Self.text, file: "chain.yaml")
        let surroundings = ActionChainRun.Surroundings(parameters: ["who": "you"], templates: JinjaContext())
        var restored = try ActionChainRun(chain, in: surroundings, document: run.document)
        #expect(restored.document == run.document)
        #expect(try request(restored.resume(at: now)).parameters == ["cmd": "ok 1 ok"])
    }

    @Test("a paused task is resumed with the chain, and its end leads on")
    func pausedTask() throws {
        var run = try Self.run()
        _ = run.begin(at: now)
        run.started(executionID: "e1", liveActionID: "l1", at: now)
        _ = run.ended(.paused, result: .null, at: now)
        guard case .resume("e1") = run.resume(at: now) else {
            Issue.record("not resumed")
            return
        }
        #expect(try request(run.ended(.succeeded, result: ["stdout": "s", "code": 0], at: now)).name == "c2")
    }

    @Test("a cancel ends the chain when the task at work has ended")
    func cancel() throws {
        var run = try Self.run()
        _ = run.begin(at: now)
        run.started(executionID: "e1", liveActionID: "l1", at: now)
        guard case .wait = run.cancel(),
            case .finish(.canceled) = run.ended(.canceled, result: ["stdout": ""], at: now)
        else {
            Issue.record("not canceled")
            return
        }
    }

    @Test(
        "a chain that can't run is refused with the place",
        arguments: [
            ("chain: [{name: a, ref: x.y, on-success: b}]", "Unable to find node with name \"b\""),
            ("chain: [{name: a}]", "has no action"), ("chain: []", "no list of tasks"), ("- a", "not an object"),
            ("chain: [{name: a, ref: x.y, foo: 1}]", "Unknown key \"foo\""),
            ("chain: [{name: a, ref: x.y}]\ndefault: z", "referenced in \"default\""),
            ("chain: [{name: a, ref: x.y, params: {a: 1}, parameters: {b: 1}}]", "but not both"),
        ])
    func refused(_ text: String, _ message: String) {
        let error = #expect(throws: WorkflowError.self) { _ = try ActionChain(text, file: "chain.yaml") }
        #expect(error?.message.contains(message) == true)
        #expect(error?.location != nil)
    }

    @Test("without a default the first task that no other names is the first")
    func first() throws {
        let chain = try ActionChain(
            "chain: [{name: b, ref: x.y}, {name: a, ref: x.y, on-success: b}]", file: "chain.yaml")
        #expect(chain.first == "a")
    }
}
