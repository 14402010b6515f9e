import PetrelCore

/// Reads an expression by operator precedence, as deep as its limit allows.
struct YAQLParser {
    private let source: String
    private var lexer: YAQLLexer
    private var token: YAQLToken = .end
    private var position = 0
    private var nesting = 0

    /// Deepest nesting of brackets and prefix operators.
    static let maxNesting = 120
    /// Deepest tree: also a long chain of operators or dots is one.
    static let maxDepth = 150

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

    // What calls itself here is kept small: nesting is bounded, and so is the stack.

    private mutating func expression(from level: Int) throws(YAQLFault) -> Part {
        try enter()
        defer { nesting -= 1 }
        var left = try operand()
        while let symbol = operatorSymbol(from: level) { left = try extended(left, symbol) }
        return left
    }

    /// The operator that stands here and binds at least so tightly.
    private func operatorSymbol(from level: Int) -> YAQLSymbol? {
        guard case .symbol(let symbol) = token, let own = symbol.level, own >= level else { return nil }
        return symbol
    }

    private mutating func extended(_ left: Part, _ symbol: YAQLSymbol) throws(YAQLFault) -> Part {
        try advance()
        if symbol == .openList { return try index(left) }
        if standsMethod(symbol) { return try method(left, symbol) }
        return try binary(left, symbol)
    }

    private mutating func binary(_ left: Part, _ symbol: YAQLSymbol) throws(YAQLFault) -> Part {
        // All but `->` associate left.
        let own = symbol.level ?? 0
        let right = try expression(from: symbol == .send ? own : own + 1)
        return try binary(symbol, left, right)
    }

    /// Whether a method is called behind this dot.
    private func standsMethod(_ symbol: YAQLSymbol) -> Bool {
        guard symbol == .dot || symbol == .optionalDot, case .function = token else { return false }
        return true
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

    private mutating func method(_ left: Part, _ symbol: YAQLSymbol) throws(YAQLFault) -> Part {
        let name = functionName
        try advance()
        return try method(left, symbol, name, arguments(upTo: .close))
    }

    private var functionName: String {
        if case .function(let name) = token { name } else { "" }
    }

    private func method(
        _ left: Part, _ symbol: YAQLSymbol, _ name: String, _ arguments: Arguments
    ) throws(YAQLFault) -> Part {
        let call = YAQLCall(name, arguments.list, isMethod: true)
        return try part(
            .method(YAQLMethod(left.node, call, isOptional: symbol == .optionalDot)),
            over: max(left.depth, arguments.depth))
    }

    private mutating func index(_ value: Part) throws(YAQLFault) -> Part {
        let arguments = try arguments(upTo: .closeList)
        return try part(
            .call(YAQLCall("#indexer", [.value(value.node)] + arguments.list)), over: max(value.depth, arguments.depth))
    }

    // MARK: Operands

    private mutating func operand() throws(YAQLFault) -> Part {
        if let symbol = openSymbol { return try operand(symbol) }
        if case .function(let name) = token { return try function(name) }
        return try leaf()
    }

    private var openSymbol: YAQLSymbol? {
        if case .symbol(let symbol) = token { symbol } else { nil }
    }

    private mutating func leaf() throws(YAQLFault) -> Part {
        switch token {
        case .literal(let value), .constant(let value): return try constant(value, .literal)
        case .word(let text): return try constant(.string(text), .word)
        case .variable(let text):
            try advance()
            return Part(node: .variable(YAQLVariable(text)), depth: 1)
        default: throw unexpected()
        }
    }

    private mutating func constant(_ value: Value, _ kind: YAQLConstant.Kind) throws(YAQLFault) -> Part {
        try advance()
        return Part(node: .constant(YAQLConstant(value, kind)), depth: 1)
    }

    private mutating func function(_ name: String) throws(YAQLFault) -> Part {
        try advance()
        let arguments = try arguments(upTo: .close)
        return try part(.call(YAQLCall(name, arguments.list)), over: arguments.depth)
    }

    private mutating func operand(_ symbol: YAQLSymbol) throws(YAQLFault) -> Part {
        switch symbol {
        case .open: return try group()
        case .openList: return try brackets(upTo: .closeList)
        case .openMap: return try brackets(upTo: .closeMap)
        default: return try prefix(symbol)
        }
    }

    private mutating func prefix(_ symbol: YAQLSymbol) throws(YAQLFault) -> Part {
        guard let level = symbol.prefixLevel else { throw unexpected() }
        try advance()
        let operand = try expression(from: level + 1)
        return try part(.operation(YAQLOperation(symbol, operand.node, nil)), over: operand.depth)
    }

    private mutating func brackets(upTo close: YAQLSymbol) throws(YAQLFault) -> Part {
        try advance()
        let arguments = try arguments(upTo: close)
        let node = close == .closeList ? Self.list(arguments.list) : Self.map(arguments.list)
        return try part(node, over: arguments.depth)
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

    private struct Arguments {
        var list: [YAQLArgument] = []
        var depth = 0
        /// Whether a `name => value` was there, behind which no plain value may stand.
        var isNamed = false
    }

    /// What stands up to the closing bracket, which is taken too: values, then `name => value`.
    private mutating func arguments(upTo close: YAQLSymbol) throws(YAQLFault) -> Arguments {
        var arguments = Arguments()
        if !stands(close) {
            try argument(into: &arguments, isFirst: true)
            while !stands(close) { try argument(into: &arguments, isFirst: false) }
        }
        try advance()
        return arguments
    }

    private func stands(_ symbol: YAQLSymbol) -> Bool {
        if case .symbol(symbol) = token { true } else { false }
    }

    /// One argument with the commas before it.
    private mutating func argument(into arguments: inout Arguments, isFirst: Bool) throws(YAQLFault) {
        let mayBeNamed = try skipCommas(isFirst: isFirst, into: &arguments)
        let value = try expression(from: 0)
        if mayBeNamed, stands(.arrow) { try addRule(value, to: &arguments) } else { try add(value, to: &arguments) }
    }

    private mutating func addRule(_ key: Part, to arguments: inout Arguments) throws(YAQLFault) {
        try advance()
        let value = try expression(from: 0)
        arguments.isNamed = true
        arguments.depth = max(arguments.depth, key.depth, value.depth)
        arguments.list.append(.rule(key.node, value.node))
    }

    private func add(_ value: Part, to arguments: inout Arguments) throws(YAQLFault) {
        if arguments.isNamed || stands(.arrow) { throw unexpected() }
        arguments.depth = max(arguments.depth, value.depth)
        arguments.list.append(.value(value.node))
    }

    /// Takes the commas before a value, of which all but a first one after a value leave an argument out.
    /// - Returns: whether a name may follow.
    private mutating func skipCommas(isFirst: Bool, into arguments: inout Arguments) throws(YAQLFault) -> Bool {
        if !isFirst, !stands(.comma) { throw unexpected() }
        var commas = 0
        while stands(.comma) {
            if arguments.isNamed, commas > 0 { throw unexpected() }
            commas += 1
            if isFirst || commas > 1 { arguments.list.append(.missing) }
            try advance()
        }
        return commas < (isFirst ? 1 : 3)
    }
}
