import PetrelCore

/// What one check of a value may still cost, shared with the checks of its alternatives; used by one thread.
final class SchemaWork {
    var stepsLeft = 1_000_000
    var isExhausted = false
}

/// One check of a value against a schema; used by one thread.
final class SchemaRun {
    let nodes: [SchemaNode]
    let limit: Int
    let work: SchemaWork
    private(set) var violations: [SchemaViolation] = []
    var path: [String] = []
    private var depth = 0
    /// Above 0 inside what a schema calls secret.
    private var secretDepth = 0

    private static let maxDepth = 150

    init(nodes: [SchemaNode], limit: Int, work: SchemaWork) {
        self.nodes = nodes
        self.limit = limit
        self.work = work
    }

    /// Whether nothing more needs to be found.
    var isDone: Bool { violations.count >= limit || work.isExhausted && !violations.isEmpty }

    /// Checks a value against a node, adding what is wrong.
    func check(_ node: Int, _ value: Value) {
        guard enter() else { return }
        let isSecret = nodes[node].isSecret
        if isSecret { secretDepth += 1 }
        for check in nodes[node].checks where !isDone { apply(check, to: value) }
        if isSecret { secretDepth -= 1 }
        depth -= 1
    }

    /// Checks a part of a value.
    func check(_ node: Int, _ value: Value, at key: String) {
        path.append(key)
        check(node, value)
        path.removeLast()
    }

    private func enter() -> Bool {
        work.stepsLeft -= 1
        guard work.stepsLeft >= 0, depth < Self.maxDepth else {
            // In every alternative, lest one with nothing to say count as fitting.
            work.isExhausted = true
            if violations.count < limit {
                violations.append(
                    violation("$ref", "checking takes more steps than allowed", "a simpler value or schema"))
            }
            return false
        }
        depth += 1
        return true
    }

    /// What is wrong with a value in one alternative.
    private func alternative(_ node: Int, _ value: Value, limit: Int) -> [SchemaViolation] {
        // Alternatives within alternatives are what grows without end.
        work.stepsLeft -= 15
        let run = SchemaRun(nodes: nodes, limit: limit, work: work)
        run.path = path
        run.depth = depth
        run.secretDepth = secretDepth
        run.check(node, value)
        return run.violations
    }

    func shown(_ value: Value) -> String { secretDepth > 0 ? "'\(secretMask)'" : SchemaText.shown(value) }

    func violation(
        _ keyword: String, _ message: String, _ expectation: String, causes: [SchemaViolation] = []
    ) -> SchemaViolation {
        SchemaViolation(path: path, keyword: keyword, message: message, expectation: expectation, causes: causes)
    }

    func add(_ violation: SchemaViolation) { violations.append(violation) }

    func require(
        _ holds: Bool, _ keyword: String, _ message: @autoclosure () -> String, _ expectation: @autoclosure () -> String
    ) {
        if !holds { violations.append(violation(keyword, message(), expectation())) }
    }

    private func apply(_ check: SchemaCheck, to value: Value) {
        switch check {
        case .reference(let node): self.check(node, value)
        case .type(let types):
            require(
                types.contains { $0.matches(value) }, "type",
                "\(shown(value)) is not of type \(types.map { "'\($0.rawValue)'" }.joined(separator: ", "))",
                "of type \(types.map(\.rawValue).joined(separator: " or "))")
        case .choices(let choices):
            require(
                choices.contains { isSame(value, $0) }, "enum",
                "\(shown(value)) is not one of \(SchemaText.shown(.array(choices)))",
                "one of \(SchemaText.shown(.array(choices)))")
        case .allOf(let nodes): for node in nodes where !isDone { self.check(node, value) }
        case .anyOf(let nodes): anyOf(nodes, value)
        case .oneOf(let nodes, let schemas): oneOf(nodes, schemas, value)
        case .not(let node, let schema):
            require(
                !alternative(node, value, limit: 1).isEmpty, "not",
                "\(SchemaText.shown(schema)) is not allowed for \(shown(value))",
                "not what \(SchemaText.shown(schema)) describes")
        default:
            switch value {
            case .string(let text): apply(check, to: text)
            case .array(let items): apply(check, to: items)
            case .object(let members): apply(check, to: members)
            case .integer, .bigInteger, .double:
                if let number = PythonNumber(value) { apply(check, to: number, value) }
            case .null, .bool: break
            }
        }
    }

    /// Equal as Python has it, except that truths are no numbers.
    func isSame(_ left: Value, _ right: Value) -> Bool {
        if (left.bool == nil) != (right.bool == nil) { return false }
        let budget = EvaluationBudget(.content)
        return (try? PythonValues.equal(left, right, budget)) ?? false
    }

    private func anyOf(_ nodes: [Int], _ value: Value) {
        var causes: [SchemaViolation] = []
        for node in nodes {
            let found = alternative(node, value, limit: JSONSchema.maxViolations)
            if found.isEmpty { return }
            causes += found.prefix(max(0, JSONSchema.maxViolations - causes.count))
        }
        add(noneFits("anyOf", value, causes))
    }

    private func oneOf(_ nodes: [Int], _ schemas: [Value], _ value: Value) {
        var causes: [SchemaViolation] = []
        var fitting: [Int] = []
        for (position, node) in nodes.enumerated() {
            let found = alternative(node, value, limit: fitting.isEmpty ? JSONSchema.maxViolations : 1)
            if found.isEmpty { fitting.append(position) }
            causes += found.prefix(max(0, JSONSchema.maxViolations - causes.count))
        }
        guard let first = fitting.first else { return add(noneFits("oneOf", value, causes)) }
        // The original names the first one last.
        let names = (fitting.dropFirst() + [first]).map { SchemaText.shown(schemas[$0]) }.joined(separator: ", ")
        require(
            fitting.count == 1, "oneOf", "\(shown(value)) is valid under each of \(names)",
            "valid under only one of them")
    }

    private func noneFits(_ keyword: String, _ value: Value, _ causes: [SchemaViolation]) -> SchemaViolation {
        violation(
            keyword, "\(shown(value)) is not valid under any of the given schemas", "valid under one of the schemas",
            causes: causes)
    }
}
