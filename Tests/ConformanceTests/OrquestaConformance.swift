import Foundation
import PetrelCore
import PetrelExpressions
import PetrelWorkflow
import Testing

/// The recorded workflows: each is inspected, composed and conducted step by step as the original was.
@Suite("Orquesta vectors")
struct OrquestaConformance {
    @Test("every recorded workflow is inspected and conducted as the original did")
    func records() throws {
        let known = RecordedActions(
            try ConformanceFile.document("orquesta-known-actions.json"))
        let folder = ConformanceFile.folder.appending(path: "orquesta")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        var passed = 0
        var failures: [String] = []
        for file in files.sorted() {
            var replay = Replay(try ConformanceFile.document("orquesta/" + file), known)
            replay.run()
            if replay.differences.isEmpty { passed += 1 } else { failures.append("\(file): \(replay.differences[0])") }
        }
        print("orquesta passed=\(passed) failed=\(failures.count)")
        if ConformanceFile.isVerbose {
            for failure in failures { print(failure) }
        }
        #expect(Double(passed) >= 0.995 * Double(passed + failures.count))
        #expect(passed > 0)
    }

    @Test("the state machines are the recorded ones")
    func stateMachines() throws {
        let tables = try ConformanceFile.document("orquesta-state-machines.json")
        for (name, machine) in [("workflow", StateMachine.workflow), ("task", StateMachine.task)] {
            for (from, events) in tables[name]?.object ?? [:] {
                let status = try #require(WorkflowStatus(rawValue: from))
                for (event, to) in events.object ?? [:] {
                    #expect(machine.next(status, event)?.rawValue == to.string, "\(name) \(from) \(event)")
                }
            }
        }
    }
}

/// The actions that were registered when the vectors were recorded.
private struct RecordedActions: KnownActions {
    let document: Value

    init(_ document: Value) { self.document = document }

    func parameters(of ref: String) -> [WorkflowActionParameter]? {
        document[ref]?.object.map { parameters in
            parameters.map { name, schema in
                WorkflowActionParameter(
                    name, isRequired: schema["required"]?.bool ?? false, hasDefault: schema["default"] != nil)
            }
        }
    }
}

/// One record, played against the conductor.
private struct Replay {
    let record: Value
    let known: RecordedActions
    var differences: [String] = []

    init(_ record: Value, _ known: RecordedActions) {
        self.record = record
        self.known = known
    }

    mutating func run() {
        let definition: WorkflowDefinition
        do {
            definition = try WorkflowDefinition(record["definition"]?.string ?? "", file: "workflow.yaml")
        } catch {
            if record["load_error"] == nil, record["inspect_raises"] == nil {
                differences.append("loads not: \(error)")
            }
            return
        }
        if record["load_error"] != nil { return differences.append("loads") }
        inspect(definition)
        guard record["kind"]?.string == "conduct" else { return }
        check("graph", Self.graph(definition.graph), record["graph"] ?? .null)
        conduct(definition)
    }

    private mutating func check(_ what: String, _ got: Value, _ expected: Value) {
        guard !Self.isSame(got, expected) else { return }
        differences.append("\(what): got \(JSONWriter.text(got)), expected \(JSONWriter.text(expected))")
    }

    /// Equality with the corpus' marks for sets, and without order of keys.
    private static func isSame(_ got: Value, _ expected: Value) -> Bool {
        if let set = expected["$set"]?.array, let items = got.array {
            return set.count == items.count && set.allSatisfy { one in items.contains { isSame($0, one) } }
        }
        switch (got, expected) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && right.allSatisfy { key, value in left[key].map { isSame($0, value) } ?? false }
        default: return got == expected
        }
    }

    // MARK: Inspection

    private mutating func inspect(_ definition: WorkflowDefinition) {
        let context = record["context"]?.object.map { Array($0.keys) }
        let names = context ?? (record["app_context_keys"]?.array ?? []).compactMap(\.string)
        let inspection = WorkflowInspection(definition, knownVariables: names, actions: known)
        if let expected = record["inspect"] {
            for category in ["syntax", "semantics", "expressions", "context"] {
                let got = inspection.findings.filter { $0.category.rawValue == category }.map(\.document)
                compare("inspect \(category)", got, expected[category]?.array ?? [], wording: category != "syntax")
            }
        }
        if let expected = record["st2_inspect"]?.array {
            compare("st2_inspect", inspection.entries, expected, wording: true)
        }
    }

    private mutating func compare(_ what: String, _ got: [Value], _ expected: [Value], wording: Bool) {
        func key(_ entry: Value) -> String {
            var members = entry.object ?? [:]
            if !wording || entry["type"]?.string == "syntax" { members["message"] = nil }
            return members.sorted { $0.key < $1.key }.map { "\($0.key)=\(JSONWriter.text($0.value))" }.joined(
                separator: " ")
        }
        let (left, right) = (got.map(key).sorted(), expected.map(key).sorted())
        if left != right { differences.append("\(what): got \(left), expected \(right)") }
    }

    private static func graph(_ graph: WorkflowGraph) -> Value {
        let nodes = graph.nodes.sorted { $0.name < $1.name }.map { node -> Value in
            var members: ValueObject = ["id": .string(node.name)]
            switch node.barrier {
            case .all: members["barrier"] = "*"
            case .count(let count): members["barrier"] = .integer(count)
            case nil: break
            }
            members["retry"] = node.retryDocument
            if !node.splits.isEmpty { members["splits"] = .array(node.splits.map(Value.string)) }
            return .object(members)
        }
        let edges = graph.edges.sorted {
            let (left, right) = (graph.nodes[$0.source].name, graph.nodes[$1.source].name)
            if left != right { return left < right }
            let (one, other) = (graph.nodes[$0.target].name, graph.nodes[$1.target].name)
            return one == other ? $0.key < $1.key : one < other
        }
        let transitions = edges.map { edge -> Value in
            [
                "from": .string(graph.nodes[edge.source].name), "to": .string(graph.nodes[edge.target].name),
                "key": .integer(edge.key), "criteria": .array(edge.criteria), "ref": .integer(edge.transition),
            ]
        }
        return ["nodes": .array(nodes), "transitions": .array(transitions)]
    }

    // MARK: Conducting

    private mutating func conduct(_ definition: WorkflowDefinition) {
        let environment = WorkflowEnvironment(reevaluatesResults: true)
        var conductor = Conductor(
            definition, inputs: record["inputs"]?.object ?? [:], parent: record["context"]?.object ?? [:],
            environment: environment)
        for (number, step) in (record["steps"]?.array ?? []).enumerated() where differences.isEmpty {
            let label = "step \(number) \(step["op"]?.string ?? "") \(step["task_id"]?.string ?? "")"
            perform(step, label, &conductor, definition, environment)
            if let expected = step["workflow_status"] {
                check("\(label) workflow_status", .string(conductor.status.rawValue), expected)
            }
            if let errors = step["errors"] {
                check("\(label) errors", .array(conductor.errors.map(\.document)), errors)
            }
        }
        guard differences.isEmpty, let final = record["final"] else { return }
        check("final status", .string(conductor.status.rawValue), final["status"] ?? .null)
        check("final output", conductor.output.map(Value.object) ?? .null, final["output"] ?? .null)
        check("final errors", .array(conductor.errors.map(\.document)), final["errors"] ?? .null)
        check("final log", .array(conductor.log.map(\.document)), final["log"] ?? .null)
        let sequence = final["sequence"]?.array?.map { entry -> Value in
            ["id": entry["id"] ?? .null, "route": entry["route"] ?? .null, "status": entry["status"] ?? .null]
        }
        check("final sequence", .array(conductor.sequence.map(\.document)), .array(sequence ?? []))
        check("final routes", .array(conductor.routes.map { .array($0.map(Value.string)) }), final["routes"] ?? .null)
    }

    private mutating func perform(
        _ step: Value, _ label: String, _ conductor: inout Conductor, _ definition: WorkflowDefinition,
        _ environment: WorkflowEnvironment
    ) {
        let before = conductor
        do throws(WorkflowError) {
            switch step["op"]?.string {
            case "request_status":
                try conductor.request(WorkflowStatus(rawValue: step["status"]?.string ?? "") ?? .unset)
            case "next_tasks":
                let requests = conductor.nextTasks().map(Self.document)
                check(label, .array(requests), step["tasks"] ?? [])
            case "task_event":
                let status = try conductor.report(Self.event(step))
                if let expected = step["task_status"] { check(label, .string(status.rawValue), expected) }
            case "rerun":
                try conductor.rerun((step["tasks"]?.array ?? []).map(Self.request))
            case "render_output":
                conductor.renderOutput()
                check(label, conductor.output.map(Value.object) ?? .null, step["output"] ?? .null)
            case "reload":
                let text = JSONWriter.text(conductor.state.document)
                let stored = (try? JSONReader.value(Array(text.utf8), limits: .ownDocument)) ?? .null
                conductor = try Conductor(definition, state: ConductorState(document: stored), environment: environment)
            default: differences.append("\(label) is unknown")
            }
            if step["raises"] != nil { differences.append("\(label): accepted, expected \(JSONWriter.text(step))") }
        } catch {
            check("\(label) raises", .string(error.message), step["raises"]?["message"] ?? .null)
            conductor = before
        }
    }

    private static func event(_ step: Value) -> TaskEvent {
        TaskEvent(
            step["task_id"]?.string ?? "", route: step["route"]?.integer ?? 0,
            WorkflowStatus(rawValue: step["status"]?.string ?? "") ?? .unset, result: step["result"],
            itemID: step["item_id"]?.integer, itemResults: step["accumulated_result"]?.array)
    }

    private static func request(_ entry: Value) -> RerunRequest {
        RerunRequest(
            entry["task_id"]?.string ?? "", route: entry["route"]?.integer ?? 0,
            resetsItems: entry["reset_items"]?.bool ?? false)
    }

    private static func document(_ request: TaskRequest) -> Value {
        var members: ValueObject = [
            "id": .string(request.taskID), "route": .integer(request.route),
            "actions": .array(
                request.actions.map { action in
                    var members: ValueObject = ["action": action.action, "input": action.input]
                    if let item = action.itemID { members["item_id"] = .integer(item) }
                    return .object(members)
                }),
            "ctx": .object(request.context.filter { !$0.key.hasPrefix("__") }),
        ]
        if let delay = request.delay { members["delay"] = .integer(delay) }
        if let count = request.itemsCount {
            members["items_count"] = .integer(count)
            members["concurrency"] = request.concurrency.map(Value.integer) ?? .null
        }
        return .object(members)
    }
}
