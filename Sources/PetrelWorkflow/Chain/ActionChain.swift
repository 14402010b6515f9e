public import PetrelCore
import PetrelExpressions

/// An action chain: tasks that run one after the other, each with what follows on success and on failure.
public struct ActionChain: Sendable {
    /// One task of a chain.
    public struct Node: Sendable {
        /// The task's name, under which templates find its result.
        public let name: String
        /// The action to run.
        public let ref: String
        /// The action's parameters; they may be templates.
        public let parameters: ValueObject
        /// The task that follows a success; nil ends the chain.
        public let onSuccess: String?
        /// The task that follows a failure; nil ends the chain.
        public let onFailure: String?
        /// The variables that it sets when it has ended; they may be templates.
        public let publish: ValueObject
        /// Whom to notify instead of those of the chain; nil for those of the chain.
        public let notify: Value?

        /// The task's attributes, as they stand in the context of its execution.
        public var document: Value {
            [
                "name": .string(name), "ref": .string(ref), "params": .object(parameters),
                "on_success": .string(onSuccess ?? ""), "on_failure": .string(onFailure ?? ""),
                "publish": .object(publish),
            ]
        }
    }

    /// The tasks in the order of the file.
    public let nodes: OrderedDictionary<String, Node>
    /// The task to begin with.
    public let first: String
    /// Variables that are rendered once, at the start.
    public let vars: ValueObject

    /// Reads a chain's file.
    /// - Throws: ``WorkflowError`` with code `badChain` and the place: what is missing, unknown, or leads nowhere.
    public init(_ text: String, file: String) throws(WorkflowError) {
        let document: YAMLDocument
        do {
            document = try YAMLReader.document(Array(text.utf8), file: file, limits: .contentFile)
        } catch {
            throw WorkflowError(
                .badChain, error.message, hint: error.hint, location: error.location, underlying: error)
        }
        var reader = ActionChainReader(document: document)
        (nodes, first, vars) = try reader.chain()
    }
}

/// Reads and checks the parts of a chain's file.
private struct ActionChainReader {
    let document: YAMLDocument

    typealias Parts = (OrderedDictionary<String, ActionChain.Node>, String, ValueObject)

    mutating func chain() throws(WorkflowError) -> Parts {
        guard let root = document.value.object else {
            throw problem("The action chain is \(document.value.typeName), not an object", [], "Begin it with `chain:`")
        }
        if let key = root.keys.first(where: { !["chain", "default", "vars", "version", "description"].contains($0) }) {
            throw problem("Unknown key \"\(key)\" in the action chain", [key], "It may have chain, default and vars")
        }
        guard let entries = root["chain"]?.array, !entries.isEmpty else {
            throw problem("The action chain has no list of tasks", ["chain"], "List its tasks under `chain`")
        }
        var nodes = OrderedDictionary<String, ActionChain.Node>()
        for (index, entry) in entries.enumerated() {
            let node = try node(entry, ["chain", String(index)])
            guard nodes[node.name] == nil else {
                throw problem(
                    "Two tasks have the name \"\(node.name)\"", ["chain", String(index)], "Give each a name of its own")
            }
            nodes[node.name] = node
        }
        try checkReferences(nodes)
        return (nodes, try first(nodes, root["default"]?.string), root["vars"]?.object ?? [:])
    }

    private func problem(_ message: String, _ path: [String], _ hint: String) -> WorkflowError {
        WorkflowError(.badChain, message, hint: hint, location: document.location(of: path))
    }

    private static let keys = [
        "name", "ref", "parameters", "params", "on-success", "on-failure", "publish", "notify", "description",
    ]

    private func node(_ entry: Value, _ path: [String]) throws(WorkflowError) -> ActionChain.Node {
        guard let members = entry.object else {
            throw problem("A task of the chain is \(entry.typeName), not an object", path, "Give it a name and a ref")
        }
        if let key = members.keys.first(where: { !Self.keys.contains($0) }) {
            throw problem(
                "Unknown key \"\(key)\" in a task of the chain", path + [key],
                "It may have \(Self.keys.joined(separator: ", "))")
        }
        guard let name = members["name"]?.string, !name.isEmpty else {
            throw problem("A task of the chain has no name", path, "Add `name`")
        }
        guard let ref = members["ref"]?.string, !ref.isEmpty else {
            throw problem("The task \"\(name)\" has no action", path, "Add `ref: PACK.ACTION`")
        }
        if members["parameters"]?.isTruthy == true, members["params"]?.isTruthy == true {
            throw problem(
                "Either \"params\" or \"parameters\" attribute needs to be provided, but not both.", path,
                "Keep `parameters`")
        }
        let parameters = try object(members["parameters"] ?? members["params"], "parameters", name, path)
        return ActionChain.Node(
            name: name, ref: ref, parameters: parameters, onSuccess: Self.name(members["on-success"]),
            onFailure: Self.name(members["on-failure"]),
            publish: try object(members["publish"], "publish", name, path), notify: members["notify"])
    }

    private static func name(_ value: Value?) -> String? { value?.string.flatMap { $0.isEmpty ? nil : $0 } }

    private func object(
        _ value: Value?, _ key: String, _ task: String, _ path: [String]
    ) throws(WorkflowError) -> ValueObject {
        switch value {
        case nil, .null: return [:]
        case .object(let members): return members
        default:
            throw problem(
                "The \"\(key)\" of task \"\(task)\" is no object", path + [key], "Write `name: value` under it")
        }
    }

    private func checkReferences(_ nodes: OrderedDictionary<String, ActionChain.Node>) throws(WorkflowError) {
        for (index, node) in nodes.values.enumerated() {
            for (key, target) in [("on-success", node.onSuccess), ("on-failure", node.onFailure)] {
                guard let target, nodes[target] == nil else { continue }
                throw problem(
                    "Unable to find node with name \"\(target)\" referenced in \"\(key)\" in task \"\(node.name)\".",
                    ["chain", String(index), key], "Name a task of this chain; templates are not rendered here")
            }
        }
    }

    private func first(
        _ nodes: OrderedDictionary<String, ActionChain.Node>, _ given: String?
    ) throws(WorkflowError) -> String {
        if let given, !given.isEmpty {
            guard nodes[given] != nil else {
                throw problem(
                    "Unable to find node with name \"\(given)\" referenced in \"default\".", ["default"],
                    "Name a task of this chain")
            }
            return given
        }
        let targets = Set(nodes.values.flatMap { [$0.onSuccess, $0.onFailure].compactMap(\.self) })
        return nodes.keys.first { !targets.contains($0) } ?? nodes.keys[0]
    }
}
