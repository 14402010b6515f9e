import PetrelCore

/// One task of a workflow definition.
public final class TaskDefinition: Sendable {
    /// The task's name, its key under `tasks`.
    public let name: String
    /// The action reference without inline parameters, expressions included; nil for a task that does nothing.
    public var actionRef: String? { action?.value.string }
    /// How many of the tasks before it must have led here; nil for a task that is no join.
    public let join: Join?
    /// Whether it runs once for each item of a list.
    public var isItemized: Bool { items != nil }

    let action: Template?
    let input: Template
    let items: Items?
    let delay: Template?
    let retry: Retry?
    let transitions: [Transition]
    /// Whether rendering the task evaluates anything.
    let hasExpressions: Bool

    /// How a join counts.
    public enum Join: Sendable, Hashable {
        /// Every task before it.
        case all
        /// That many of them.
        case count(Int)
    }

    /// The list of a `with` task.
    struct Items: Sendable {
        /// The names that each item's parts get; empty when the item is taken as it is.
        let names: [String]
        /// Everything as it was written.
        let text: String
        let expression: Template
        /// Nil for no limit.
        let concurrency: Template?
    }

    /// How often a task is tried again, and when.
    struct Retry: Sendable {
        let condition: Template?
        let count: Template
        let delay: Template?
        let origin: Origin

        /// What asked for it: `retry` of the task, or a transition to `retry`.
        enum Origin: Sendable { case definition, command }
    }

    /// One entry of `next`.
    struct Transition: Sendable {
        let condition: Template?
        let publish: [Assignment]
        let targets: [String]
    }

    init(name: String, _ source: ValueObject) throws(WorkflowError) {
        self.name = name
        join =
            switch source["join"] {
            case .string("all"): .all
            case .integer(let count): .count(count)
            default: nil
            }
        var input = source["input"] ?? .null
        if let text = source["action"]?.string, !text.isEmpty {
            let inline = InlineParameters.scan(text)
            if !inline.isEmpty {
                input = .object(ValueObject(inline.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))
            }
            action = Template(.string(inline.isEmpty ? text : String(text.prefix { $0 != " " })))
        } else {
            action = nil
        }
        self.input = Template(input)
        items = Self.items(source["with"])
        delay = source["delay"].flatMap { $0.isTruthy ? Template($0) : nil }
        let rendered = [action, self.input, items?.expression, items?.concurrency, delay]
        hasExpressions = rendered.contains { $0?.hasExpressions == true }
        retry = source["retry"]?.object.map { retry in
            Retry(
                condition: retry["when"].flatMap { $0.isTruthy ? Template($0) : nil },
                count: Template(retry["count"] ?? .null),
                delay: retry["delay"].flatMap { $0.isNull ? nil : Template($0) },
                origin: .definition)
        }
        switch source["next"] {
        case nil, .null: transitions = []
        case .array(let entries): transitions = try entries.map(Self.transition)
        default:
            throw WorkflowError(
                .badDefinition, "The \"next\" of task \"\(name)\" is not a list",
                hint: "Begin each transition with `- `")
        }
    }

    private static func items(_ source: Value?) -> Items? {
        let (text, concurrency): (String, Value?)
        switch source {
        case .string(let items): (text, concurrency) = (items, nil)
        case .object(let members): (text, concurrency) = (members["items"]?.string ?? "", members["concurrency"])
        default: return nil
        }
        let limit = concurrency.flatMap { $0.isNull ? nil : Template($0) }
        guard !isExpression(text), let gap = firstIn(text) else {
            return Items(
                names: [], text: text, expression: Template(.string(trimmed(text))), concurrency: limit)
        }
        let names = text[..<gap.lowerBound].split(separator: ",", omittingEmptySubsequences: false)
            .map { String($0.filter { !$0.isWhitespace }) }
        return Items(
            names: names, text: text, expression: Template(.string(trimmed(String(text[gap.upperBound...])))),
            concurrency: limit)
    }

    private static func isExpression(_ text: String) -> Bool {
        let text = text.drop(while: \.isWhitespace)
        return text.hasPrefix("<%") || text.hasPrefix("{{")
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...].drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }

    /// The word `in` with blanks around it.
    private static func firstIn(_ text: String) -> Range<String.Index>? {
        var at = text.startIndex
        while at < text.endIndex {
            if text[at].isWhitespace {
                let word = text[at...].drop(while: \.isWhitespace)
                let rest = word.dropFirst(2)
                if word.hasPrefix("in"), rest.first?.isWhitespace == true { return at..<rest.startIndex }
                at = word.startIndex
            } else {
                at = text.index(after: at)
            }
        }
        return nil
    }

    private static func transition(_ source: Value) throws(WorkflowError) -> Transition {
        guard let members = source.object else {
            throw WorkflowError(
                .badDefinition, "A transition is \(source.typeName), not an object",
                hint: "Write `- do: TASK`, with `when` and `publish` beside it")
        }
        let publish: [Assignment] =
            if let text = members["publish"]?.string {
                InlineParameters.scan(text).map { Assignment($0.name, $0.value) }
            } else {
                Assignment.list(members["publish"])
            }
        return Transition(
            condition: members["when"].flatMap { $0.isTruthy ? Template($0) : nil }, publish: publish,
            targets: targets(members["do"]))
    }

    private static func targets(_ source: Value?) -> [String] {
        let names: [String] =
            switch source {
            case .string(let text): text.split(separator: ",").map { trimmed(String($0)) }
            case .array(let names): names.compactMap(\.string)
            default: []
            }
        let given = names.filter { !$0.isEmpty }
        return given.isEmpty ? [EngineCommand.continue.rawValue] : given
    }
}

/// The names that `do` may give beside tasks.
public enum EngineCommand: String, Sendable, CaseIterable {
    /// Ends the branch; the task's verdict stays what it is.
    case `continue`
    /// Ends the branch well.
    case noop
    /// Fails the workflow.
    case fail
    /// Tries the task again.
    case retry

    static func isReserved(_ name: String) -> Bool { EngineCommand(rawValue: name) != nil }
}
