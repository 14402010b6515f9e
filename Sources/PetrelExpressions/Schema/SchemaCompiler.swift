import PetrelCore

/// Reads a schema document into nodes, checking it against the dialect on the way.
struct SchemaCompiler {
    private let document: Value
    private let options: JSONSchema.Options
    private var nodes: [SchemaNode] = []
    /// The node of each place that a `$ref` leads to.
    private var nodesByPlace: [[String]: Int] = [:]
    private var path: [String] = []
    private var count = 0

    private static let maxDepth = 64
    private static let maxNodes = 20_000

    static let keywords: Set<String> = [
        "id", "$schema", "title", "description", "default", "multipleOf", "maximum", "exclusiveMaximum", "minimum",
        "exclusiveMinimum", "maxLength", "minLength", "pattern", "additionalItems", "items", "maxItems", "minItems",
        "uniqueItems", "maxProperties", "minProperties", "required", "secret", "additionalProperties", "definitions",
        "properties", "patternProperties", "dependencies", "enum", "type", "position", "immutable", "allOf", "anyOf",
        "oneOf", "not", "format", "$ref",
    ]

    init(_ document: Value, options: JSONSchema.Options) {
        self.document = document
        self.options = options
    }

    /// All nodes, that of the document itself first.
    mutating func compiled() throws(PythonFault) -> [SchemaNode] {
        nodesByPlace[[]] = 0
        _ = try node(document)
        try refuseCircles()
        return nodes
    }

    func problem(_ what: String) -> PythonFault {
        PythonFault(ExpressionError(.badSchema, path.isEmpty ? what : path.joined(separator: ".") + ": " + what))
    }

    /// Reads with a key added to the path that messages name.
    mutating func within<Result>(
        _ key: String, _ read: (inout SchemaCompiler) throws(PythonFault) -> Result
    ) throws(PythonFault) -> Result {
        path.append(key)
        let result = try read(&self)
        path.removeLast()
        return result
    }

    /// The index of a schema's node, made unless the place was already read.
    mutating func node(_ schema: Value) throws(PythonFault) -> Int {
        guard path.count <= Self.maxDepth else {
            throw .tooComplex("The schema is nested deeper than \(Self.maxDepth) levels")
        }
        guard nodes.count < Self.maxNodes else {
            throw .tooComplex("The schema has more than \(Self.maxNodes) parts")
        }
        guard case .object(let members) = schema else {
            throw problem("\(shown(schema)) is not of type 'object'")
        }
        let index = nodes.count
        nodes.append(SchemaNode())
        nodesByPlace[path] = index
        let node = try read(members)
        nodes[index] = node
        return index
    }

    private mutating func read(_ members: ValueObject) throws(PythonFault) -> SchemaNode {
        var node = SchemaNode()
        if let reference = members["$ref"] {
            // Nothing beside a reference counts.
            let index = try within("$ref") { (compiler) throws(PythonFault) -> Int in
                try compiler.target(of: reference)
            }
            node.checks = [.reference(index)]
            return node
        }
        for (keyword, value) in members {
            let check = try within(keyword) { (compiler) throws(PythonFault) -> SchemaCheck? in
                try compiler.check(keyword, value, members)
            }
            if let check { node.checks.append(check) }
        }
        node.isSecret = members["secret"] == true
        return node
    }

    /// The node that a reference within the document leads to.
    private mutating func target(of reference: Value) throws(PythonFault) -> Int {
        guard case .string(let text) = reference else { throw problem("\(shown(reference)) is not of type 'string'") }
        guard text.utf8.first == UInt8(ascii: "#") else {
            throw problem("\(shown(reference)) leads out of the document; only `#/…` can be read")
        }
        let steps = try steps(of: text)
        if let known = nodesByPlace[steps] { return known }
        var value = document
        for step in steps {
            guard
                let next = value[step]
                    ?? Int(step).flatMap({ index in
                        value.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                    })
            else { throw problem("Unresolvable JSON pointer: \(shown(.string(String(text.dropFirst(1)))))") }
            value = next
        }
        // Read as if it stood where it stands, so that what is wrong in it is named there.
        let origin = path
        path = steps
        let index = try node(value)
        path = origin
        return index
    }

    private func steps(of text: String) throws(PythonFault) -> [String] {
        let rest = text.utf8.dropFirst()
        if rest.isEmpty { return [] }
        guard rest.first == UInt8(ascii: "/") else {
            throw problem("\(shown(.string(text))) is no path within the document; write `#/…`")
        }
        return rest.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { step in
            Self.unescaped(Array(step))
        }
    }

    /// `%XX` first, then `~1` and `~0`.
    private static func unescaped(_ bytes: [UInt8]) -> String {
        var plain: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "%"), at + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
            {
                plain.append(byte)
                at += 3
            } else {
                plain.append(bytes[at])
                at += 1
            }
        }
        var text = ""
        var isEscape = false
        for scalar in String(decoding: plain, as: UTF8.self).unicodeScalars {
            if isEscape {
                text += scalar == "1" ? "/" : scalar == "0" ? "~" : "~" + String(scalar)
                isEscape = false
            } else if scalar == "~" {
                isEscape = true
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return isEscape ? text + "~" : text
    }

    /// A reference that leads only to references and back to itself says nothing.
    private func refuseCircles() throws(PythonFault) {
        for start in nodes.indices {
            var at = start
            var steps = 0
            while nodes[at].checks.count == 1, case .reference(let next) = nodes[at].checks[0] {
                at = next
                steps += 1
                guard steps <= nodes.count else {
                    throw PythonFault(ExpressionError(.badSchema, "A `$ref` of the schema leads back to itself"))
                }
            }
        }
    }

    func shown(_ value: Value) -> String { SchemaText.shown(value) }

    var refusesUnknownKeywords: Bool { options.contains(.refusesUnknownKeywords) }
    var requiresSingleType: Bool { options.contains(.requiresSingleType) }
}
