import PetrelCore

/// Reads an expression by operator precedence, as deep as its limit allows.
struct YAQLParser {
    private let source: String
    private var lexer: YAQLLexer
    private var token: YAQLToken = .end
    private var position = 0
    private var nesting = 0

    /// Deepest nesting of brackets and prefix operators.
    static let maxNesting = 150
    /// Deepest tree: also a long chain of operators or dots is one.
    static let maxDepth = 200

    /// A node with how deep it is.
    private struct Part {
        var node: YAQLNode
        var depth: Int
        /// Brackets stand around it.
        var isGrouped = false
    }

    /// Parses a whole expression.
    static func parse(_ source: String) throws(YAQLFault) -> YAQLNode {
        var parser = YAQLParser(source: source, lexer: try YAQLLexer(source))
        try parser.advance()
        let part = try parser.expression(from: 0)
        guard case .end = parser.token else { throw parser.unexpected() }
        return part.node
    }

    private init(source: String, lexer: YAQLLexer) {
        self.source = source
        self.lexer = lexer
    }

    private mutating func advance() throws(YAQLFault) {
        token = try lexer.next()
        position = lexer.start
    }

    private func unexpected() -> YAQLFault {
        if case .end = token {
            return YAQLFault(.syntax, "YaqlGrammarException", "Parse error: unexpected end of statement")
        }
        return YAQLFault(
            .syntax, "YaqlGrammarException",
            "Parse error: unexpected '\(token.shown)' at position \(position) of expression '\(source)'")
    }

    private mutating func enter() throws(YAQLFault) {
        nesting += 1
        if nesting > Self.maxNesting {
            throw .tooComplex("The expression is nested deeper than \(Self.maxNesting) levels")
        }
    }

    private func part(_ node: YAQLNode, over depth: Int) throws(YAQLFault) -> Part {
        guard depth < Self.maxDepth else {
            throw .tooComplex("The expression has a chain of more than \(Self.maxDepth) operators")
        }
        return Part(node: node, depth: depth + 1)
    }

    // MARK: Operators

    private mutating func expression(from level: Int) throws(YAQLFault) -> Part {
        try enter()
        defer { nesting -= 1 }
        var left = try operand()
        while case .symbol(let symbol) = token, let own = symbol.level, own >= level {
            try advance()
            if symbol == .openList {
                left = try index(left)
            } else if case .function(let name) = token, symbol == .dot || symbol == .optionalDot {
                left = try method(left, name, isOptional: symbol == .optionalDot)
            } else {
                // All but `->` associate left.
                let right = try expression(from: symbol == .send ? own : own + 1)
                left = try binary(symbol, left, right)
            }
        }
        return left
    }

    private func binary(_ symbol: YAQLSymbol, _ left: Part, _ right: Part) throws(YAQLFault) -> Part {
        let pair = { YAQLPair(left.node, right.node) }
        let node: YAQLNode =
            switch symbol {
            case .dot: member(left, right, isOptional: false)
            case .optionalDot: member(left, right, isOptional: true)
            case .and: .and(pair())
            case .or: .or(pair())
            case .send: .send(pair())
            default: .operation(YAQLOperation(symbol, left.node, right.node))
            }
        return try part(node, over: max(left.depth, right.depth))
    }

    private func member(_ left: Part, _ right: Part, isOptional: Bool) -> YAQLNode {
        if !right.isGrouped {
            if case .constant(let word) = right.node, word.kind == .word, let name = word.value.string {
                return .member(YAQLMember(left.node, name, isOptional: isOptional))
            }
        }
        return .badMember(YAQLPair(left.node, right.node, isOptional: isOptional))
    }

    private mutating func method(_ left: Part, _ name: String, isOptional: Bool) throws(YAQLFault) -> Part {
        try advance()
        let (arguments, depth) = try arguments(upTo: .close)
        let call = YAQLCall(name, arguments, isMethod: true)
        return try part(
            .method(YAQLMethod(left.node, call, isOptional: isOptional)), over: max(left.depth, depth))
    }

    private mutating func index(_ value: Part) throws(YAQLFault) -> Part {
        let (arguments, depth) = try arguments(upTo: .closeList)
        return try part(
            .call(YAQLCall("#indexer", [.value(value.node)] + arguments)),
            over: max(value.depth, depth))
    }

    // MARK: Operands

    private mutating func operand() throws(YAQLFault) -> Part {
        switch token {
        case .literal(let value), .constant(let value): return try constant(value, .literal)
        case .word(let text): return try constant(.string(text), .word)
        case .variable(let text):
            try advance()
            return Part(node: .variable(YAQLVariable(text)), depth: 1)
        case .function(let name):
            try advance()
            let (arguments, depth) = try arguments(upTo: .close)
            return try part(.call(YAQLCall(name, arguments)), over: depth)
        case .symbol(let symbol): return try operand(symbol)
        case .end: throw unexpected()
        }
    }

    private mutating func constant(_ value: Value, _ kind: YAQLConstant.Kind) throws(YAQLFault) -> Part {
        try advance()
        return Part(node: .constant(YAQLConstant(value, kind)), depth: 1)
    }

    private mutating func operand(_ symbol: YAQLSymbol) throws(YAQLFault) -> Part {
        if let level = symbol.prefixLevel {
            try advance()
            let operand = try expression(from: level + 1)
            return try part(.operation(YAQLOperation(symbol, operand.node, nil)), over: operand.depth)
        }
        switch symbol {
        case .open: return try group()
        case .openList:
            try advance()
            let (arguments, depth) = try arguments(upTo: .closeList)
            return try part(Self.list(arguments), over: depth)
        case .openMap:
            try advance()
            let (arguments, depth) = try arguments(upTo: .closeMap)
            return try part(Self.map(arguments), over: depth)
        default: throw unexpected()
        }
    }

    private mutating func group() throws(YAQLFault) -> Part {
        try advance()
        var part = try expression(from: 0)
        try expect(.close)
        if case .constant(let constant) = part.node { part.node = .constant(YAQLConstant(constant.value, .grouped)) }
        part.isGrouped = true
        return part
    }

    private mutating func expect(_ symbol: YAQLSymbol) throws(YAQLFault) {
        guard case .symbol(symbol) = token else { throw unexpected() }
        try advance()
    }

    private static func list(_ arguments: [YAQLArgument]) -> YAQLNode {
        var nodes: [YAQLNode] = []
        for argument in arguments {
            guard case .value(let node) = argument else {
                return .call(YAQLCall("#list", arguments))
            }
            nodes.append(node)
        }
        return .list(YAQLItems(nodes))
    }

    private static func map(_ arguments: [YAQLArgument]) -> YAQLNode {
        var nodes: [YAQLNode] = []
        for argument in arguments {
            guard case .rule(let key, let value) = argument else {
                return .call(YAQLCall("#map", arguments))
            }
            nodes.append(key)
            nodes.append(value)
        }
        return .map(YAQLItems(nodes))
    }

    // MARK: Arguments

    /// What stands up to the closing bracket, which is taken too: values, then `name => value`.
    private mutating func arguments(
        upTo close: YAQLSymbol
    ) throws(YAQLFault) -> (arguments: [YAQLArgument], depth: Int) {
        var arguments: [YAQLArgument] = []
        var depth = 0
        if case .symbol(close) = token {
            try advance()
            return ([], 0)
        }
        var isNamed = false
        var isFirst = true
        while true {
            let commas = try skipCommas(isFirst: isFirst, isNamed: isNamed, into: &arguments)
            let value = try expression(from: 0)
            depth = max(depth, value.depth)
            if case .symbol(.arrow) = token, isNamed || commas < (isFirst ? 1 : 3) {
                isNamed = true
                try advance()
                let target = try expression(from: 0)
                depth = max(depth, target.depth)
                arguments.append(.rule(value.node, target.node))
            } else {
                if isNamed { throw unexpected() }
                arguments.append(.value(value.node))
            }
            isFirst = false
            if case .symbol(close) = token { break }
            guard case .symbol(.comma) = token else { throw unexpected() }
        }
        try advance()
        return (arguments, depth)
    }

    /// Takes the commas before a value, of which all but a first one after a value leave an argument out.
    private mutating func skipCommas(
        isFirst: Bool, isNamed: Bool, into arguments: inout [YAQLArgument]
    ) throws(YAQLFault) -> Int {
        var commas = 0
        while case .symbol(.comma) = token {
            if isNamed, commas > 0 { throw unexpected() }
            commas += 1
            if isFirst || commas > 1 { arguments.append(.missing) }
            try advance()
        }
        return commas
    }
}
