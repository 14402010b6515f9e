import PetrelCore
import PetrelExpressions

/// A value of a definition, with what is known before it is evaluated.
struct Template: Sendable {
    let value: Value
    /// Whether any text in it, keys included, has an expression.
    let hasExpressions: Bool
    /// Whether an expression asks for the status of other tasks, so that it must see the state.
    let readsState: Bool
    /// One of the three conditions that nearly every transition has; these need no evaluator.
    let condition: Condition?

    /// A condition on nothing but the task's own status.
    enum Condition: Sendable {
        case succeeded, failed, completed

        func holds(for status: WorkflowStatus) -> Bool {
            switch self {
            case .succeeded: status == .succeeded
            case .failed: status == .failed
            case .completed: status.isCompleted
            }
        }
    }

    init(_ value: Value) {
        self.value = value
        var (hasExpressions, readsState) = (false, false)
        Self.visitTexts(in: value) { text in
            guard EmbeddedExpression.hasExpressions(text) else { return }
            hasExpressions = true
            readsState = readsState || text.contains("task_status")
        }
        self.hasExpressions = hasExpressions
        self.readsState = readsState
        switch value {
        case "<% succeeded() %>": condition = .succeeded
        case "<% failed() %>": condition = .failed
        case "<% completed() %>": condition = .completed
        default: condition = nil
        }
    }

    /// Calls the body with every text, keys included; the depth is that of a content file, which is bounded.
    static func visitTexts(in value: Value, _ body: (String) -> Void) {
        switch value {
        case .string(let text): body(text)
        case .array(let items): for item in items { visitTexts(in: item, body) }
        case .object(let members):
            for (key, member) in members {
                body(key)
                visitTexts(in: member, body)
            }
        default: break
        }
    }
}

/// One `name: value` of inputs, variables, publishes or outputs.
struct Assignment: Sendable {
    let name: String
    let template: Template

    init(_ name: String, _ value: Value) {
        self.name = name
        template = Template(value)
    }

    /// The assignments of a list of one-key objects; what has another form is passed over, as inspection reports it.
    static func list(_ value: Value?) -> [Assignment] {
        switch value {
        case .array(let entries):
            entries.flatMap { entry in entry.object.map { $0.map { Assignment($0.key, $0.value) } } ?? [] }
        case .object(let members): members.map { Assignment($0.key, $0.value) }
        default: []
        }
    }
}
