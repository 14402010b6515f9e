public import PetrelCore
public import PetrelExpressions

/// A workflow in Orquesta's language, read and composed once; runs share it.
///
/// Reading is as lenient as the original's: what has the wrong form is passed over, and ``WorkflowInspection``
/// reports it.
public struct WorkflowDefinition: Sendable {
    /// What was read, for inspection and for showing it.
    public let document: YAMLDocument
    /// The tasks in the order of the file.
    public let tasks: OrderedDictionary<String, TaskDefinition>
    /// Tasks and transitions as a graph, with everything that depends on the whole.
    public let graph: WorkflowGraph

    let input: [Assignment]
    let vars: [Assignment]
    let output: [Assignment]

    /// The names of the declared inputs, each with its default; null without one.
    public var inputs: [(name: String, fallback: Value)] { input.map { ($0.name, $0.template.value) } }

    /// Reads a definition file.
    /// - Throws: ``WorkflowError`` with code `badDefinition` and the place, if the text is not YAML, has a key twice
    ///   or no
    ///   tasks in the form of an object.
    public init(_ text: String, file: String) throws(WorkflowError) {
        let document: YAMLDocument
        do {
            document = try YAMLReader.document(Array(text.utf8), file: file, limits: .contentFile)
        } catch {
            throw WorkflowError(
                .badDefinition, "Failed to load workflow definition because \(error.message)", hint: error.hint,
                location: error.location, underlying: error)
        }
        try self.init(document)
    }

    /// A definition from a document that was already read.
    public init(_ document: YAMLDocument) throws(WorkflowError) {
        if let twice = document.warnings.first {
            throw WorkflowError(
                .badDefinition,
                "Failed to load workflow definition because found duplicate key \"\(Self.key(of: twice))\".",
                hint: "Remove one of the two", location: twice.location)
        }
        guard let root = document.value.object else {
            throw WorkflowError(
                .badDefinition, "The workflow definition is \(document.value.typeName), not an object",
                hint: "Begin it with `version: 1.0` and `tasks:`", location: document.location(of: []))
        }
        self.document = document
        input = Self.inputs(root["input"])
        vars = Assignment.list(root["vars"])
        output = Assignment.list(root["output"])
        var tasks = OrderedDictionary<String, TaskDefinition>()
        for (name, source) in root["tasks"]?.object ?? [:] {
            let place = document.location(of: ["tasks", name])
            guard let members = source.object else {
                throw WorkflowError(
                    .badDefinition, "The task \"\(name)\" is \(source.typeName), not an object",
                    hint: "Write `action: …` under the task's name", location: place)
            }
            do {
                tasks[name] = try TaskDefinition(name: name, members)
            } catch {
                var error = error
                error.location = place
                throw error
            }
        }
        self.tasks = tasks
        graph = WorkflowGraph(tasks)
    }

    private static func inputs(_ value: Value?) -> [Assignment] {
        (value?.array ?? []).flatMap { entry -> [Assignment] in
            switch entry {
            case .string(let name): [Assignment(name, .null)]
            case .object(let members): members.map { Assignment($0.key, $0.value) }
            default: []
            }
        }
    }

    /// The key that a warning of the reader names in quotes or back-ticks.
    private static func key(of warning: ExpressionError) -> String {
        let parts = warning.message.split(whereSeparator: { $0 == "\"" || $0 == "`" }, maxSplits: 2)
        return parts.count > 1 ? String(parts[1]) : warning.message
    }
}

extension Collection {
    fileprivate func split(
        whereSeparator isSeparator: (Element) -> Bool, maxSplits: Int
    ) -> [SubSequence] {
        split(maxSplits: maxSplits, omittingEmptySubsequences: false, whereSeparator: isSeparator)
    }
}
