import PetrelCore

/// Finds what a template reads from its context.
struct JinjaReferences {
    private let names: [String]
    private let environment: JinjaEnvironment
    private var found: OrderedSet<[String]> = []
    /// Names that are set, scope by scope.
    private var scopes: [Set<Int>] = [[]]

    static func references(_ program: JinjaProgram) -> [[String]] {
        var references = JinjaReferences(names: program.names, environment: program.environment)
        references.visit(program.statements)
        return Array(references.found)
    }

    private init(names: [String], environment: JinjaEnvironment) {
        self.names = names
        self.environment = environment
    }

    private func isSet(_ name: Int) -> Bool { scopes.contains { $0.contains(name) } }

    private mutating func note(_ name: Int, _ path: [String] = []) {
        guard !isSet(name), !JinjaGlobal.names.contains(names[name]), names[name] != "self" else { return }
        if environment == .orquesta, JinjaStackStormFilters.orquesta[names[name]] != nil { return }
        found.append([names[name]] + path)
    }

    private mutating func set(_ name: Int) { scopes[scopes.count - 1].insert(name) }

    private mutating func set(_ special: String) {
        if let name = names.firstIndex(of: special) { set(name) }
    }

    private mutating func set(_ target: JinjaTarget) {
        switch target {
        case .name(let name): set(name)
        case .attribute(let name, _): note(name)
        case .tuple(let targets): for target in targets { set(target) }
        }
    }

    private mutating func scoped(_ work: (inout JinjaReferences) -> Void) {
        scopes.append([])
        work(&self)
        scopes.removeLast()
    }

    private mutating func visit(_ statements: [JinjaStatement]) {
        for statement in statements { visit(statement) }
    }

    private mutating func visit(_ statement: JinjaStatement) {
        switch statement {
        case .text: break
        case .print(let nodes): visit(nodes)
        case .branches(let branches, let otherwise): visit(branches, otherwise)
        case .loop(let loop): visit(loop)
        case .assign(let assignment):
            visit(assignment.value)
            set(assignment.target)
        case .assignBlock(let target, let filter, let body):
            if let filter { visit(filter) }
            scoped { $0.visit(body) }
            set(target)
        case .macro(let name, let macro):
            set(name)
            visit(macro)
        case .callBlock(let function, let call, let macro):
            visit(.call(function, call))
            visit(macro)
        case .filterBlock(let filter, let body):
            visit(filter)
            scoped { $0.visit(body) }
        case .with(let assignments, let body):
            visit(assignments.map(\.value))
            scoped { scope in
                for assignment in assignments { scope.set(assignment.target) }
                scope.visit(body)
            }
        case .autoescape(let value, let body):
            visit(value)
            scoped { $0.visit(body) }
        case .block(_, let body): scoped { $0.visit(body) }
        case .load(let node): visit(node)
        }
    }

    /// What only some branches set may still come from the context.
    private mutating func visit(_ branches: [JinjaStatement.Branch], _ otherwise: [JinjaStatement]) {
        let before = scopes[scopes.count - 1]
        var common: Set<Int>?
        for branch in branches {
            visit(branch.test)
            scopes[scopes.count - 1] = before
            visit(branch.body)
            common = common.map { $0.intersection(scopes[scopes.count - 1]) } ?? scopes[scopes.count - 1]
        }
        scopes[scopes.count - 1] = before
        visit(otherwise)
        scopes[scopes.count - 1] = scopes[scopes.count - 1].intersection(common ?? []).union(before)
    }

    private mutating func visit(_ loop: JinjaStatement.Loop) {
        visit(loop.source)
        scoped { scope in
            scope.set(loop.target)
            if let test = loop.test { scope.visit(test) }
            scope.set("loop")
            scope.visit(loop.body)
        }
        scoped { $0.visit(loop.otherwise) }
    }

    private mutating func visit(_ macro: JinjaStatement.Macro) {
        scoped { scope in
            for name in macro.parameters { scope.set(name) }
            for special in ["caller", "varargs", "kwargs"] { scope.set(special) }
            scope.visit(macro.defaults)
            scope.visit(macro.body)
        }
    }

    private mutating func visit(_ nodes: [JinjaNode]) {
        for node in nodes { visit(node) }
    }

    private mutating func visit(_ call: JinjaCall) { visit(call.nodes) }

    private mutating func visit(_ node: JinjaNode) {
        switch node {
        case .constant: break
        case .name(let name): if names[name] != " block" { note(name) }
        case .list(let items), .tuple(let items), .join(let items), .and(let items), .or(let items): visit(items)
        case .dict(let pairs):
            for pair in pairs { visit([pair.key, pair.value]) }
        case .attribute, .item: visitPath(node)
        case .slice(let base, let start, let stop, let step):
            visit([base] + [start, stop, step].compactMap(\.self))
        case .badSubscript(let operand), .not(let operand), .negative(let operand), .positive(let operand):
            visit(operand)
        case .call(let function, let call): visitCall(function, call)
        case .filter(let value, _, let call):
            if let value { visit(value) }
            visit(call)
        case .test(let value, _, let call):
            visit(value)
            visit(call)
        case .arithmetic(let first, let steps): visit([first] + steps.map(\.operand))
        case .compare(let first, let comparands): visit([first] + comparands.map(\.operand))
        case .conditional(let test, let then, let otherwise):
            visit([test, then] + [otherwise].compactMap(\.self))
        }
    }

    /// A method's name is no part of the path.
    private mutating func visitCall(_ function: JinjaNode, _ call: JinjaCall) {
        if case .attribute(let base, let name) = function,
            JinjaTextMethod(rawValue: name) != nil || JinjaDictMethod(rawValue: name) != nil
                || JinjaListMethod(rawValue: name) != nil
        {
            visit(base)
        } else {
            visit(function)
        }
        visit(call)
    }

    private mutating func visitPath(_ node: JinjaNode) {
        var path: [String] = []
        var rest = node
        while true {
            switch rest {
            case .attribute(let base, let name):
                path.append(name)
                rest = base
                continue
            case .item(let base, .constant(.string(let name))):
                path.append(name)
                rest = base
                continue
            case .name(let name): note(name, path.reversed())
            case .item(let base, let key):
                // What stands behind a computed item is not literal any more.
                visit(base)
                visit(key)
            default: visit(rest)
            }
            return
        }
    }
}
