import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Executions shown from the texts of their rows", .timeLimit(.minutes(1)))
struct ExecutionTextTests {
    /// An action that takes a text, with such metadata.
    private static func action(_ document: ValueObject = [:]) -> Action {
        let word = Parameter(kind: .string, defaultValue: nil, isSecret: false, schema: [:])
        let sample = Samples.action(parameters: ["word": word])
        return Action(
            id: sample.id, ref: sample.ref, summary: sample.summary, isEnabled: true, runner: sample.runner,
            entryPoint: "", parameters: sample.parameters, packPath: "", metadataFile: sample.metadataFile,
            document: sample.document.merging(document) { _, new in new })
    }

    /// What an execution of an action is shown as by both ways; the text is nil where it leaves it to the other.
    private func shown(
        _ action: Action = action(), parameters: ValueObject = [:], context: ValueObject = [:],
        outcome: RunOutcome?, delay: Duration = .zero
    ) async throws -> (text: String?, document: String) {
        let engine = try EngineFixture(automatic: outcome)
        engine.catalog.replace(with: Catalog(actions: [action]))
        let documents = ExecutionDocuments(runners: engine.runners, digest: PlainDigest())
        let scheduler = Task { if outcome != nil { await engine.scheduler.run() } }
        defer { scheduler.cancel() }
        var request = engine.request()
        request.parameters = parameters
        request.context = context
        request.delay = delay
        let id = try await engine.submission.submit(request).id
        if let outcome { _ = try await engine.wait(for: outcome.status, of: id) }
        let texts = try #require(try await engine.store.executionTexts(id))
        let execution = try #require(try await engine.store.execution(id))
        return (
            documents.text(of: texts).map { String(decoding: $0, as: UTF8.self) },
            JSONWriter.text(.object(documents.document(execution)))
        )
    }

    @Test("both ways say the very same")
    func same() async throws {
        let odd: Value = [
            "stdout": "a \"quoted\" line\n\u{1F600} \u{7F}", "list": [1, 2.5, 1e300, .null, true], "empty": [:],
        ]
        let cases: [(ValueObject, ValueObject, RunOutcome?, Duration)] = [
            ([:], [:], RunOutcome(status: .succeeded, result: odd), .zero),
            (["word": "x"], ["note": "\u{1}"], RunOutcome(status: .failed, result: [:]), .zero),
            ([:], [:], nil, .zero), ([:], [:], nil, .seconds(3)),
        ]
        for (parameters, context, outcome, delay) in cases {
            let shown = try await shown(parameters: parameters, context: context, outcome: outcome, delay: delay)
            #expect(shown.text == shown.document)
        }
    }

    @Test("what may have to be starred or worked out is left to the other way")
    func left() async throws {
        let done = RunOutcome(status: .succeeded, result: ["stdout": "open sesame"])
        let secret = Self.action(["parameters": ["word": ["type": "string", "secret": true]]])
        let schema = Self.action(["output_schema": ["stdout": ["type": "string", "secret": true]]])
        #expect(try await shown(secret, parameters: ["word": "sesame"], outcome: done).text == nil)
        #expect(try await shown(schema, outcome: done).text == nil)
        for key in ["rule", "trigger_instance"] {
            let cause: ValueObject = [key: ["id": "5f", "name": "pack.rule"]]
            #expect(try await shown(context: cause, outcome: done).text == nil)
        }
    }

    @Test("a secret answer to an inquiry is starred wherever a result is shown")
    func secretAnswer() throws {
        let engine = try EngineFixture()
        let documents = ExecutionDocuments(runners: engine.runners, digest: PlainDigest())
        var execution = Samples.execution(1)
        execution.runner = "inquirer"
        execution.result = [
            "schema": ["properties": ["password": ["type": "string", "secret": true]]],
            "response": ["password": "open sesame", "note": "fine"],
        ]
        let shown = [
            documents.document(execution)["result"], documents.liveAction(execution)["result"],
            documents.maskedResult(execution),
        ]
        let starred: Value = ["password": .string(secretMask), "note": "fine"]
        for result in shown { #expect(result?["response"] == starred) }
    }
}
