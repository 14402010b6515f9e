/// What a look over the whole template tells before compiling: names that it sets, blocks, whether it changes data.
struct JinjaScan {
    private let names: [String]
    var assigned: Set<Int> = []
    private(set) var mentioned: Set<Int> = []
    private(set) var blocks: [(String, [JinjaStatement])] = []
    private(set) var hasLoop = false
    private(set) var hasMacro = false
    private(set) var mutates = false

    /// Methods that change a list or a mapping.
    static let mutators: Set<String> = [
        "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault", "popitem",
    ]

    init(names: [String]) { self.names = names }

    /// Whether a body mentions a name.
    static func mentions(_ name: Int, in body: [JinjaStatement], names: [String]) -> Bool {
        var scan = JinjaScan(names: names)
        scan.visit(body)
        return scan.mentioned.contains(name)
    }

    mutating func visit(_ statements: [JinjaStatement]) {
        for statement in statements { visit(statement) }
    }

    private mutating func visit(_ statement: JinjaStatement) {
        switch statement {
        case .text: break
        case .print(let nodes): visit(nodes)
        case .branches(let branches, let otherwise):
            for branch in branches {
                visit(branch.test)
                visit(branch.body)
            }
            visit(otherwise)
        case .loop(let loop):
            hasLoop = true
            assign(loop.target)
            visit(loop.source)
            if let test = loop.test { visit(test) }
            visit(loop.body)
            visit(loop.otherwise)
        case .assign(let assignment): visit([assignment])
        case .assignBlock(let target, let filter, let body):
            assign(target)
            if let filter { visit(filter) }
            visit(body)
        case .macro(let name, let macro):
            assigned.insert(name)
            visit(macro)
        case .callBlock(let function, let call, let macro):
            visit(.call(function, call))
            visit(macro)
        case .filterBlock(let filter, let body):
            visit(filter)
            visit(body)
        case .with(let assignments, let body):
            visit(assignments)
            visit(body)
        case .autoescape(let value, let body):
            visit(value)
            visit(body)
        case .block(let name, let body):
            blocks.append((name, body))
            visit(body)
        case .load(let node): visit(node)
        }
    }

    private mutating func visit(_ assignments: [JinjaStatement.Assignment]) {
        for assignment in assignments {
            assign(assignment.target)
            visit(assignment.value)
        }
    }

    private mutating func visit(_ macro: JinjaStatement.Macro) {
        hasMacro = true
        assigned.formUnion(macro.parameters)
        visit(macro.defaults)
        visit(macro.body)
    }

    private mutating func assign(_ target: JinjaTarget) {
        switch target {
        case .name(let name): assigned.insert(name)
        case .attribute: break
        case .tuple(let targets): for target in targets { assign(target) }
        }
    }

    private mutating func visit(_ nodes: [JinjaNode]) {
        for node in nodes { visit(node) }
    }

    private mutating func visit(_ node: JinjaNode) {
        switch node {
        case .constant: break
        case .name(let name): mentioned.insert(name)
        case .list(let items), .tuple(let items), .join(let items), .and(let items), .or(let items): visit(items)
        case .dict(let pairs): visit(pairs.map(\.key) + pairs.map(\.value))
        case .attribute(let base, let name):
            if Self.mutators.contains(name) { mutates = true }
            visit(base)
        case .item(let base, let key): visit([base, key])
        case .slice(let base, let start, let stop, let step):
            visit([base] + [start, stop, step].compactMap(\.self))
        case .badSubscript(let operand), .not(let operand), .negative(let operand), .positive(let operand):
            visit(operand)
        case .call(let function, let call): visit([function] + call.nodes)
        case .filter(let value, _, let call): visit([value].compactMap(\.self) + call.nodes)
        case .test(let value, let name, let call):
            if name == "sameas" { mutates = true }
            visit([value] + call.nodes)
        case .arithmetic(let first, let steps): visit([first] + steps.map(\.operand))
        case .compare(let first, let comparands): visit([first] + comparands.map(\.operand))
        case .conditional(let test, let then, let otherwise):
            visit([test, then] + [otherwise].compactMap(\.self))
        }
    }
}
