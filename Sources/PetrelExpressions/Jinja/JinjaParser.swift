import PetrelCore

/// Reads a template.
///
/// Expressions and statements stand in extensions.
struct JinjaParser {
    /// Deepest nesting of brackets and blocks.
    static let maxDepth = 80
    /// Highest tree, which chains of filters make higher too.
    private static let maxHeight = 100
    /// Most nodes of one template.
    private static let maxNodes = 200_000
    static let maxBytes = 4 << 20

    private var lexer: JinjaLexer
    private(set) var current: JinjaToken
    private var ahead: JinjaToken?
    private var depth = 0
    private var nodes = 0
    /// How high the tree of the node or statement is that was read last.
    private(set) var height = 0
    /// The highest body of the statement that is being read.
    var bodies = 0
    /// Tags that are open, and what may close each.
    var tags: [String] = []
    var endings: [[String]] = []
    var blockNames: Set<String> = []

    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]

    init(_ source: String, isExpression: Bool = false) throws(PythonFault) {
        guard source.utf8.count <= Self.maxBytes else {
            throw .tooComplex("The template has \(source.utf8.count) bytes; \(Self.maxBytes) are allowed")
        }
        lexer = JinjaLexer(source, isExpression: isExpression)
        current = JinjaToken(kind: .end, line: 1)
        do throws(PythonFault) { current = try lexer.next() } catch {
            // What goes wrong before the first token is told with its line.
            guard isExpression else { throw error }
            throw PythonFault(error.kind, error.message + "\n  line \(lexer.line)", cause: error.cause)
        }
    }

    // MARK: Tokens

    @discardableResult
    mutating func advance() throws(PythonFault) -> JinjaToken {
        let token = current
        if let ahead {
            current = ahead
            self.ahead = nil
        } else {
            current = try lexer.next()
        }
        return token
    }

    mutating func peek() throws(PythonFault) -> JinjaToken {
        if let ahead { return ahead }
        let token = try lexer.next()
        ahead = token
        return token
    }

    func isName(_ name: String) -> Bool { current.kind == .name && current.text == name }

    func isAnyName(_ names: [String]) -> Bool { current.kind == .name && names.contains(current.text) }

    mutating func skip(_ kind: JinjaToken.Kind) throws(PythonFault) -> Bool {
        guard current.kind == kind else { return false }
        try advance()
        return true
    }

    mutating func skip(name: String) throws(PythonFault) -> Bool {
        guard isName(name) else { return false }
        try advance()
        return true
    }

    @discardableResult
    mutating func expect(_ kind: JinjaToken.Kind) throws(PythonFault) -> JinjaToken {
        guard current.kind == kind else { throw unexpected(kind.rawValue) }
        return try advance()
    }

    mutating func expect(name: String) throws(PythonFault) {
        guard isName(name) else { throw unexpected(name) }
        try advance()
    }

    private func unexpected(_ wanted: String) -> PythonFault {
        if current.kind == .end { return fault("unexpected end of template, expected \(PythonText.quoted(wanted)).") }
        return fault("expected token \(PythonText.quoted(wanted)), got \(PythonText.quoted(current.described))")
    }

    func fault(_ message: String) -> PythonFault { PythonFault(.templateSyntax, message) }

    // MARK: Bounds and names

    mutating func enter() throws(PythonFault) {
        depth += 1
        if depth > Self.maxDepth {
            throw .tooComplex("The template is nested deeper than \(Self.maxDepth) levels")
        }
    }

    mutating func leave() { depth -= 1 }

    /// A node stands on what was read last, and on others of a known height.
    mutating func grow(over others: Int = 0) throws(PythonFault) {
        height = max(height, others) + 1
        if height > Self.maxHeight {
            throw .tooComplex("The template puts more than \(Self.maxHeight) operations on each other")
        }
    }

    /// A node that stands on nothing, or on something of a known height.
    mutating func settle(at height: Int = 0) { self.height = height }

    mutating func countNode() throws(PythonFault) {
        nodes += 1
        if nodes > Self.maxNodes { throw .tooComplex("The template has more than \(Self.maxNodes) parts") }
    }

    /// The number of a name.
    mutating func number(_ name: String) -> Int {
        if let known = numbers[name] { return known }
        names.append(name)
        numbers[name] = names.count - 1
        return names.count - 1
    }
}
