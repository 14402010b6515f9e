import PetrelCore

/// Expressions, from the loosest operator to the tightest.
extension JinjaParser {
    mutating func expression(withCondition: Bool = true) throws(PythonFault) -> JinjaNode {
        try enter()
        defer { leave() }
        var node = try operation(atLeast: .or)
        while withCondition, try skip(name: "if") { node = try conditional(node) }
        return node
    }

    private mutating func conditional(_ then: JinjaNode) throws(PythonFault) -> JinjaNode {
        var inner = height
        let test = try operation(atLeast: .or)
        var otherwise: JinjaNode?
        if try skip(name: "else") {
            inner = max(inner, height)
            otherwise = try expression()
        }
        try grow(over: inner)
        return .conditional(test: test, then: then, otherwise: otherwise)
    }

    /// How tightly operators bind.
    private enum Binding: Int {
        case or, and, not, comparison, sum, join, product, power, operand

        /// What the operands of operators of this kind are made of.
        var next: Binding { Binding(rawValue: rawValue + 1) ?? .operand }
    }

    private enum Operator {
        case or, and, join
        case compare(JinjaNode.Comparison)
        case compute(JinjaNode.Arithmetic)
    }

    /// Operators that bind at least so tightly, and their operands: one function for all, so that brackets in brackets
    /// take little of the stack.
    private mutating func operation(atLeast least: Binding) throws(PythonFault) -> JinjaNode {
        var node: JinjaNode
        if least.rawValue <= Binding.not.rawValue, isName("not") {
            node = try negation()
        } else {
            node = try unary()
        }
        while let binding = try currentBinding(), binding.rawValue >= least.rawValue {
            node = try chain(node, binding)
        }
        return node
    }

    private mutating func negation() throws(PythonFault) -> JinjaNode {
        var count = 0
        while try skip(name: "not") { count += 1 }
        var node = try operation(atLeast: .comparison)
        for _ in 0..<min(count, 2 - count % 2) {
            try grow()
            node = .not(node)
        }
        return node
    }

    private mutating func currentBinding() throws(PythonFault) -> Binding? {
        switch current.kind {
        case .name: return try wordBinding()
        case .eq, .ne, .lt, .lteq, .gt, .gteq: return .comparison
        case .add, .sub: return .sum
        case .tilde: return .join
        case .mul, .div, .floordiv, .mod: return .product
        case .pow: return .power
        default: return nil
        }
    }

    private mutating func wordBinding() throws(PythonFault) -> Binding? {
        switch current.text {
        case "or": return .or
        case "and": return .and
        case "in": return .comparison
        case "not":
            let next = try peek()
            return next.kind == .name && next.text == "in" ? .comparison : nil
        default: return nil
        }
    }

    /// All operators of one kind that follow each other make one node, however many they are.
    private mutating func chain(_ first: JinjaNode, _ binding: Binding) throws(PythonFault) -> JinjaNode {
        var inner = height
        var nodes: [JinjaNode] = []
        var steps: [JinjaNode.Step] = []
        var comparands: [JinjaNode.Comparand] = []
        while try currentBinding() == binding {
            let sign = try takeOperator()
            let operand = try operation(atLeast: binding.next)
            inner = max(inner, height)
            switch sign {
            case .or, .and, .join: nodes.append(operand)
            case .compare(let comparison):
                comparands.append(JinjaNode.Comparand(operation: comparison, operand: operand))
            case .compute(let arithmetic): steps.append(JinjaNode.Step(operation: arithmetic, operand: operand))
            }
        }
        try grow(over: inner)
        switch binding {
        case .or: return .or([first] + nodes)
        case .and: return .and([first] + nodes)
        case .join: return .join([first] + nodes)
        case .comparison: return .compare(first, comparands)
        default: return .arithmetic(first, steps)
        }
    }

    private mutating func takeOperator() throws(PythonFault) -> Operator {
        let token = try advance()
        switch token.kind {
        case .add: return .compute(.add)
        case .sub: return .compute(.subtract)
        case .mul: return .compute(.multiply)
        case .div: return .compute(.divide)
        case .floordiv: return .compute(.floorDivide)
        case .mod: return .compute(.modulo)
        case .pow: return .compute(.power)
        case .tilde: return .join
        case .name:
            if token.text == "or" { return .or }
            if token.text == "and" { return .and }
            if token.text == "not" {
                try advance()
                return .compare(.isNotIn)
            }
            return .compare(.isIn)
        default: return .compare(JinjaNode.Comparison(rawValue: token.kind.rawValue) ?? .equal)
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
        case .lparen: return try bracketed()
        case .lbracket: return try list()
        case .lbrace: return try dict()
        default: return try literal()
        }
    }

    private mutating func bracketed() throws(PythonFault) -> JinjaNode {
        try advance()
        let node = try tuple(inBrackets: true)
        try expect(.rparen)
        return node
    }

    private mutating func literal() throws(PythonFault) -> JinjaNode {
        switch current.kind {
        case .name: return named(try advance().text)
        case .string:
            var text = try advance().text
            while current.kind == .string { text += try advance().text }
            return .constant(.string(text))
        case .integer: return .constant(try PythonInteger.parse(try advance().text, base: 0).value)
        case .float: return .constant(.double(PythonFloat.parse(try advance().text) ?? .nan))
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
        throw missingExpression()
    }

    func missingExpression() -> PythonFault {
        fault("Expected an expression, got \(PythonText.quoted(current.described))")
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

    private enum Argument {
        case positional, spread, spreadNamed
        case named(String)
    }

    /// The head is read apart from the value: what is on the stack while values are in values stays small.
    private mutating func argument(of call: inout JinjaCall) throws(PythonFault) {
        let head = try argumentHead(call)
        let value = try expression()
        switch head {
        case .positional: call.positional.append(value)
        case .spread: call.spread = value
        case .spreadNamed: call.spreadNamed = value
        case .named(let name): call.named.append(JinjaCall.Named(name: name, value: value))
        }
    }

    private mutating func argumentHead(_ call: JinjaCall) throws(PythonFault) -> Argument {
        let isBare = call.spread == nil && call.spreadNamed == nil
        if try skip(.mul) {
            try ensure(isBare)
            return .spread
        }
        if try skip(.pow) {
            try ensure(call.spreadNamed == nil)
            return .spreadNamed
        }
        guard current.kind == .name, try peek().kind == .assign else {
            try ensure(isBare && call.named.isEmpty)
            return .positional
        }
        try ensure(call.spreadNamed == nil)
        let name = try advance().text
        try advance()
        if call.named.contains(where: { $0.name == name }) {
            throw PythonFault(.runtimeError, "keyword argument repeated: \(name)")
        }
        return .named(name)
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
        let arguments = try testArguments()
        try grow(over: inner)
        let node = JinjaNode.test(value, name, arguments)
        return isNegated ? .not(node) : node
    }

    private mutating func testArguments() throws(PythonFault) -> JinjaCall {
        if current.kind == .lparen { return try call() }
        guard startsTestArgument, !isAnyName(["else", "or", "and"]) else { return JinjaCall() }
        if isName("is") { throw fault("You cannot chain multiple tests with is") }
        try enter()
        defer { leave() }
        return JinjaCall(positional: [try postfix(try primary())])
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name, .string, .integer, .float, .lparen, .lbracket, .lbrace: true
        default: false
        }
    }
}
