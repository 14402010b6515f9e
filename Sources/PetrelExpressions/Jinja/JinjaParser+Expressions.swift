import PetrelCore

/// Expressions, from the loosest operator to the tightest.
extension JinjaParser {
    mutating func expression(withCondition: Bool = true) throws(PythonFault) -> JinjaNode {
        try enter()
        defer { leave() }
        return withCondition ? try conditional() : try or()
    }

    private mutating func conditional() throws(PythonFault) -> JinjaNode {
        var node = try or()
        while try skip(name: "if") {
            var inner = height
            let test = try or()
            var otherwise: JinjaNode?
            if try skip(name: "else") {
                inner = max(inner, height)
                otherwise = try expression()
            }
            try grow(over: inner)
            node = .conditional(test: test, then: node, otherwise: otherwise)
        }
        return node
    }

    private mutating func or() throws(PythonFault) -> JinjaNode {
        let first = try and()
        guard isName("or") else { return first }
        return .or(
            try more(first) { parser throws(PythonFault) in
                try parser.skip(name: "or") ? try parser.and() : nil
            })
    }

    private mutating func and() throws(PythonFault) -> JinjaNode {
        let first = try not()
        guard isName("and") else { return first }
        return .and(
            try more(first) { parser throws(PythonFault) in
                try parser.skip(name: "and") ? try parser.not() : nil
            })
    }

    /// The operands of a chain, which is one node however long it is.
    private mutating func more(
        _ first: JinjaNode, _ next: (inout JinjaParser) throws(PythonFault) -> JinjaNode?
    ) throws(PythonFault) -> [JinjaNode] {
        var nodes = [first]
        var inner = height
        while let node = try next(&self) {
            nodes.append(node)
            inner = max(inner, height)
        }
        try grow(over: inner)
        return nodes
    }

    private mutating func not() throws(PythonFault) -> JinjaNode {
        var count = 0
        while try skip(name: "not") { count += 1 }
        var node = try comparison()
        for _ in 0..<min(count, 2 - count % 2) {
            try grow()
            node = .not(node)
        }
        return node
    }

    private mutating func comparison() throws(PythonFault) -> JinjaNode {
        let first = try sum()
        var comparands: [JinjaNode.Comparand] = []
        var inner = height
        while let operation = try comparisonOperator() {
            comparands.append(JinjaNode.Comparand(operation: operation, operand: try sum()))
            inner = max(inner, height)
        }
        if !comparands.isEmpty { try grow(over: inner) }
        return comparands.isEmpty ? first : .compare(first, comparands)
    }

    private mutating func comparisonOperator() throws(PythonFault) -> JinjaNode.Comparison? {
        switch current.kind {
        case .eq, .ne, .lt, .lteq, .gt, .gteq:
            return JinjaNode.Comparison(rawValue: try advance().kind.rawValue)
        case .name where current.text == "in":
            try advance()
            return .isIn
        case .name where current.text == "not":
            guard try peek().kind == .name, try peek().text == "in" else { return nil }
            try advance()
            try advance()
            return .isNotIn
        default: return nil
        }
    }

    private mutating func sum() throws(PythonFault) -> JinjaNode {
        let first = try concatenation()
        return try steps(first) { parser throws(PythonFault) in
            guard parser.current.kind == .add || parser.current.kind == .sub else { return nil }
            let operation: JinjaNode.Arithmetic = try parser.advance().kind == .add ? .add : .subtract
            return JinjaNode.Step(operation: operation, operand: try parser.concatenation())
        }
    }

    private mutating func steps(
        _ first: JinjaNode, _ next: (inout JinjaParser) throws(PythonFault) -> JinjaNode.Step?
    ) throws(PythonFault) -> JinjaNode {
        var steps: [JinjaNode.Step] = []
        var inner = height
        while let step = try next(&self) {
            steps.append(step)
            inner = max(inner, height)
        }
        if steps.isEmpty { return first }
        try grow(over: inner)
        return .arithmetic(first, steps)
    }

    private mutating func concatenation() throws(PythonFault) -> JinjaNode {
        let first = try product()
        guard current.kind == .tilde else { return first }
        return .join(
            try more(first) { parser throws(PythonFault) in
                try parser.skip(.tilde) ? try parser.product() : nil
            })
    }

    private mutating func product() throws(PythonFault) -> JinjaNode {
        let first = try power()
        return try steps(first) { parser throws(PythonFault) in
            guard let operation = parser.factorOperator() else { return nil }
            try parser.advance()
            return JinjaNode.Step(operation: operation, operand: try parser.power())
        }
    }

    private func factorOperator() -> JinjaNode.Arithmetic? {
        switch current.kind {
        case .mul: .multiply
        case .div: .divide
        case .floordiv: .floorDivide
        case .mod: .modulo
        default: nil
        }
    }

    private mutating func power() throws(PythonFault) -> JinjaNode {
        let first = try unary()
        return try steps(first) { parser throws(PythonFault) in
            guard try parser.skip(.pow) else { return nil }
            return JinjaNode.Step(operation: .power, operand: try parser.unary())
        }
    }

    private mutating func unary(withFilter: Bool = true) throws(PythonFault) -> JinjaNode {
        try countNode()
        var node: JinjaNode
        if current.kind == .sub || current.kind == .add {
            let isNegative = try advance().kind == .sub
            try enter()
            defer { leave() }
            let operand = try unary(withFilter: false)
            try grow()
            node = isNegative ? .negative(operand) : .positive(operand)
        } else {
            node = try primary()
        }
        node = try postfix(node)
        return withFilter ? try filters(node) : node
    }

    // MARK: Literals, names, brackets

    func unexpectedToken() -> PythonFault { fault("unexpected \(PythonText.quoted(current.described))") }

    mutating func primary() throws(PythonFault) -> JinjaNode {
        settle()
        switch current.kind {
        case .name: return named(try advance().text)
        case .string:
            var text = try advance().text
            while current.kind == .string { text += try advance().text }
            return .constant(.string(text))
        case .integer:
            return .constant(try PythonInteger.parse(try advance().text, base: 0).value)
        case .float: return .constant(.double(PythonFloat.parse(try advance().text) ?? .nan))
        case .lparen:
            try advance()
            let node = try tuple(inBrackets: true)
            try expect(.rparen)
            return node
        case .lbracket: return try list()
        case .lbrace: return try dict()
        default: throw unexpectedToken()
        }
    }

    private mutating func named(_ name: String) -> JinjaNode {
        switch name {
        case "true", "True": .constant(true)
        case "false", "False": .constant(false)
        case "none", "None": .constant(.null)
        default: .name(number(name))
        }
    }

    private mutating func list() throws(PythonFault) -> JinjaNode {
        try advance()
        var inner = 0
        var items: [JinjaNode] = []
        while current.kind != .rbracket {
            if !items.isEmpty { try expect(.comma) }
            if current.kind == .rbracket { break }
            items.append(try expression())
            inner = max(inner, height)
        }
        try expect(.rbracket)
        try grow(over: inner)
        return .list(items)
    }

    private mutating func dict() throws(PythonFault) -> JinjaNode {
        try advance()
        var inner = 0
        var pairs: [JinjaNode.Pair] = []
        while current.kind != .rbrace {
            if !pairs.isEmpty { try expect(.comma) }
            if current.kind == .rbrace { break }
            let key = try expression()
            try expect(.colon)
            inner = max(inner, height)
            pairs.append(JinjaNode.Pair(key: key, value: try expression()))
            inner = max(inner, height)
        }
        try expect(.rbrace)
        try grow(over: inner)
        return .dict(pairs)
    }

    /// One expression, or several with commas between them.
    mutating func tuple(
        withCondition: Bool = true, inBrackets: Bool = false
    ) throws(PythonFault) -> JinjaNode {
        var items: [JinjaNode] = []
        var isTuple = false
        var inner = 0
        while true {
            if !items.isEmpty { try expect(.comma) }
            if isTupleEnd { break }
            items.append(try expression(withCondition: withCondition))
            inner = max(inner, height)
            guard current.kind == .comma else { break }
            isTuple = true
        }
        if isTuple { try grow(over: inner) }
        if isTuple { return .tuple(items) }
        if let only = items.first { return only }
        if inBrackets { return .tuple([]) }
        throw fault("Expected an expression, got \(PythonText.quoted(current.described))")
    }

    var isTupleEnd: Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .rparen: true
        default: false
        }
    }

    // MARK: Attributes, items, calls, filters, tests

    private mutating func postfix(_ first: JinjaNode) throws(PythonFault) -> JinjaNode {
        var node = first
        while true {
            let inner = height
            switch current.kind {
            case .dot: node = try attribute(of: node)
            case .lbracket: node = try subscripted(node)
            case .lparen: node = .call(node, try call())
            default: return node
            }
            try grow(over: inner)
            try countNode()
        }
    }

    private mutating func attribute(of node: JinjaNode) throws(PythonFault) -> JinjaNode {
        try advance()
        let token = try advance()
        switch token.kind {
        case .name: return .attribute(node, token.text)
        case .integer: return .item(node, .constant(try PythonInteger.parse(token.text, base: 0).value))
        default: throw fault("expected name or number")
        }
    }

    private mutating func subscripted(_ node: JinjaNode) throws(PythonFault) -> JinjaNode {
        try advance()
        var parts: [JinjaSubscript] = []
        var inner = 0
        while current.kind != .rbracket {
            if !parts.isEmpty { try expect(.comma) }
            parts.append(try subscriptPart())
            inner = max(inner, height)
        }
        try expect(.rbracket)
        settle(at: inner)
        if parts.count == 1 {
            switch parts[0] {
            case .index(let index): return .item(node, index)
            case .slice(let start, let stop, let step): return .slice(node, start, stop, step)
            }
        }
        var items: [JinjaNode] = []
        for part in parts {
            guard case .index(let index) = part else { return .badSubscript(node) }
            items.append(index)
        }
        return .item(node, .tuple(items))
    }

    private mutating func subscriptPart() throws(PythonFault) -> JinjaSubscript {
        var bounds: [JinjaNode?] = []
        if current.kind == .colon {
            bounds.append(nil)
        } else {
            let node = try expression()
            guard current.kind == .colon else { return .index(node) }
            bounds.append(node)
        }
        var inner = height
        while bounds.count < 3, try skip(.colon) {
            let isOpen = current.kind == .rbracket || current.kind == .comma || current.kind == .colon
            bounds.append(isOpen ? nil : try expression())
            inner = max(inner, height)
        }
        settle(at: inner)
        return .slice(bounds[0], bounds.count > 1 ? bounds[1] : nil, bounds.count > 2 ? bounds[2] : nil)
    }

    private enum JinjaSubscript {
        case index(JinjaNode)
        case slice(JinjaNode?, JinjaNode?, JinjaNode?)
    }

    mutating func call() throws(PythonFault) -> JinjaCall {
        try expect(.lparen)
        var call = JinjaCall()
        var isFirst = true
        var inner = 0
        while current.kind != .rparen {
            if !isFirst {
                try expect(.comma)
                if current.kind == .rparen { break }
            }
            isFirst = false
            try argument(of: &call)
            inner = max(inner, height)
        }
        try expect(.rparen)
        settle(at: inner)
        return call
    }

    private mutating func argument(of call: inout JinjaCall) throws(PythonFault) {
        let isBare = call.spread == nil && call.spreadNamed == nil
        if current.kind == .mul {
            try ensure(isBare)
            try advance()
            call.spread = try expression()
        } else if current.kind == .pow {
            try ensure(call.spreadNamed == nil)
            try advance()
            call.spreadNamed = try expression()
        } else if current.kind == .name, try peek().kind == .assign {
            try ensure(call.spreadNamed == nil)
            let name = try advance().text
            try advance()
            if call.named.contains(where: { $0.name == name }) {
                throw PythonFault(.runtimeError, "keyword argument repeated: \(name)")
            }
            call.named.append(JinjaCall.Named(name: name, value: try expression()))
        } else {
            try ensure(isBare && call.named.isEmpty)
            call.positional.append(try expression())
        }
    }

    private func ensure(_ isRight: Bool) throws(PythonFault) {
        if !isRight { throw fault("invalid syntax for function call expression") }
    }

    private mutating func filters(_ first: JinjaNode) throws(PythonFault) -> JinjaNode {
        var node = first
        while true {
            let inner = height
            if current.kind == .pipe {
                try advance()
                node = try filterCall(node)
            } else if isName("is") {
                node = try test(node)
            } else if current.kind == .lparen {
                // A call after a filter or test calls its result.
                node = .call(node, try call())
            } else {
                return node
            }
            try grow(over: inner)
            try countNode()
        }
    }

    /// A filter's name and arguments, behind the bar.
    mutating func filterCall(_ value: JinjaNode?) throws(PythonFault) -> JinjaNode {
        let name = try dottedName()
        settle()
        return .filter(value, name, current.kind == .lparen ? try call() : JinjaCall())
    }

    private mutating func dottedName() throws(PythonFault) -> String {
        var name = try expect(.name).text
        while try skip(.dot) { name += "." + (try expect(.name).text) }
        return name
    }

    private mutating func test(_ value: JinjaNode) throws(PythonFault) -> JinjaNode {
        try advance()
        let isNegated = try skip(name: "not")
        let inner = height
        let name = try dottedName()
        var arguments = JinjaCall()
        if current.kind == .lparen {
            arguments = try call()
        } else if startsTestArgument, !isAnyName(["else", "or", "and"]) {
            if isName("is") { throw fault("You cannot chain multiple tests with is") }
            try enter()
            defer { leave() }
            arguments.positional = [try postfix(try primary())]
        }
        try grow(over: inner)
        let node = JinjaNode.test(value, name, arguments)
        return isNegated ? .not(node) : node
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name, .string, .integer, .float, .lparen, .lbracket, .lbrace: true
        default: false
        }
    }
}
