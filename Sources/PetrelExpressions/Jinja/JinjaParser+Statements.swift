import PetrelCore

/// Text, print statements and tags.
extension JinjaParser {
    /// The whole template.
    mutating func template() throws(PythonFault) -> [JinjaStatement] { try body(until: []) }

    /// One expression that is the whole text.
    mutating func wholeExpression() throws(PythonFault) -> JinjaNode {
        let node = try expression()
        if current.kind != .end { throw fault("chunk after expression") }
        return node
    }

    /// Statements up to a tag that ends them, which stays the current token.
    private mutating func body(until ends: [String]) throws(PythonFault) -> [JinjaStatement] {
        try enter()
        defer { leave() }
        if !ends.isEmpty { endings.append(ends) }
        defer { if !ends.isEmpty { endings.removeLast() } }
        var statements: [JinjaStatement] = []
        var inner = 0
        defer {
            settle(at: inner + 1)
            bodies = max(bodies, height)
        }
        while true {
            inner = max(inner, height)
            switch current.kind {
            case .data: statements.append(try text())
            case .variableBegin: statements.append(try print())
            case .blockBegin:
                try advance()
                if !ends.isEmpty, isAnyName(ends) { return statements }
                statements.append(try statement())
                try expect(.blockEnd)
            case .end:
                if !ends.isEmpty { throw unclosed(nil) }
                return statements
            default: throw fault("internal parsing error")
            }
        }
    }

    /// The body of a tag, from the end of its head; takes the closing tag's name if that ends the statement.
    private mutating func statements(
        until ends: [String], dropsEnd: Bool = false
    ) throws(PythonFault) -> [JinjaStatement] {
        _ = try skip(.colon)
        try expect(.blockEnd)
        let statements = try body(until: ends)
        if dropsEnd { try advance() }
        return statements
    }

    /// Says which tags are missing or in the wrong place.
    private func unclosed(_ name: String?) -> PythonFault {
        var parts = [name.map { "Encountered unknown tag \(PythonText.quoted($0))." } ?? "Unexpected end of template."]
        if let ends = endings.last {
            let looking = ends.map(PythonText.quoted).joined(separator: " or ")
            if let name, endings.contains(where: { $0.contains(name) }) {
                parts.append(
                    "You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for "
                        + "\(looking).")
            } else {
                parts.append("Jinja was looking for the following tags: \(looking).")
            }
        }
        if let tag = tags.last {
            parts.append("The innermost block that needs to be closed is \(PythonText.quoted(tag)).")
        }
        return fault(parts.joined(separator: " "))
    }

    private mutating func text() throws(PythonFault) -> JinjaStatement {
        try countNode()
        settle()
        return .text(try advance().text)
    }

    private mutating func print() throws(PythonFault) -> JinjaStatement {
        try advance()
        let node = try tuple()
        try expect(.variableEnd)
        return .print([node])
    }

    private typealias Read = @Sendable (inout JinjaParser) throws(PythonFault) -> JinjaStatement

    /// What reads each tag, from its name on.
    private static let readers: [String: Read] = [
        "for": { parser throws(PythonFault) in try parser.loop() },
        "if": { parser throws(PythonFault) in try parser.branches() },
        "set": { parser throws(PythonFault) in try parser.assignment() },
        "macro": { parser throws(PythonFault) in try parser.macro() },
        "call": { parser throws(PythonFault) in try parser.callBlock() },
        "filter": { parser throws(PythonFault) in try parser.filterBlock() },
        "with": { parser throws(PythonFault) in try parser.with() },
        "autoescape": { parser throws(PythonFault) in try parser.autoescape() },
        "block": { parser throws(PythonFault) in try parser.block() },
        "print": { parser throws(PythonFault) in try parser.printStatement() },
        "include": { parser throws(PythonFault) in try parser.load("include") },
        "extends": { parser throws(PythonFault) in try parser.load("extends") },
        "import": { parser throws(PythonFault) in try parser.load("import") },
        "from": { parser throws(PythonFault) in try parser.load("from") },
    ]

    private mutating func statement() throws(PythonFault) -> JinjaStatement {
        try countNode()
        guard current.kind == .name else { throw fault("tag name expected") }
        guard let read = Self.readers[current.text] else { throw unclosed(current.text) }
        tags.append(current.text)
        let outer = bodies
        bodies = 0
        defer {
            tags.removeLast()
            settle(at: max(height, bodies))
            bodies = outer
        }
        return try read(&self)
    }

    private mutating func loop() throws(PythonFault) -> JinjaStatement {
        try advance()
        let target = try target()
        try expect(name: "in")
        let source = try tuple(withCondition: false)
        let test = try skip(name: "if") ? try expression() : nil
        let isRecursive = try skip(name: "recursive")
        let body = try statements(until: ["endfor", "else"])
        var otherwise: [JinjaStatement] = []
        if try advance().text == "else" { otherwise = try statements(until: ["endfor"], dropsEnd: true) }
        return .loop(
            JinjaStatement.Loop(
                target: target, source: source, test: test, body: body, otherwise: otherwise,
                isRecursive: isRecursive, height: max(height, bodies)))
    }

    private mutating func branches() throws(PythonFault) -> JinjaStatement {
        try advance()
        var branches: [JinjaStatement.Branch] = []
        while true {
            let test = try tuple(withCondition: false)
            let body = try statements(until: ["elif", "else", "endif"])
            branches.append(JinjaStatement.Branch(test: test, body: body))
            switch try advance().text {
            case "elif": continue
            case "else":
                let otherwise = try statements(until: ["endif"], dropsEnd: true)
                return .branches(branches, otherwise: otherwise)
            default: return .branches(branches, otherwise: [])
            }
        }
    }

    private mutating func assignment() throws(PythonFault) -> JinjaStatement {
        try advance()
        let target = try target(withNamespace: true)
        if try skip(.assign) { return .assign(JinjaStatement.Assignment(target: target, value: try tuple())) }
        let filter = try filterChain()
        let body = try statements(until: ["endset"], dropsEnd: true)
        return .assignBlock(target, filter: filter, body: body)
    }

    private mutating func filterChain() throws(PythonFault) -> JinjaNode? {
        var node: JinjaNode?
        var inner = 0
        while try skip(.pipe) {
            node = try filterCall(node)
            try grow(over: inner)
            inner = height
        }
        return node
    }

    private mutating func filterBlock() throws(PythonFault) -> JinjaStatement {
        try advance()
        var node = try filterCall(nil)
        var inner = height
        while try skip(.pipe) {
            node = try filterCall(node)
            try grow(over: inner)
            inner = height
        }
        return .filterBlock(node, body: try statements(until: ["endfilter"], dropsEnd: true))
    }

    private mutating func macro() throws(PythonFault) -> JinjaStatement {
        try advance()
        let name = try nameTarget()
        var macro = try signature()
        macro.body = try statements(until: ["endmacro"], dropsEnd: true)
        macro.height = height
        return .macro(name, macro)
    }

    private mutating func signature() throws(PythonFault) -> JinjaStatement.Macro {
        var macro = JinjaStatement.Macro(parameters: [], defaults: [], body: [])
        try expect(.lparen)
        while current.kind != .rparen {
            if !macro.parameters.isEmpty { try expect(.comma) }
            macro.parameters.append(try nameTarget())
            if try skip(.assign) {
                macro.defaults.append(try expression())
            } else if !macro.defaults.isEmpty {
                throw fault("non-default argument follows default argument")
            }
        }
        try expect(.rparen)
        return macro
    }

    private mutating func callBlock() throws(PythonFault) -> JinjaStatement {
        try advance()
        var macro = JinjaStatement.Macro(parameters: [], defaults: [], body: [])
        if current.kind == .lparen { macro = try signature() }
        guard case .call(let function, let arguments) = try expression() else { throw fault("expected call") }
        macro.body = try statements(until: ["endcall"], dropsEnd: true)
        macro.height = height
        return .callBlock(function, arguments, macro)
    }

    private mutating func with() throws(PythonFault) -> JinjaStatement {
        try advance()
        var assignments: [JinjaStatement.Assignment] = []
        while current.kind != .blockEnd {
            if !assignments.isEmpty { try expect(.comma) }
            let target = try target()
            try expect(.assign)
            assignments.append(JinjaStatement.Assignment(target: target, value: try expression()))
        }
        return .with(assignments, body: try statements(until: ["endwith"], dropsEnd: true))
    }

    private mutating func autoescape() throws(PythonFault) -> JinjaStatement {
        try advance()
        let value = try expression()
        return .autoescape(value, body: try statements(until: ["endautoescape"], dropsEnd: true))
    }

    private mutating func block() throws(PythonFault) -> JinjaStatement {
        try advance()
        let name = try expect(.name).text
        _ = try skip(name: "scoped")
        let isRequired = try skip(name: "required")
        if current.kind == .sub {
            throw fault(
                "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an "
                    + "underscore instead.")
        }
        let body = try statements(until: ["endblock"], dropsEnd: true)
        if isRequired, !Self.isBlank(body) { throw fault("Required blocks can only contain comments or whitespace") }
        _ = try skip(name: name)
        guard blockNames.insert(name).inserted else {
            throw PythonFault(.templateAssertion, "block \(PythonText.quoted(name)) defined twice")
        }
        return .block(name, body: body)
    }

    private static func isBlank(_ body: [JinjaStatement]) -> Bool {
        body.allSatisfy { statement in
            if case .text(let text) = statement { PythonText.isSpace(text) } else { false }
        }
    }

    private mutating func printStatement() throws(PythonFault) -> JinjaStatement {
        try advance()
        var nodes: [JinjaNode] = []
        while current.kind != .blockEnd {
            if !nodes.isEmpty { try expect(.comma) }
            nodes.append(try expression())
        }
        return .print(nodes)
    }

    /// `include`, `extends`, `import`, `from`: read, and refused when they are reached.
    private mutating func load(_ tag: String) throws(PythonFault) -> JinjaStatement {
        try advance()
        let node = try expression()
        if tag == "import" {
            try expect(name: "as")
            _ = try nameTarget()
        }
        if tag == "from" {
            try expect(name: "import")
            try importedNames()
        }
        if tag == "include", isName("ignore"), try peek().kind == .name, try peek().text == "missing" {
            try advance()
            try advance()
        }
        if tag != "extends" { try importContext() }
        return .load(node)
    }

    private mutating func importedNames() throws(PythonFault) {
        var isFirst = true
        while current.kind == .name || !isFirst && current.kind == .comma {
            if isAnyName(["with", "without"]), try peek().kind == .name, try peek().text == "context" { return }
            if !isFirst { try expect(.comma) }
            if current.kind != .name { break }
            _ = try nameTarget()
            if try skip(name: "as") { _ = try nameTarget() }
            isFirst = false
        }
        if isFirst { try expect(.name) }
    }

    private mutating func importContext() throws(PythonFault) {
        guard isAnyName(["with", "without"]), try peek().kind == .name, try peek().text == "context" else { return }
        try advance()
        try advance()
    }

    // MARK: Targets

    private static let constants: Set<String> = ["true", "false", "none", "True", "False", "None"]

    private mutating func nameTarget() throws(PythonFault) -> Int {
        let name = try expect(.name).text
        if Self.constants.contains(name) { throw fault("can't assign to 'name'") }
        return number(name)
    }

    private mutating func target(
        withNamespace: Bool = false
    ) throws(PythonFault) -> JinjaTarget {
        try enter()
        defer { leave() }
        var items: [JinjaTarget] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.comma) }
            if isTupleEnd { break }
            items.append(try singleTarget(withNamespace))
            guard current.kind == .comma else { break }
            isTuple = true
        }
        if isTuple { return .tuple(items) }
        if let only = items.first { return only }
        throw missingExpression()
    }

    private mutating func singleTarget(_ withNamespace: Bool) throws(PythonFault) -> JinjaTarget {
        switch current.kind {
        case .lparen:
            try advance()
            let target = try target(withNamespace: withNamespace)
            try expect(.rparen)
            return target
        case .name:
            let name = try advance().text
            if Self.constants.contains(name) { throw fault("can't assign to 'const'") }
            if withNamespace, try skip(.dot) { return .attribute(number(name), try expect(.name).text) }
            return .name(number(name))
        case .string, .integer, .float: throw fault("can't assign to 'const'")
        case .lbracket: throw fault("can't assign to 'list'")
        case .lbrace: throw fault("can't assign to 'dict'")
        default: throw unexpectedToken()
        }
    }
}
