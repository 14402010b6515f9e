import PetrelCore
import PetrelExpressions

/// Renders parameters that are templates, each after those that it names.
///
/// Specification: StackStorm's parameter rendering as in its content model: a graph of names, where a parameter that is
/// missing or goes in circles is an error.
struct ParameterRendering {
    private enum Node {
        case value(Value)
        /// A text with expressions, or a list or object that holds one.
        case template(Value, JinjaTemplate, isGiven: Bool)
        /// A name that the scope gives.
        case root
    }

    private let scope: ParameterScope
    /// Parameters whose text becomes a shell command.
    private let shellSinks: Set<String>
    private var graph: [(name: String, node: Node)] = []
    private var places: [String: Int] = [:]

    init(scope: ParameterScope, shellSinks: Set<String>) {
        self.scope = scope
        self.shellSinks = shellSinks
        for name in Array(scope.roots.keys) + Array(scope.lookups.keys) { set(name, .root) }
    }

    /// Whether a value is one that rendering changes.
    static func isTemplate(_ value: Value?) -> Bool {
        switch value {
        case .string(let text): JinjaTemplate.isTemplate(text)
        case .array, .object: JinjaTemplate.isTemplate(value?.pythonText ?? "")
        default: false
        }
    }

    /// Adds a parameter; one that is a template and can be read as one is rendered.
    mutating func add(_ name: String, _ value: Value, isGiven: Bool) {
        guard Self.isTemplate(value), let template = Self.template(of: value) else { return set(name, .value(value)) }
        set(name, .template(value, template, isGiven: isGiven))
    }

    /// Adds a parameter that is taken as it is, whatever it holds.
    mutating func addLiteral(_ name: String, _ value: Value) { set(name, .value(value)) }

    /// Adds the default of a parameter that was not given.
    ///
    /// As in the original, a default that is a template also takes the place of a given template.
    mutating func addDefault(_ name: String, _ value: Value, isImmutable: Bool) {
        guard !isImmutable, let place = places[name] else { return add(name, value, isGiven: false) }
        switch graph[place].node {
        case .value(.null): add(name, value, isGiven: false)
        case .template where Self.isTemplate(value) && Self.template(of: value) != nil:
            add(name, value, isGiven: false)
        default: break
        }
    }

    /// All parameters, rendered.
    func rendered() throws(EngineError) -> [String: Value] {
        var values: [String: Value] = [:]
        // What is not rendered needs nothing else.
        let hasTemplates = graph.contains { if case .template = $0.node { true } else { false } }
        for name in hasTemplates ? try order() : graph.map(\.name) {
            guard let place = places[name] else { continue }
            switch graph[place].node {
            case .root: break
            case .value(let value): values[name] = value
            case .template(let value, let template, let isGiven):
                let mayDecrypt = !isGiven || scope.decryptsGiven
                values[name] = try render(name, value, template, values, mayDecrypt: mayDecrypt)
            }
        }
        return values
    }

    private mutating func set(_ name: String, _ node: Node) {
        if let place = places[name] {
            graph[place].node = node
        } else {
            places[name] = graph.count
            graph.append((name, node))
        }
    }

    // MARK: Order

    private func dependencies(of name: String) -> [String] {
        guard let place = places[name], case .template(_, let template, _) = graph[place].node else { return [] }
        return template.names.sorted()
    }

    /// Names so that each stands behind those that it needs.
    private func order() throws(EngineError) -> [String] {
        for (name, _) in graph {
            if let missing = dependencies(of: name).first(where: { places[$0] == nil }) {
                throw problem("Dependency unsatisfied in variable \"\(missing)\"")
            }
        }
        var sorted: [String] = []
        var done: Set<String> = []
        var open: Set<String> = []
        for (name, _) in graph { try visit(name, &sorted, &done, &open) }
        return sorted
    }

    private func visit(
        _ name: String, _ sorted: inout [String], _ done: inout Set<String>, _ open: inout Set<String>
    ) throws(EngineError) {
        guard !done.contains(name) else { return }
        guard open.insert(name).inserted else {
            throw problem(
                "Cyclic dependency found in the following variables: \(name). Likely the variable is referencing itself"
            )
        }
        for dependency in dependencies(of: name) { try visit(dependency, &sorted, &done, &open) }
        open.remove(name)
        done.insert(name)
        sorted.append(name)
    }

    // MARK: Rendering

    private func render(
        _ name: String, _ value: Value, _ template: JinjaTemplate, _ others: [String: Value], mayDecrypt: Bool
    ) throws(EngineError) -> Value {
        var values = scope.roots
        for (name, value) in others { values[name] = value }
        var context = JinjaContext(
            values: values, lookups: scope.lookups, shellSink: scope.escapesShells && shellSinks.contains(name))
        if mayDecrypt { context.decrypt = scope.decrypt }
        do throws(ExpressionError) {
            let text = try template.render(context)
            guard value.string == nil else { return .string(text) }
            return try JSONReader.rendered(text)
        } catch {
            throw EngineError(
                .invalidParameter, "Failed to render parameter \"\(name)\": \(error.message)", hint: error.hint,
                underlying: error)
        }
    }

    /// A list or object is rendered as its JSON text, in which `"{{name}}"` alone keeps its type; nil for what is no
    /// template after all.
    private static func template(of value: Value) -> JinjaTemplate? {
        if let text = value.string { return try? JinjaTemplate.cached(text) }
        return try? JinjaTemplate.cached(typed(JSONWriter.text(value, .spaced)))
    }

    /// The text with each `"{{name}}"` replaced by `{{name | to_complex}}`, without the quotes.
    private static func typed(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if let end = endOfTypedName(in: bytes, from: at) {
                out += bytes[(at + 1)..<(end - 3)] + Array(" | to_complex}}".utf8)
                at = end
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func endOfTypedName(in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes[start...].starts(with: Array("\"{{".utf8)) else { return nil }
        var at = start + 3
        while at < bytes.count, isNameByte(bytes[at]) { at += 1 }
        guard at > start + 3, bytes[at...].starts(with: Array("}}\"".utf8)) else { return nil }
        return at + 3
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x7A).contains(byte) || byte == 0x2D
    }

    private func problem(_ message: String) -> EngineError {
        EngineError(.invalidParameter, message, hint: "A template may name parameters of the action and st2kv")
    }
}

extension JSONReader {
    /// The value of JSON text that a template gave.
    fileprivate static func rendered(_ text: String) throws(ExpressionError) -> Value {
        do throws(CoreError) { return try value(text, limits: .requestBody) } catch {
            throw ExpressionError(.failed, "what the template gives is no JSON: \(error.message)")
        }
    }
}
